"""Bytes in, upright sRGB pixels out: every way a photo can arrive, and a clear answer when it cannot be read.

    decode(data) -> Photo        JPEG, PNG, WebP, TIFF, HEIC/HEIF, AVIF; anything else raises ``PhotoUnreadable``

The format is told from the bytes (never a file name), the pixel count is checked before anything is decoded, and nothing
but pixels comes out: EXIF, GPS, XMP, thumbnails and colour profiles end here.
"""

from vivify.photos.decode import Photo, decode

__all__ = ["Photo", "decode"]
