"""The one door for photos: checks before it decodes, and turns every way a decoder can fail into ``PhotoUnreadable``."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from vivify.errors import PhotoCorrupt, PhotoTooLarge, PhotoUnreadable
from vivify.photos.colour import to_srgb
from vivify.photos.sniff import moving, sniff, unsupported

MAX_PIXELS = 50_000_000

# Pillow logs every EXIF tag it meets (DEBUG), GPS included, and its decoders' complaints (ERROR). No log of ours may hold a
# photo's metadata, and what matters of the complaints is raised.
logging.getLogger("PIL").setLevel(logging.CRITICAL)

# Plugin classes rather than Image.open: only the format that the bytes announce is tried, and our own pixel limit
# (with its own message) stands in place of Pillow's.
_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,  # of an MPO, its first picture
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}
_TAG_BITS, _TAG_PHOTOMETRIC, _TAG_DNG = 258, 262, 50706


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """An upright photo.

    ``pixels``: (H, W, 3) uint8, RGB, sRGB, C-contiguous, row 0 at the top. ``format``: what the bytes were, one of
    "jpeg", "png", "webp", "tiff", "heif", "avif". Nothing else of the file is kept.
    """

    pixels: NDArray[np.uint8]
    format: str

    @property
    def width(self) -> int:
        """Pixels per row."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """The photo in ``data``, whatever its format, orientation, depth or colour space.

    Raises ``PhotoUnreadable``: ``UnsupportedFormat``, ``AnimatedImage``, ``PhotoTooLarge`` (told from the header: nothing
    is decoded) or ``PhotoCorrupt``. No other exception and no warning comes out, whatever the bytes.
    """
    kind = sniff(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn of oddities that end in a Photo or in an error below
        try:
            pixels = _heif(data, max_pixels) if kind == "heif" else _pillow(kind, data, max_pixels)
        except PhotoUnreadable:
            raise
        except Image.DecompressionBombError as error:  # WebP: Pillow's own limit, before we see the size
            limit = f"{max_pixels / 1e6:g}"
            raise PhotoTooLarge(
                f"The photo has far more than {limit} megapixels, the limit. Send a smaller copy.",
                max_pixels=max_pixels,
            ) from error
        except Exception as error:
            # On hostile bytes Pillow raises OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error...
            raise PhotoCorrupt(
                "The photo is damaged or incomplete. Check it opens on your device, save it again as JPEG and send that."
            ) from error
    return Photo(pixels, kind)


def _pillow(kind: str, data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    image = _OPENERS[kind](io.BytesIO(data))
    _check_size(image.size, max_pixels)
    if kind in ("png", "webp", "avif") and getattr(image, "is_animated", False):
        raise moving(kind.upper().replace("WEBP", "WebP"))
    white, inverted = None, False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        white, inverted = _tiff_gray(image)
    if kind == "avif":
        image.info.pop("xmp", None)  # its own rotation boxes count; an orientation in XMP does not
    image.load()
    return _pixels(to_srgb(_upright(image), white=white, inverted=inverted))


def _heif(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    heif = pi_heif.open_heif(io.BytesIO(data))
    primary = heif[heif.primary_index]
    _check_size(primary.size, max_pixels)
    # libheif has already turned the picture by its own boxes; EXIF's orientation must not turn it again.
    return _pixels(to_srgb(primary.to_pillow()))


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PhotoCorrupt("The photo has no pixels. Save it again as JPEG and send that.")
    if width * height > max_pixels:
        raise PhotoTooLarge(
            f"The photo is {width} x {height} ({width * height / 1e6:.0f} megapixels); "
            f"the limit is {max_pixels / 1e6:g}. Send a smaller copy.",
            width=width,
            height=height,
            max_pixels=max_pixels,
        )


def _tiff_gray(image: TiffImagePlugin.TiffImageFile) -> tuple[int | None, bool]:
    """(value of full white, whether zero is white) for deep gray; refuses camera raw, whose first picture is a thumbnail."""
    if _TAG_DNG in image.tag_v2:
        raise unsupported("a camera raw file")
    bits = image.tag_v2.get(_TAG_BITS, (8,))[0]
    white = (1 << bits) - 1 if 8 < bits <= 16 else None
    return white, image.mode.startswith("I;16") and image.tag_v2.get(_TAG_PHOTOMETRIC) == 0


def _upright(image: Image.Image) -> Image.Image:
    with contextlib.suppress(Exception):  # unreadable EXIF: the picture itself is fine, shown as stored
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.array(image, dtype=np.uint8, order="C")
