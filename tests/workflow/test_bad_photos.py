"""Every bad photo through the whole stack: its code, its sentence, a failure notification and a terminal record."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from .journey import Journey


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def bomb(_astronaut: Path) -> bytes:
    """A true PNG of 20000 x 20000 pixels in a few hundred kilobytes."""
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(bytes(60001)) for _ in range(20000)) + row.flush()
    header = (20000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in chunks
    )


def truncated(astronaut: Path) -> bytes:
    """Half of a JPEG."""
    buffer = io.BytesIO()
    with Image.open(astronaut) as image:
        image.convert("RGB").save(buffer, "jpeg")
    return buffer.getvalue()[: buffer.tell() // 2]


def tiny_face(astronaut: Path) -> bytes:
    """The astronaut far away: her face is 20 pixels high."""
    with Image.open(astronaut) as image:
        side = round(512 * 20 / 110)  # her face is 110 of the photo's 512 pixels
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    scene = Image.new("RGB", (512, 512), (196, 200, 204))
    scene.paste(small, (200, 180))
    return _png(scene)


NO_PERSON = frozenset({"no_face_found", "not_a_human_face"})
MADE: dict[str, tuple[Callable[[Path], bytes], frozenset[str]]] = {
    "empty.jpg": (lambda _: b"", frozenset({"photo_corrupt"})),
    "text.jpg": (lambda _: b"I am only a letter.\n", frozenset({"unsupported_format"})),
    "truncated.jpg": (truncated, frozenset({"photo_corrupt"})),
    "one-pixel.png": (lambda _: _png(Image.new("RGB", (1, 1), (200, 160, 140))), frozenset({"no_face_found"})),
    "bomb.png": (bomb, frozenset({"photo_too_large"})),
    "cat.png": (lambda a: a.with_name("chelsea.png").read_bytes(), NO_PERSON),
    "coffee.png": (lambda a: a.with_name("coffee.png").read_bytes(), NO_PERSON),
    "tiny-face.png": (tiny_face, frozenset({"face_too_small"})),
}


def ends_in_failure(journey: Journey, photo: bytes, name: str, folder: Path, codes: frozenset[str]) -> None:
    """The whole contract of a refusal."""
    _, version = journey.drop(photo, name, folder)
    clip_id = journey.clip_of(version)
    ending = journey.ending(clip_id)
    news, record = ending.notification, ending.record
    assert news["event"] == "clip.failed"
    assert news["verdict"]["code"] in codes
    assert news["verdict"]["message"].endswith(".")
    assert len(news["verdict"]["message"].split()) > 5
    assert news["retryable"] is False
    assert (record["state"], record["verdict"]) == ("failed", news["verdict"])
    assert [e["status"] for e in ending.executions] == ["FAILED"]
    view = journey.client.call("GET", f"/v1/clips/{clip_id}")
    assert (view["status"], view["verdict"]) == ("failed", news["verdict"])


@pytest.mark.parametrize("name", MADE)
def test_bad_photo(journey: Journey, astronaut: Path, tmp_path: Path, name: str) -> None:
    """Refused for what it is: one execution that ends red, one notification, a record that is failed for good."""
    make, codes = MADE[name]
    ends_in_failure(journey, make(astronaut), name, tmp_path, codes)


def test_profile(journey: Journey, gallery: Path, tmp_path: Path) -> None:
    """A head seen from the side is profile_view."""
    photo = (gallery / "photos" / "profile" / "scikit-image__data_camera.png").read_bytes()
    ends_in_failure(journey, photo, "profile.png", tmp_path, frozenset({"profile_view"}))
