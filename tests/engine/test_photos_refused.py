"""Bytes that are no photo of ours are refused: the right code, a sentence that helps, never a crash or a hang."""

from __future__ import annotations

import io
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vivify.errors import AnimatedImage, PhotoCorrupt, PhotoTooLarge, PhotoUnreadable, UnsupportedFormat
from vivify.photos import Photo, decode
from vivify.photos.sniff import READABLE, sniff

_FORMATS = ("jpeg", "png", "webp", "tiff", "avif", "heif")


def _sample(kind: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    buffer = io.BytesIO()
    if kind == "heif":
        import pillow_heif

        pillow_heif.from_pillow(image).save(buffer)
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(buffer, kind, exif=exif, **options)
    return buffer.getvalue()


def _animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), (shade, 20, 60)) for shade in (0, 80, 160)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


def _png_header(width: int, height: int) -> bytes:
    """A whole PNG that claims a size and holds a few compressed bytes: a bomb, without lighting it."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1 << 16))), (b"IEND", b"")):
        out += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return out


def test_empty_file() -> None:
    """No bytes at all: photo_corrupt, and the sentence says the file is empty."""
    with pytest.raises(PhotoCorrupt, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Dear Vivify, this is no photo.\n", "text"),
        ("été à la plage\n".encode(), "text"),
        (b"<?xml version='1.0'?><svg/>", "a drawing"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"BM" + bytes(60), "a BMP"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(40), "a video"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom" + bytes(40), "a camera raw file"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(40), "a camera raw file"),
        (b"P6 2 2 255\n" + bytes(12), "not a photo format"),
        (bytes(64), "not a photo format"),
        (b"\xff", "not a photo format"),
        ("é".encode() * 600, "text"),  # the window that is looked at ends within a letter
        (b" " + "é".encode() * 600, "text"),
        (b"Letter" + b"\xff\xfe\xfd\xfc" * 2, "not a photo format"),  # bytes that are in no text
        (b"Letter\x01\x02" * 9, "not a photo format"),  # and characters that are in none
        (b"RIFF\x00\x00\x01\x00AVI LIST", "a video"),
        (b"RIFF\x00\x00\x01\x00WAVEfmt ", "not a photo format"),
    ],
)
def test_other_files_are_named(data: bytes, said: str) -> None:
    """Files that are no photo are unsupported_format; the sentence says what they are and which formats work."""
    with pytest.raises(UnsupportedFormat) as caught:
        decode(data)
    assert said in caught.value.message
    assert READABLE in caught.value.message


def test_formats_pillow_could_read_but_we_do_not() -> None:
    """GIF, BMP, PPM, PCX and icons are refused though Pillow knows them: fewer decoders, fewer ways in."""
    for kind in ("gif", "bmp", "ppm", "pcx", "ico", "icns", "tga"):
        buffer = io.BytesIO()
        Image.new("RGB", (32, 32)).save(buffer, kind)
        with pytest.raises(UnsupportedFormat):
            decode(buffer.getvalue())


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "avif"])
def test_animations_are_refused(kind: str) -> None:
    """A moving picture is animated_image, and the sentence says to save one frame."""
    with pytest.raises(AnimatedImage, match="single frame"):
        decode(_animation(kind))


def test_a_gif_moves_whatever_tables_its_pictures_bring() -> None:
    """Pictures with colour tables of their own are counted as well as those without: two are an animation, one is a GIF."""
    one, two = (Image.radial_gradient("L").resize((32, 32)).quantize(n) for n in (16, 200))
    for more, refusal in (([two], AnimatedImage), ([], UnsupportedFormat)):
        buffer = io.BytesIO()
        one.save(buffer, "gif", save_all=True, append_images=more, include_color_table=True)
        with pytest.raises(refusal):
            decode(buffer.getvalue())


def test_a_gif_cut_short_is_a_gif() -> None:
    """Wherever a GIF ends, between two blocks or within one, it is refused as what it is."""
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((32, 32)).save(buffer, "gif", comment=b"a note")
    data = buffer.getvalue()
    for length in range(6, len(data)):
        with pytest.raises(UnsupportedFormat, match="GIF"):
            sniff(data[:length])


@pytest.mark.parametrize(("brand", "named"), [(b"avis", "This AVIF holds"), (b"hevc", "This HEIF holds")])
def test_a_sequence_is_named(brand: bytes, named: str) -> None:
    """A file whose first bytes announce moving pictures is told by its own format's name."""
    with pytest.raises(AnimatedImage, match=named):
        sniff((16).to_bytes(4, "big") + b"ftyp" + brand + bytes(40))


def test_a_heic_is_known_by_any_of_its_brands() -> None:
    """A file whose own brand nobody knows is a HEIC if the last of its compatible brands says so; what lies behind the list
    of brands is none of them.
    """
    named = (24).to_bytes(4, "big") + b"ftyp" + b"OWNB" + bytes(4) + b"none"
    assert sniff(named + b"heic" + bytes(40)) == "heif"
    with pytest.raises(UnsupportedFormat):
        sniff(named + b"none" + b"heic" + bytes(40))


def test_20000_by_20000_bomb_costs_nothing() -> None:
    """A PNG of 400 megapixels is refused from its header: no time, no memory, and the sentence says both sizes."""
    data = _png_header(20000, 20000)
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(PhotoTooLarge) as caught:
        decode(data)
    elapsed, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.message.startswith("The photo is 20000 x 20000 (400 megapixels); the limit is 50. ")
    assert elapsed < 0.5
    assert peak < 5_000_000


def test_webp_bomb_costs_nothing() -> None:
    """A WebP whose header claims 16383 x 16383 is photo_too_large before its decoder is even made."""
    canvas = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + (16382).to_bytes(3, "little") * 2
    body = b"WEBP" + canvas + _sample("webp")[12:]
    started = time.process_time()
    with pytest.raises(PhotoTooLarge, match="far more than 50 megapixels"):
        decode(b"RIFF" + len(body).to_bytes(4, "little") + body)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("kind", _FORMATS)
def test_pixel_limit_is_checked_in_every_format(kind: str) -> None:
    """Each format's header is checked against max_pixels: one pixel over is refused, exactly at the limit is read."""
    data = _sample(kind)
    with pytest.raises(PhotoTooLarge) as caught:
        decode(data, max_pixels=40 * 30 - 1)
    assert caught.value.details["max_pixels"] == 1199
    assert isinstance(decode(data, max_pixels=40 * 30), Photo)


@pytest.mark.parametrize("kind", _FORMATS)
@pytest.mark.parametrize("kept", [0.15, 0.5, 0.9])
def test_truncated_files(kind: str, kept: float) -> None:
    """A file cut short is photo_corrupt in every format, and the sentence says what to do."""
    data = _sample(kind, size=(400, 300))
    with pytest.raises(PhotoCorrupt, match="save it again"):
        decode(data[: int(len(data) * kept)])


def test_digital_negatives_are_named() -> None:
    """A DNG is a TIFF inside, whose first picture is a thumbnail: it is refused as camera raw, not shown small."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "tiff", tiffinfo={50706: b"\x01\x04\x00\x00"})
    with pytest.raises(UnsupportedFormat, match="camera raw"):
        decode(buffer.getvalue())


def test_logs_hold_no_metadata(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, decoding a photo that carries a name and a place logs neither."""
    caplog.set_level("DEBUG")
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Secret Artist"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    for kind in ("jpeg", "tiff", "webp", "png"):
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48)).save(buffer, kind, exif=exif)
        caplog.clear()
        decode(buffer.getvalue())
        assert caplog.text == ""


def test_one_pixel() -> None:
    """A 1 x 1 picture is a readable photo (whether it has a face is not asked here)."""
    assert decode(_sample("png", size=(1, 1))).pixels.shape == (1, 1, 3)


_SEEDS = [_sample(kind) for kind in _FORMATS] + [_animation(kind) for kind in ("gif", "png", "webp", "avif")]


@settings(max_examples=400, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_files_give_a_photo_or_a_refusal(data: st.DataObject) -> None:
    """Real files with bytes changed, cut or repeated give Photo or PhotoUnreadable, nothing else, in time."""
    blob = bytearray(data.draw(st.sampled_from(_SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(blob) - 1))
        action = data.draw(st.sampled_from(["set", "cut", "repeat", "insert"]))
        if action == "set":
            blob[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del blob[at : at + data.draw(st.integers(1, 40))]
        elif action == "repeat":
            blob[at:at] = blob[at : at + 64]
        else:
            blob[at:at] = data.draw(st.binary(min_size=1, max_size=16))
        if not blob:
            break
    try:
        photo = decode(bytes(blob))
    except PhotoUnreadable as error:
        assert error.message.endswith(".")
    else:
        assert photo.pixels.ndim == 3


@settings(max_examples=200, deadline=2000)
@given(start=st.sampled_from([seed[:16] for seed in _SEEDS]), rest=st.binary(max_size=300))
def test_noise_behind_a_real_beginning(start: bytes, rest: bytes) -> None:
    """A true first 16 bytes followed by noise gives PhotoUnreadable or Photo."""
    try:
        assert isinstance(decode(start + rest), Photo)
    except PhotoUnreadable as error:
        assert error.code in {"photo_corrupt", "unsupported_format", "photo_too_large", "animated_image"}


def test_every_gallery_photo(gallery: Path) -> None:
    """Each of the gallery's files, weird ones included, gives Photo or PhotoUnreadable in under two seconds of a core."""
    files = sorted((gallery / "photos").glob("*/*"))
    assert files
    for file in files:
        data = file.read_bytes()
        started = time.process_time()
        try:
            assert decode(data).pixels.size > 0
        except PhotoUnreadable as error:
            assert file.parent.name == "weird", (file.name, error.code)
        assert time.process_time() - started < 2, file.name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Pillow__images_hopper.gif", "unsupported_format"),
        ("Pillow__images_chi.gif", "animated_image"),
        ("Pillow__images_iss634.apng", "animated_image"),
        ("Pillow__images_iss634.webp", "animated_image"),
        ("Pillow__avif_star.avifs", "animated_image"),
        ("Pillow__images_truncated_jpeg.jpg", "photo_corrupt"),
        ("Pillow__images_truncated_image.png", "photo_corrupt"),
        ("Pillow__images_pil184.pcx", "unsupported_format"),
        ("Pillow__images_oom-8ed3316a4109213ca96fb8a256a0bfefdece1461.icns", "unsupported_format"),
        ("Pillow__images_hopper_16bit_plain.pgm", "unsupported_format"),
        ("pillow_heif__heif_special_200MP.heic", "photo_too_large"),
        ("pillow_heif__heif_corrupted_corrupted.heic", "photo_corrupt"),
    ],
)
def test_weird_gallery_files_have_their_code(gallery: Path, name: str, code: str) -> None:
    """Known odd files of the gallery get exactly the code that fits them."""
    with pytest.raises(PhotoUnreadable) as caught:
        decode((gallery / "photos" / "weird" / name).read_bytes())
    assert caught.value.code == code
