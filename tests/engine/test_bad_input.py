"""``vivify animate`` on photos it must refuse: exit code 3, the exact code, a sentence, and no clip."""

from __future__ import annotations

import inspect
import io
import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from vivify.cli import main


@dataclass(frozen=True)
class Refusal:
    """What came of one ``vivify animate --json``."""

    exit_code: int
    code: str
    message: str
    left_behind: list[str]
    seconds: float


@pytest.fixture
def refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Runs the command on bytes."""
    return Refuse(tmp_path, capsys)


class Refuse:
    """``refuse(data)``: writes the bytes as photo.jpg (whatever they are), animates, tells what came of it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys

    def __call__(self, data: bytes) -> Refusal:
        photo = self._folder / "photo.jpg"
        photo.write_bytes(data)
        started = time.process_time()
        exit_code = main(["animate", str(photo), "-o", str(self._folder / "clip.mp4"), "--json"])
        seconds = time.process_time() - started
        answer = json.loads(self._capsys.readouterr().out)
        left = sorted(p.name for p in self._folder.iterdir() if p != photo)
        return Refusal(exit_code, answer["error"]["code"], answer["error"]["message"], left, seconds)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def _bomb() -> bytes:
    """A PNG of 20000 x 20000 white pixels: under 200 kB of file, 1.2 GB of pixels."""
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(b"\x00" + b"\xff" * 60000) for _ in range(20000)) + row.flush()
    header = (20000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")):
        out += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return out


def _refused(refusal: Refusal, code: str) -> None:
    assert (refusal.exit_code, refusal.code) == (3, code)
    assert refusal.message.endswith(".")
    assert refusal.left_behind == []


def test_empty_file(refuse: Refuse) -> None:
    """A file without a byte is photo_corrupt."""
    _refused(refuse(b""), "photo_corrupt")


def test_text_named_jpg(refuse: Refuse) -> None:
    """A text named .jpg is unsupported_format, and the sentence says it is text."""
    refusal = refuse(b"I am only a letter.\nYours, A.\n")
    _refused(refusal, "unsupported_format")
    assert "text" in refusal.message


def test_truncated_jpeg(refuse: Refuse, astronaut: Path) -> None:
    """A real portrait as JPEG, cut in half on its way, is photo_corrupt."""
    buffer = io.BytesIO()
    with Image.open(astronaut) as image:
        image.convert("RGB").save(buffer, "jpeg", quality=92)
    data = buffer.getvalue()
    _refused(refuse(data[: len(data) // 2]), "photo_corrupt")


def test_one_pixel(refuse: Refuse) -> None:
    """One pixel is a photo, in which no face is found."""
    _refused(refuse(_png(Image.new("RGB", (1, 1), (200, 160, 140)))), "no_face_found")


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (2, 2), (9, 9)])
def test_slivers(refuse: Refuse, size: tuple[int, int]) -> None:
    """Pictures with hardly any pixels, or a single row of them, are no_face_found, not a crash."""
    _refused(refuse(_png(Image.new("RGB", size, (200, 160, 140)))), "no_face_found")


def test_png_bomb(refuse: Refuse) -> None:
    """A real 20000 x 20000 PNG is photo_too_large in less than a second of a core; the sentence names size and limit."""
    refusal = refuse(_bomb())
    _refused(refusal, "photo_too_large")
    assert "20000 x 20000" in refusal.message
    assert "50" in refusal.message
    assert refusal.seconds < 1


def test_flat_colour(refuse: Refuse) -> None:
    """A picture of nothing is no_face_found."""
    _refused(refuse(_png(Image.new("RGB", (512, 512), (210, 180, 160)))), "no_face_found")


@pytest.mark.parametrize("face", [20, 30, 40])
def test_small_face(refuse: Refuse, astronaut: Path, face: int) -> None:
    """The astronaut shrunk until her face is 20 to 40 pixels high is face_too_small: size found and needed are told."""
    with Image.open(astronaut) as image:
        side = round(512 * face / 110)  # her face is 110 of the photo's 512 pixels
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    scene = Image.new("RGB", (512, 512), (196, 200, 204))
    scene.paste(small, (200, 180))
    refusal = refuse(_png(scene))
    _refused(refusal, "face_too_small")
    told = [int(word) for word in refusal.message.replace(".", " ").split() if word.isdigit()]
    assert abs(told[0] - face) <= 4
    assert told[1] > told[0]


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        ("nonface/scikit-image__data_chelsea.png", {"no_face_found", "not_a_human_face"}),
        ("nonface/image__progressive_cat.jpg", {"no_face_found", "not_a_human_face"}),
        ("nonface/LivePortrait__source_s41.jpg", {"no_face_found", "not_a_human_face"}),
        ("nonface/opencv4nodejs__data_dishes.jpg", {"no_face_found"}),
        ("nonface/scikit-image__data_coins.png", {"no_face_found"}),
        ("profile/scikit-image__data_camera.png", {"profile_view"}),
    ],
)
def test_real_photos_without_a_face_to_animate(refuse: Refuse, gallery: Path, file: str, codes: set[str]) -> None:
    """Cats, crockery, coins and a profile are refused for what they are."""
    refusal = refuse((gallery / "photos" / file).read_bytes())
    assert refusal.code in codes
    _refused(refusal, refusal.code)


def test_a_bad_photo_leaves_the_last_clip_alone(refuse: Refuse, tmp_path: Path) -> None:
    """A clip made before under the same name survives a refused photo."""
    (tmp_path / "clip.mp4").write_bytes(b"the clip from before")
    assert refuse(b"").left_behind == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"the clip from before"


def test_the_engine_takes_what_the_command_line_gives() -> None:
    """Every option the command line passes on is one that the real engine's Options has."""
    from vivify import engine

    taken = set(inspect.signature(engine.Options).parameters)
    assert {"motions", "driver", "seconds", "fps", "size", "frame", "faces", "strength", "loop"} <= taken
