"""``python -m tests.bench.mouth_pairs OUT``: our mouth beside a real one, for somebody to choose between blindly.

Twelve portraits of closed mouths of the gallery, each in a grin, talking and wide open, moved by a clip of a real person.
One side of a picture has the engine's mouth, the other that person's own inner-mouth pixels laid onto the same lips, in the
photo's colours. Which is which is drawn by lot and written apart, to OUT/key.json: judge first (OUT/verdicts.json, name to
"left", "right" or "even"), then run it again with ``--tally``. A real person's pixels are for this comparison alone and are
never shipped.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import unittest.mock
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from tests.bench.__main__ import GALLERY
from tests.bench.stage import Recording, record
from vivify import engine
from vivify.animate import Performer
from vivify.animate.mouth.tones import LUMA, Tones, read_tones
from vivify.animate.patch import Patch
from vivify.arrays import Float, Pixels
from vivify.depth.raster import Rasteriser
from vivify.faces.topology import INNER_LIPS, MESH, MOUTH_TRIANGLES, triangles
from vivify.faces.track import Landmarker
from vivify.motion import Driver, FaceTrack, follow
from vivify.photos import decode
from vivify.video import probe, read_frames

PORTRAITS = (
    "hallo__reference_images_1",
    "hallo__reference_images_2",
    "hallo__reference_images_6",
    "LivePortrait__source_s0",
    "LivePortrait__source_s2",
    "LivePortrait__source_s6",
    "LivePortrait__source_s9",
    "face-detection__examples_obama",
    "hallo3__images_0008",
    "echomimic_v3__imgs_01",
    "JoyVASA__imgs_joyvasa_004",
    "mtcnn__images_ivan",
)
MOMENTS = {  # clips of the gallery, and the frames at which their mouths are seen well
    "grin": (("d0", 30), ("d13", 213), ("d0", 45)),
    "talk": (("d13", 107), ("d10", 116), ("d13", 320)),
    "wide": (("d18", 130), ("d12", 124), ("d10", 100)),
}
_SIDE = 512
_BEYOND = 0.05
_TEETH = 1.05  # of the skin's luma, at most


def main() -> int:
    """Writes the pairs, or tallies the verdicts on them; 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.mouth_pairs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tally", action="store_true", help="count OUT/verdicts.json by OUT/key.json")
    options = parser.parse_args()
    if options.tally:
        _tally(options.out)
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    lot, key = random.Random(options.seed), {}  # noqa: S311 - a lot, not a secret
    for kind, moments in MOMENTS.items():
        for number, name in enumerate(PORTRAITS):
            (path,) = (p for p in (GALLERY / "photos").glob("*/*") if p.stem == name)
            ours, real = _both(path, *moments[number % len(moments)])
            left = lot.choice(("ours", "real"))
            key[f"{kind}_{number:02}"] = left
            pair = np.hstack([ours, real] if left == "ours" else [real, ours])
            cv2.imwrite(str(options.out / f"{kind}_{number:02}.png"), cv2.cvtColor(pair, cv2.COLOR_RGB2BGR))
    (options.out / "key.json").write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")
    return 0


def _tally(out: Path) -> None:
    key, verdicts = (json.loads((out / name).read_text(encoding="utf-8")) for name in ("key.json", "verdicts.json"))
    for kind in MOMENTS:
        counts: Counter[str] = Counter()
        for name, left in key.items():
            if name.startswith(kind):
                other = "real" if left == "ours" else "ours"
                counts[{"left": left, "right": other, "even": "even"}[verdicts[name]]] += 1
        print(f"{kind}: ours {counts['ours']}, even {counts['even']}, real {counts['real']}")


def _both(path: Path, clip: str, index: int) -> tuple[Pixels, Pixels]:
    """The portrait at that moment of the clip, with our mouth and with the clip's."""
    stage = _portrait(path)
    performer = stage.performers[0]
    driver, frame = _driver(clip, index)
    track = performer.track(driver.motion, driver.mouth_width)
    mine = _seen(stage, performer, track, index)
    (patch,) = performer._mouth.patches(performer._vertices(track, index), performer._turn(track, index), track.bite[index])
    transplant = Transplant(frame, performer._mouth._tones).patch(patch, performer._vertices(track, index))
    with unittest.mock.patch.object(performer._mouth, "patches", return_value=[transplant]):
        return mine, _seen(stage, performer, track, index)


@cache
def _portrait(path: Path) -> Recording:
    return record(decode(path.read_bytes()), None, engine.Options(frame="portrait", size=_SIDE, seconds=0.08))


@cache
def _driver(clip: str, index: int) -> tuple[Driver, Pixels]:
    """What a clip does up to a frame, and the frame."""
    video = GALLERY / "driving" / f"{clip}.mp4"
    driver = follow(video, (index + 5) / probe(video).fps)
    return driver, next(frame.copy() for number, frame in enumerate(read_frames(video)) if number == index)


def _seen(stage: Recording, performer: Performer, track: FaceTrack, index: int) -> Pixels:
    """The face over its mouth three times as large."""
    frame = stage.photo.copy()
    performer.draw(frame, track, index)
    lips = performer._vertices(track, index)[list(INNER_LIPS), :2] + [performer.region.x0, performer.region.y0]
    centre, unit = lips.mean(axis=0), performer._head.unit

    def view(half: float, up: float) -> Pixels:
        zoom = _SIDE / 2 / half
        place = np.array([[zoom, 0, _SIDE / 2 - zoom * centre[0]], [0, zoom, _SIDE / 2 - zoom * (centre[1] - up)]])
        return np.asarray(cv2.warpAffine(frame, place, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC), np.uint8)

    return np.vstack([view(1.5 * unit, 0.7 * unit), view(0.5 * unit, 0)[_SIDE // 6 : -_SIDE // 6]])


class Transplant:
    """The inner mouth of one frame of a real person, in the colours of a photo (method of the engine's study)."""

    def __init__(self, frame: Pixels, tones: Tones) -> None:
        landmarks = Landmarker().track(frame)
        if landmarks is None:
            raise ValueError("no face in the driving frame")
        self._points = landmarks[:MESH]
        own = read_tones(frame, landmarks, float(np.linalg.norm(landmarks[33, :2] - landmarks[263, :2])) * 0.7)
        colour = frame.astype(np.float32)
        luma = (colour @ LUMA)[..., None]
        hue = colour / np.maximum(luma, 1)
        # Bright and nearly colourless is tooth, all else is flesh.
        tooth = np.clip((luma / own.skin - 0.5) / 0.25, 0, 1) * np.clip((0.45 - np.ptp(hue, axis=2)[..., None]) / 0.15, 0, 1)
        flesh = tones.tooth * (np.maximum(hue, 0.05) * tones.flesh / own.flesh / tones.tooth) ** np.float32(tones.colour)
        inside = cv2.fillPoly(np.zeros(luma.shape[:2], np.uint8), [np.round(landmarks[list(INNER_LIPS), :2]).astype(int)], 1)
        bright = float(np.percentile(luma[inside > 0], 95)) / own.skin
        gain = tones.skin / own.skin * min(1.0, _TEETH / max(bright, 1e-3))
        self._picture = np.clip(luma * gain * (tooth * tones.tooth + (1 - tooth) * flesh), 0, 255).astype(np.float32)

    def patch(self, place: Patch, vertices: Float) -> Patch:
        """The pixels on the lips of ``vertices`` (>=468, 3), in the window and with the edge of ``place``."""
        mouth = triangles()[:MOUTH_TRIANGLES]
        raster = Rasteriser(mouth, np.ones(len(mouth), np.float32), base=0, size=place.window.size)
        there = vertices[:MESH].copy()
        there[:, :2] -= place.window.corner
        values = np.ascontiguousarray(self._points[:, :2])
        for points in (there, values):  # a little beyond the lips' edge, which is soft
            ring = points[list(INNER_LIPS), :2]
            points[list(INNER_LIPS), :2] += (ring - ring.mean(axis=0)) * _BEYOND
        source = raster.draw(there, values)
        picture = cv2.remap(self._picture, source, np.empty(0, np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return Patch(place.window, np.clip(picture, 0, 255).astype(np.float32), place.alpha)


if __name__ == "__main__":
    sys.exit(main())
