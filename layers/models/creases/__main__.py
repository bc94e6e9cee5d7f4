"""Measure anew how faces crease: how much darker or brighter skin gets as people smile and raise their brows.

python -m creases --footage FOLDER --out FILE.png

Run it in layers/models, with the engine installed. FOLDER holds clips of one face each; README.md says which it were.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.person.creases import BROWS, PLAIN, SMILE, STEP, places
from vivify.arrays import Float
from vivify.depth.raster import Rasteriser, filled, signed_area2
from vivify.faces import Landmarker
from vivify.faces.pose import angles, head_fit, mean_face
from vivify.faces.topology import (
    EYES,
    LEFT_BROW,
    LOWER_INNER_LIP,
    MESH,
    MOUTH_CORNERS,
    NOSTRILS,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    UPPER_INNER_LIP,
    triangles,
)
from vivify.motion.bite import NOSE
from vivify.video import read_frames

SIDE = 192  # pixels of the picture
EVERY, LONGEST = 3, 300  # of a clip's frames; frames
SMALLEST = 45.0  # pixels between the eyes
TURNED = 15.0  # degrees from how the head is mostly held
BLINK = 0.6  # of the usual opening: frames with less are left out
LIKELY = (0.05, 0.02, 0.05, 0.02, 3.0, 3.0, 3.0)  # what smile, brows, lips, lids, yaw, pitch and roll differ by, about
HOLD, LEAST = 3.0, 15  # how sceptical the fit is; frames
SMILES, RAISES = 0.10, 0.035  # eye distances that who is measured must go
FOUND = 1.25  # what the median of others is multiplied by for a person left out (median): creases lie in different places
FOREHEAD = "id_DPE_02"  # whose forehead has lines: in a median of many, each with lines elsewhere, none is left
STRANGE = 0.5  # of their depth is left of his lines: on 41 other people that is nearest to what was filmed
DARKEST, LIGHTEST = -0.25, 0.06


def seen(clip: Path) -> Iterator[tuple[Float, NDArray[np.float64]]]:
    """The skin on the mean face, (SIDE, SIDE) log luma, and what the face does, (7,), of some frames of a clip."""
    corners, place = triangles(), places(SIDE)
    raster = Rasteriser(corners, signed_area2(place[corners]).astype(np.float32), base=0, size=(SIDE, SIDE))
    unit = np.linalg.norm(np.subtract(*(mean_face()[[eye.outer, eye.inner]].mean(axis=0) for eye in EYES)))
    flat = np.concatenate([place, mean_face()[:, 2:]], axis=1).astype(np.float32)
    landmarker = Landmarker()
    for number, frame in enumerate(read_frames(clip, max_side=720)):
        points = landmarker.track(frame)
        if number > LONGEST:
            return
        if points is None or number % EVERY:
            continue
        fit = head_fit(points)
        if fit.scale * unit < SMALLEST:
            continue
        shape = fit.inverse().apply(points[:MESH].astype(np.float64)) / unit
        shape -= shape[list(NOSE)].mean(axis=0)
        right, left = shape[list(MOUTH_CORNERS)]
        pose = angles(fit.rotation)
        doing = (
            (left[0] - right[0]) / 2 - (left[1] + right[1]) / 2,
            -shape[[*RIGHT_BROW, *LEFT_BROW], 1].mean(),
            (shape[list(LOWER_INNER_LIP), 1] - shape[list(UPPER_INNER_LIP), 1]).max(),
            np.mean([(shape[list(eye.lower[0]), 1] - shape[list(eye.upper[0]), 1]).max() for eye in EYES]),
            *(pose.yaw, pose.pitch, pose.roll),
        )
        soft = cv2.GaussianBlur(frame, (0, 0), max(0.5, 0.012 * fit.scale * float(unit)))
        at = raster.draw(flat, points[:MESH, :2].astype(np.float32))
        grey = cv2.remap(cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY), at, np.empty(0), cv2.INTER_LINEAR)
        yield np.log(np.maximum(grey.astype(np.float32), 4)), np.array(doing)


def creased(clip: Path, face: NDArray[np.bool_]) -> tuple[Float | None, Float | None]:
    """What a smile and raised brows, of the sizes SMILE and BROWS, change of the skin of one person; None if unseen."""
    frames = list(seen(clip))
    if len(frames) < LEAST:
        return None, None
    skin, doing = np.stack([skin for skin, _ in frames]), np.stack([doing for _, doing in frames])
    kept = (doing[:, 3] > BLINK * np.median(doing[:, 3])) & (
        np.abs(doing[:, 4:] - np.median(doing[:, 4:], axis=0)).max(axis=1) < TURNED
    )
    if kept.sum() < LEAST:
        return None, None
    skin, doing = skin[kept], doing[kept]
    skin = skin - np.median(skin[:, face], axis=1)[:, None, None]
    went = np.percentile(doing, 97, axis=0) - np.percentile(doing, 10, axis=0)
    each = (doing - doing.mean(axis=0)) / LIKELY
    change = (skin - skin.mean(axis=0)).reshape(len(skin), -1)
    slopes = np.linalg.solve(each.T @ each + HOLD * np.eye(len(LIKELY)), each.T @ change)
    smile, brows = (slopes[kind].reshape(SIDE, SIDE) / LIKELY[kind] * size for kind, size in ((0, SMILE), (1, BROWS)))
    return smile if went[0] > SMILES else None, brows if went[1] > RAISES else None


def even(picture: Float) -> Float:
    """Left and right alike."""
    return np.asarray((picture + picture[..., ::-1]) / 2, np.float32)


def kept(face: NDArray[np.bool_]) -> tuple[Float, Float]:
    """(SIDE, SIDE) each: where a smile's creases are kept, and where those of a forehead."""
    place = places(SIDE)

    def within(points: tuple[int, ...], grown: int, soft: float) -> Float:
        mask = cv2.dilate(filled(place[list(points)], (SIDE, SIDE)), np.ones((2 * grown + 1, 2 * grown + 1), np.uint8))
        return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), soft) / 255, np.float32)

    down = np.arange(SIDE, dtype=np.float32)[:, None]
    inside = cv2.GaussianBlur(cv2.erode(face.astype(np.uint8), np.ones((25, 25))).astype(np.float32), (0, 0), 5)
    inside = inside * np.clip((SIDE - 1 - down) / 28, 0, 1)
    smile = inside * (1 - within(OUTER_LIPS, 0, 1.5)) * (1 - within(NOSTRILS, 2, 2.0))
    for eye in EYES:
        smile = smile * (1 - within(eye.opening, 1, 1.5))
    brows = place[[*RIGHT_BROW, *LEFT_BROW], 1].min() - 3
    return smile, np.asarray(inside / (1 + np.exp((down - brows) / 2.5)), np.float32)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m creases", description=__doc__)
    parser.add_argument("--footage", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("../../out/creases.png"))
    chosen = parser.parse_args()
    face = filled(np.asarray(cv2.convexHull(places(SIDE)[list(OVAL)])[:, 0], np.float32), (SIDE, SIDE)) > 127
    smiles, lines = [], None
    for clip in sorted(chosen.footage.glob("*.mp4")):
        smile, brows = creased(clip, face)
        print(
            f"{clip.stem:<45} smile {'yes' if smile is not None else '-':<4} brows {'yes' if brows is not None else '-'}",
            flush=True,
        )
        if smile is not None:
            smiles.append(even(smile))
        if clip.stem == FOREHEAD and brows is not None:
            lines = even(brows)
    if lines is None or not smiles:
        print("There is too little in these clips to measure.", file=sys.stderr)
        return 1
    cheeks, forehead = kept(face)
    smile = np.clip(np.median(smiles, axis=0) * FOUND, DARKEST, LIGHTEST) * cheeks
    brows = np.clip(lines, DARKEST, LIGHTEST) * STRANGE * forehead
    picture = np.dstack([np.zeros_like(smile), brows, smile]) / STEP + PLAIN  # blue, green, red, as OpenCV writes them
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(chosen.out), np.clip(np.round(picture), 0, 255).astype(np.uint8))
    print(f"{chosen.out}: {len(smiles)} people's smiles")
    return 0


if __name__ == "__main__":
    sys.exit(main())
