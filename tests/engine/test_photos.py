"""Photos of every kind become upright 8-bit sRGB pixels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from vivify.photos import Photo, decode

# Four flat corners, unlike under every rotation and mirror: where each colour lands tells the orientation.
_CORNERS = {"red": (220, 30, 40), "green": (40, 200, 60), "blue": (30, 60, 210), "gray": (128, 128, 128)}


def _picture(width: int = 96, height: int = 64) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    half_h, half_w = height // 2, width // 2
    pixels[:half_h, :half_w], pixels[:half_h, half_w:] = _CORNERS["red"], _CORNERS["green"]
    pixels[half_h:, :half_w], pixels[half_h:, half_w:] = _CORNERS["blue"], _CORNERS["gray"]
    return Image.fromarray(pixels)


def _bytes(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _heif_bytes(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, **options)
    return buffer.getvalue()


def _corner(photo: Photo, row: int, column: int) -> list[int]:
    height, width = photo.pixels.shape[:2]
    return [int(v) for v in photo.pixels[height // 4 + row * height // 2, width // 4 + column * width // 2]]


def _close(seen: list[int], wanted: tuple[int, int, int], within: int = 10) -> bool:
    return all(abs(a - b) <= within for a, b in zip(seen, wanted, strict=True))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("jpeg", {"quality": 95, "subsampling": 0}),
        ("png", {}),
        ("webp", {"lossless": True}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("avif", {"quality": 95}),
    ],
)
def test_each_format_gives_the_same_picture(kind: str, options: dict[str, Any]) -> None:
    """Every format Pillow writes for us decodes to the picture that was saved, and says what it was."""
    photo = decode(_bytes(_picture(), kind, **options))
    assert (photo.format, photo.width, photo.height) == (kind, 96, 64)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    assert np.abs(photo.pixels.astype(int) - np.asarray(_picture()).astype(int)).mean() < 3


def test_heic_gives_the_same_picture() -> None:
    """HEIC, what phones write, decodes to the picture that was saved."""
    photo = decode(_heif_bytes(_picture()))
    assert photo.format == "heif"
    assert np.abs(photo.pixels.astype(int) - np.asarray(_picture()).astype(int)).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    """A photo stored turned or mirrored comes out upright: all eight orientations."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = _picture() if undo is None else _picture().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decode(_bytes(stored, kind, exif=exif, quality=95))
    assert (photo.width, photo.height) == (96, 64)
    for at, name in {(0, 0): "red", (0, 1): "green", (1, 0): "blue", (1, 1): "gray"}.items():
        assert _close(_corner(photo, *at), _CORNERS[name]), (at, name)


@pytest.mark.parametrize("turned", [False, True], ids=["as stored", "turned by its box"])
def test_an_orientation_in_an_avifs_xmp_does_not_count(*, turned: bool) -> None:
    """Of an AVIF its own rotation boxes are what counts, whatever its XMP says besides."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    exif = Image.Exif()
    exif[0x0112] = 6
    stored, box = (_picture().transpose(Image.Transpose.ROTATE_90), {"exif": exif}) if turned else (_picture(), {})
    photo = decode(_bytes(stored, "avif", xmp=xmp, quality=95, **box))
    assert (photo.width, photo.height) == (96, 64)
    assert _close(_corner(photo, 0, 0), _CORNERS["red"])


def test_heic_is_turned_once() -> None:
    """A HEIC that carries both its rotation box and the same EXIF orientation is turned once, not twice."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = _picture().transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    pillow_heif.encode("RGB", stored.size, stored.tobytes(), buffer, quality=95, exif=exif.tobytes())
    assert b"irot" in buffer.getvalue()
    photo = decode(buffer.getvalue())
    assert (photo.width, photo.height) == (96, 64)
    assert _close(_corner(photo, 0, 0), _CORNERS["red"])


def _png16(values: np.ndarray[Any, np.dtype[np.uint16]], colour_type: int) -> bytes:
    """A 16-bit PNG written by hand: Pillow writes none in colour."""
    import zlib

    height, width = values.shape[:2]
    rows = b"".join(b"\x00" + values[y].astype(">u2").tobytes() for y in range(height))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, colour_type, 0, 0, 0])
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        crc = zlib.crc32(name + body)
        out += len(body).to_bytes(4, "big") + name + body + crc.to_bytes(4, "big")
    return out


def test_16_bit_gray_keeps_its_tones() -> None:
    """A 16-bit gray ramp becomes the 8-bit ramp, not clipped white."""
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(4, 0)
    pixels = decode(_png16(ramp, 0)).pixels
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_16_bit_colour_keeps_its_tones() -> None:
    """16-bit RGB and RGBA keep their colours within one 8-bit level."""
    colour = (np.array([[10, 128, 250, 255]]) * 257).astype(np.uint16)
    plain = np.broadcast_to(colour[:, :3], (4, 4, 3)).copy()
    clear = np.broadcast_to(colour, (4, 4, 4)).copy()
    for values, kind in ((plain, 2), (clear, 6)):
        assert _close([int(v) for v in decode(_png16(values, kind)).pixels[2, 2]], (10, 128, 250), within=1)


def test_a_dark_16_bit_photo_stays_dark() -> None:
    """16-bit gray that uses the lowest 256 tones alone is nearly black, not blown up to all that 8 bits have."""
    dark = np.linspace(0, 255, 64).astype(np.uint16)[None, :].repeat(8, 0)
    for data in (_png16(dark, 0), _bytes(Image.fromarray(dark), "tiff")):
        assert decode(data).pixels.max() <= 1


@pytest.mark.parametrize(("most", "shown"), [(255, 255), (65535, 255), (300, 1)])
def test_32_bit_gray_holds_8_or_16_bit_tones(most: int, shown: int) -> None:
    """Gray of 32 bits says nothing of its white: up to 255 it holds 8-bit tones, and 16-bit ones beyond."""
    ramp = np.linspace(0, most, 64).astype(np.int32)[None, :].repeat(8, 0)
    pixels = decode(_bytes(Image.fromarray(ramp), "tiff")).pixels
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (0, shown)


def test_a_float_photo_shows_nothing_where_it_holds_nothing() -> None:
    """In a float TIFF what is no number is black, and what is infinite is white."""
    values = np.full((8, 8), 0.5, np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    pixels = decode(_bytes(Image.fromarray(values), "tiff")).pixels
    assert pixels[0, :4, 0].tolist() == [0, 255, 0, 128]


@pytest.mark.parametrize(("zero_is", "first", "last"), [(0, 255, 0), (1, 0, 255)])
def test_16_bit_tiff_says_what_zero_means(zero_is: int, first: int, last: int) -> None:
    """A 16-bit scan whose zero means white (0) is not shown as a negative, and one whose zero means black (1) neither."""
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None, :].repeat(64, 0)
    data = _bytes(Image.fromarray(ramp), "tiff", tiffinfo={262: zero_is})
    with Image.open(io.BytesIO(data)) as stored:
        assert isinstance(stored, TiffImagePlugin.TiffImageFile)
        assert stored.tag_v2[262] == zero_is
    pixels = decode(data).pixels
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (first, last)


def test_12_bit_white_is_white() -> None:
    """A scan of 12 bits, two samples in three bytes, has its white at 4095 and not at 65535."""
    side = 8
    samples = bytes([0xFF, 0xFF, 0xFF]) * (side * side // 2 - 1) + bytes([0x80, 0x00, 0x00])
    entries = [(256, side), (257, side), (258, 12), (259, 1), (262, 1), (277, 1), (278, side), (279, len(samples))]
    behind = 8 + 2 + 12 * (len(entries) + 1) + 4
    tags = sorted([*entries, (273, behind)])  # where the samples begin
    directory = len(tags).to_bytes(2, "little") + b"".join(
        tag.to_bytes(2, "little") + (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
        for tag, value in tags
    )
    pixels = decode(b"II*\x00" + (8).to_bytes(4, "little") + directory + bytes(4) + samples).pixels
    assert (pixels[0, 0, 0], pixels[-1, -2, 0], pixels[-1, -1, 0]) == (255, 128, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_white(mode: str) -> None:
    """Where a picture is clear, white shows; where it is solid, its own colour."""
    image = Image.new("RGBA", (8, 4), (90, 90, 90, 255))
    image.paste((0, 0, 0, 0), (4, 0, 8, 4))
    pixels = decode(_bytes(image.convert(mode), "png")).pixels
    assert [int(v) for v in pixels[1, 6]] == [255, 255, 255]
    assert _close([int(v) for v in pixels[1, 1]], (90, 90, 90), within=2)


def test_half_transparency_mixes_with_white() -> None:
    """A half clear black is the middle gray over white."""
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert _close([int(v) for v in decode(_bytes(image, "png")).pixels[0, 0]], (127, 127, 127), within=1)


@pytest.mark.parametrize(("kind", "mode"), [("png", "1"), ("png", "L"), ("png", "P"), ("jpeg", "L"), ("tiff", "L")])
def test_gray_and_palette_become_rgb(kind: str, mode: str) -> None:
    """Pictures with one channel or a palette come out with three channels and their own tones."""
    image = Image.new("L", (16, 16), 255).convert(mode)
    pixels = decode(_bytes(image, kind)).pixels
    assert pixels.shape == (16, 16, 3)
    assert pixels.min() >= 254


def test_cmyk_becomes_rgb() -> None:
    """A CMYK JPEG of pure magenta ink comes out magenta, not its negative."""
    red, green, blue = (int(v) for v in decode(_bytes(Image.new("CMYK", (16, 16), (0, 255, 0, 0)), "jpeg")).pixels[8, 8])
    assert red > 200
    assert green < 60
    assert blue > 100


def test_lab_becomes_rgb() -> None:
    """A LAB TIFF of neutral L* = 54 comes out as the middle gray it names."""
    lab = Image.new("LAB", (8, 8), (round(53.585 * 2.55), 128, 128))
    seen = [int(v) for v in decode(_bytes(lab, "tiff")).pixels[4, 4]]
    assert max(seen) - min(seen) <= 6
    assert abs(seen[1] - 128) <= 8


def test_colour_profile_is_applied_once() -> None:
    """Pixels in a profile with swapped primaries come out in sRGB; sRGB-tagged pixels stay bit-identical."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = decode(_bytes(_picture(), "png", icc_profile=srgb)).pixels
    assert (tagged == np.asarray(_picture())).all()
    # The same profile with its red and blue primaries exchanged: an honest file in an odd colour space.
    swapped = srgb.replace(b"rXYZ", b"\0tmp", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"\0tmp", b"bXYZ", 1)
    swapped = swapped.replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"sRGB built", b"test built")
    assert swapped != srgb
    pixels = decode(_bytes(_picture(), "png", icc_profile=swapped)).pixels
    assert _close([int(v) for v in pixels[5, 5]], (40, 30, 220), within=6)


def test_broken_profile_is_ignored() -> None:
    """A photo with a damaged colour profile is still read, with its numbers taken as sRGB."""
    pixels = decode(_bytes(_picture(), "png", icc_profile=b"not a profile at all" * 9)).pixels
    assert (pixels == np.asarray(_picture())).all()


def test_metadata_does_not_survive() -> None:
    """A photo holds pixels and the name of its format; no attribute can carry GPS, a name or a comment."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x013B] = "Secret Artist"
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Secret Artist")
    photo = decode(_bytes(_picture(), "png", exif=exif, pnginfo=text))
    assert Photo.__slots__ == ("pixels", "format")
    assert not hasattr(photo, "__dict__")
    assert type(photo.pixels) is np.ndarray


def test_first_page_of_a_tiff() -> None:
    """Of a TIFF with pages, the first is the photo: pages are not an animation."""
    pages = _bytes(_picture(), "tiff", save_all=True, append_images=[Image.new("RGB", (5, 5))])
    assert decode(pages).width == 96


def test_first_picture_of_an_mpo() -> None:
    """An MPO (two lenses, or a phone's depth picture) counts as its first picture."""
    data = _bytes(_picture(), "mpo", save_all=True, append_images=[Image.new("RGB", (32, 32))], quality=95)
    photo = decode(data)
    assert (photo.format, photo.width) == ("jpeg", 96)
