"""Photos as an attacker sends them: real files of every format we read, cut, spliced, bent; and metadata made of lies."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import pillow_heif
from hypothesis import strategies as st
from PIL import Image, ImageCms

_SIDE = 24
_INTERESTING = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@cache
def seeds() -> tuple[bytes, ...]:
    """Small valid photos: every format, and every mode and option that takes a path of its own through the decoder."""
    red = Image.radial_gradient("L").resize((_SIDE, _SIDE))
    rgb = Image.merge("RGB", (red, red.rotate(90), red.transpose(Image.Transpose.FLIP_TOP_BOTTOM)))
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[274], exif[271] = 6, "maker"
    made = [
        _saved(rgb, "JPEG", quality=80, exif=exif, icc_profile=icc),
        _saved(rgb, "JPEG", quality=80, progressive=True),
        _saved(rgb.convert("CMYK"), "JPEG"),
        _saved(rgb, "PNG", icc_profile=icc),
        _saved(rgb.quantize(16), "PNG", transparency=3),
        _saved(red.convert("I").convert("I;16"), "PNG"),
        _saved(rgb.convert("RGBA"), "PNG"),
        _saved(rgb, "WEBP", quality=60, exif=exif),
        _saved(rgb.convert("RGBA"), "WEBP", lossless=True),
        _saved(rgb, "TIFF", compression="tiff_lzw"),
        _saved(rgb, "TIFF", compression="tiff_adobe_deflate", exif=exif),
        _saved(rgb, "TIFF", compression="jpeg"),
        _saved(rgb.convert("LAB"), "TIFF"),
        _saved(red.convert("F"), "TIFF"),
        _saved(red.convert("1"), "TIFF", compression="group4"),
        _saved(rgb, "AVIF", quality=50),
        _saved(rgb, "GIF"),
        _heic(rgb),
    ]
    return tuple(made)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _heic(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image.resize((64, 64))).save(buffer, quality=50)
    return buffer.getvalue()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid photo with a few bytes changed, a stretch lost, doubled or taken from another one, or its end cut off."""
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(("byte", "number", "lose", "double", "splice", "cut", "noise"))):
            case "byte" if data:
                data[at] = draw(st.integers(0, 255))
            case "number":
                width = draw(st.sampled_from((2, 4)))
                number = draw(st.sampled_from(_INTERESTING)) & (256**width - 1)
                data[at : at + width] = number.to_bytes(width, draw(st.sampled_from(("big", "little"))))
            case "lose":
                del data[at : at + draw(st.integers(1, 64))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "splice":
                other = draw(st.sampled_from(seeds()))
                start = draw(st.integers(0, len(other) - 1))
                data[at:] = other[start:]
            case "cut":
                del data[at:]
            case _:
                data[at:at] = draw(st.binary(max_size=32))
    return bytes(data)


def anything() -> st.SearchStrategy[bytes]:
    """Bytes at random, after the first bytes of a format we read."""
    return st.builds(lambda seed, tail: seed[:16] + tail, st.sampled_from(seeds()), st.binary(max_size=400))


@st.composite
def _exif(draw: st.DrawFn) -> bytes:
    """An Exif block: a TIFF directory whose tags, types, counts and offsets are anybody's guess, now and then a circle."""
    order = draw(st.sampled_from("<>"))
    entries = draw(st.lists(st.tuples(_TAGS, st.integers(0, 14), _COUNTS, _COUNTS), max_size=6))
    directory = struct.pack(order + "H", draw(st.sampled_from((len(entries), 0xFFFF))))
    for tag, kind, count, value in entries:
        directory += struct.pack(order + "HHII", tag, kind, count, value)
    directory += struct.pack(order + "I", draw(st.sampled_from((0, 8, 0xFFFFFFFF))))  # the next directory: this one again
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", draw(st.sampled_from((8, 8, 8, 0, 4000))))
    return b"Exif\0\0" + head + directory + draw(st.binary(max_size=64))


_TAGS = st.one_of(st.sampled_from((274, 34665, 34853, 37500, 40965, 700, 34675)), st.integers(0, 0xFFFF))
_COUNTS = st.one_of(st.integers(0, 16), st.sampled_from(_INTERESTING))


@st.composite
def _profile(draw: st.DrawFn) -> bytes:
    """A colour profile: a true one with bytes changed, or noise."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile(draw(st.sampled_from(("sRGB", "LAB"))))).tobytes())
    for _ in range(draw(st.integers(0, 6))):
        profile[draw(st.integers(0, len(profile) - 1))] = draw(st.integers(0, 255))
    return draw(st.one_of(st.just(bytes(profile)), st.binary(max_size=200)))


def _xmp() -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda n, tail: b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><tiff:Orientation>' + n + tail,
        st.sampled_from((b"6", b"-1", b"99999999999999999999", b"\xff")),
        st.binary(max_size=80),
    )


@st.composite
def with_metadata(draw: st.DrawFn) -> bytes:
    """A sound picture, JPEG, PNG or WebP, that carries Exif, a profile or XMP of the kinds above."""
    exif, profile, xmp = draw(_exif()), draw(_profile()), draw(_xmp())
    match draw(st.sampled_from(("jpeg", "png", "webp"))):
        case "jpeg":
            parts = [(0xE1, exif), (0xE2, b"ICC_PROFILE\0\1\1" + profile), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)]
            head = b"".join(b"\xff" + bytes([mark]) + struct.pack(">H", len(body) + 2) + body for mark, body in parts)
            return b"\xff\xd8" + head + seeds()[1][2:]
        case "png":
            chunks = [
                (b"eXIf", exif[6:]),
                (b"iCCP", b"p\0\0" + zlib.compress(profile)),
                (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
            ]
            body = b"".join(_png_chunk(kind, data) for kind, data in chunks)
            return seeds()[6][:33] + body + seeds()[6][33:]
        case _:
            bare = seeds()[8][12:]
            flags = 0x20 | 0x08 | 0x04 | 0x10
            extent = (_SIDE - 1).to_bytes(3, "little")
            chunks = [(b"VP8X", bytes([flags, 0, 0, 0]) + extent * 2), (b"ICCP", profile)]
            body = b"WEBP" + b"".join(_riff_chunk(*c) for c in chunks) + bare
            body += _riff_chunk(b"EXIF", exif) + _riff_chunk(b"XMP ", xmp)
            return b"RIFF" + struct.pack("<I", len(body)) + body


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
