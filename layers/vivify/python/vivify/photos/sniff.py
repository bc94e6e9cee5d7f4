"""Which format a file is, from its first bytes; a clear refusal for the ones we do not read."""

from __future__ import annotations

from vivify.errors import AnimatedImage, PhotoCorrupt, UnsupportedFormat

READABLE = "JPEG, PNG, WebP, TIFF, HEIC or AVIF"

# ISO base media brands (bytes 8:12 after "ftyp"). A major brand of the second set is a moving sequence.
_AVIF = {b"avif"}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"}
_SEQUENCES = {b"avis", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"}

# Formats people do send, so that the refusal can name what they sent.
_NAMED: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"%PDF", "a PDF"),
    (b"8BPS", "a Photoshop file"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000"),
    (b"icns", "an icon"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x0a\x05\x01", "a PCX"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"PK\x03\x04", "a ZIP archive or document"),
    (b"FUJIFILMCCD-RAW", "a camera raw file"),
    (b"IIRO", "a camera raw file"),
    (b"IIU\x00", "a camera raw file"),
)


def sniff(data: bytes) -> str:
    """The format of ``data``: one of "jpeg", "png", "webp", "tiff", "heif", "avif".

    Raises ``PhotoCorrupt`` when there is nothing to read, ``AnimatedImage`` for sequences that the first bytes reveal,
    ``UnsupportedFormat`` for everything else, naming what works.
    """
    if not data:
        raise PhotoCorrupt("The file is empty. Check the photo opens on your device and send it again.")
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        if data[8:10] == b"CR":
            raise unsupported("a camera raw file")
        return "tiff"
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    if data[:4] == b"GIF8" and _gif_moves(data):
        raise moving("GIF")
    raise unsupported(_name(data))


def unsupported(what: str) -> UnsupportedFormat:
    """The refusal for a format we do not read; ``what`` completes "This is ..."."""
    return UnsupportedFormat(f"This is {what}. Send the photo as {READABLE}.")


def moving(what: str) -> AnimatedImage:
    """The refusal for a picture that already moves."""
    return AnimatedImage(f"This {what} holds an animation, not one photo. Save a single frame as JPEG or PNG and send that.")


def _iso_media(data: bytes) -> str:
    """HEIF, AVIF or something else (MP4, QuickTime) in an ISO base media file."""
    major = data[8:12]
    if major in _SEQUENCES:
        raise moving("AVIF" if major == b"avis" else "HEIF")
    size = min(int.from_bytes(data[:4], "big"), 256, len(data))
    brands = [major] + [data[at : at + 4] for at in range(16, size - 3, 4)]
    if any(brand in _AVIF for brand in brands):
        return "avif"
    if any(brand in _HEIF for brand in brands):
        return "heif"
    raise unsupported("a camera raw file" if major == b"crx " else "a video")


def _name(data: bytes) -> str:
    for magic, name in _NAMED:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "a video"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:5].lower() in (b"<?xml", b"<svg ", b"<svg>"):
        return "a drawing or a page, not a photo"
    if b"\x00" not in head and _is_text(head):
        return "text, not a photo"
    return "not a photo format we know"


def _is_text(head: bytes) -> bool:
    """UTF-8 and without control characters; the last character may be cut in two by the window."""
    whole = head.decode("utf-8", "ignore")
    lost = len(head) - len(whole.encode())
    return bool(whole) and lost <= 3 and all(c.isprintable() or c.isspace() for c in whole)


def _gif_moves(data: bytes) -> bool:
    """Whether a GIF has a second picture: walks its blocks, decoding none."""

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    if len(data) < 13:
        return False
    at, pictures = 13 + table(data[10]), 0
    while at + 1 < len(data):
        if data[at] == 0x2C and at + 9 < len(data):  # image descriptor, its colour table, the code size byte
            pictures += 1
            if pictures > 1:
                return True
            at += 10 + table(data[at + 9]) + 1
        elif data[at] == 0x21:  # extension: label, then sub-blocks
            at += 2
        else:
            return False
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return False
