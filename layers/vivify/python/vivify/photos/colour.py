"""Any Pillow mode and colour profile to 8-bit sRGB, transparency laid over white."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

# What an ICC profile's colour space must be for the picture's mode to be read through it.
_PROFILE_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY"}
_ALPHA = {"RGBA", "LA", "PA", "La", "RGBa"}


def to_srgb(image: Image.Image, *, white: int | None = None, inverted: bool = False) -> Image.Image:
    """The picture in mode "RGB", 8 bits, sRGB.

    ``white`` is the sample value of full white for 16-bit gray (65535 unless the file says fewer bits); ``inverted``
    says that zero is white. A profile that cannot be used is ignored: slightly wrong colours beat no clip.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _deep_gray(image, white, inverted)
    elif image.mode == "LAB":
        return _transform(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    image = _over_white(image)
    if image.mode not in _PROFILE_SPACES:
        image = image.convert("RGB")
    if isinstance(profile, bytes) and profile:
        image = _through_profile(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_gray(image: Image.Image, white: int | None, inverted: bool) -> Image.Image:
    """16-bit, 32-bit or float gray to 8-bit "L", rounded, not truncated."""
    values = np.asarray(image).astype(np.float32)
    if image.mode == "F":
        # Float TIFFs hold 0..1 by custom, 0..255 by habit.
        values = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
        full = 1.0 if values.max(initial=0.0) <= 1.0 else 255.0
    else:
        full = float(white or 65535)
        if image.mode == "I" and values.max(initial=0.0) <= 255.0:
            full = 255.0
    scaled = np.clip(values * (255.0 / full), 0.0, 255.0)
    if inverted:
        scaled = 255.0 - scaled
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def _over_white(image: Image.Image) -> Image.Image:
    """Without transparency; where the picture is clear, white shows."""
    if image.mode not in _ALPHA and "transparency" not in image.info:
        return image
    gray = image.mode in ("LA", "La", "L")
    layer = image.convert("RGBA")
    plate = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    plate.alpha_composite(layer)
    return plate.convert("L" if gray else "RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _PROFILE_SPACES[image.mode]:
            return image
        if image.mode == "RGB" and "sRGB" in (source.profile.profile_description or ""):
            return image  # already there: keep the photo's own bits
        return _transform(image, source)
    except Exception:  # noqa: BLE001 - a broken profile raises anything from OSError to TypeError
        return image


def _transform(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    result = ImageCms.profileToProfile(
        image, source, target, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
    )
    return image.convert("RGB") if result is None else result
