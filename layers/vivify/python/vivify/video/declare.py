"""What every finished file says about itself: that it was made from a photo, partly by trained networks.

The one thing written is IPTC's digital source type, as an XMP packet where each format keeps its own: a "uuid" box at the
end of an MP4, an APP1 segment of a JPEG, a chunk of a WebP (Adobe's XMP specification, part 3). Pixels are not touched.
"""

from __future__ import annotations

from pathlib import Path

from vivify.errors import VideoError

# IPTC's term for a picture of which a trained network made a part: lids, here. Stricter terms would say less than the truth.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">\
<Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>\
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>""".encode()

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_JPEG_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_HAS_XMP = 0x04  # in the flags of a WebP's VP8X chunk


def declare(path: Path) -> None:
    """Adds the digital source type to an MP4, JPEG or WebP that we have just written. ``VideoError`` for any other file, and
    where no more can be written.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
        if head[4:8] == b"ftyp":
            with path.open("ab") as file:
                file.write(_box(b"uuid", _XMP_UUID + _PACKET))
        elif head.startswith(b"\xff\xd8\xff"):
            path.write_bytes(_jpeg(path.read_bytes()))
        elif head.startswith(b"RIFF") and head.endswith(b"WEBP"):
            path.write_bytes(_webp(path.read_bytes()))
        else:
            raise VideoError("Only an MP4, a JPEG or a WebP can say how it was made.")
    except OSError as error:
        raise VideoError(f"The file could not be written to its end: {error.strerror}.") from error


def _box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def _jpeg(data: bytes) -> bytes:
    """An APP1 segment, after JFIF's own: that one must come first."""
    at = 2
    if data[2:4] == b"\xff\xe0":
        at += 2 + int.from_bytes(data[4:6], "big")
    body = _JPEG_HEADER + _PACKET
    return data[:at] + b"\xff\xe1" + (2 + len(body)).to_bytes(2, "big") + body + data[at:]


def _webp(data: bytes) -> bytes:
    """A chunk at the end, announced by a flag in VP8X; a file of one bare picture is given its VP8X first."""
    chunks = data[12:]
    if chunks.startswith(b"VP8 "):
        width, height = (int.from_bytes(chunks[at : at + 2], "little") & 0x3FFF for at in (14, 16))
        chunks = _chunk(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")) + chunks
    if not chunks.startswith(b"VP8X"):
        raise VideoError("The preview is not a WebP of the kind we write.")
    chunks = chunks[:8] + bytes([chunks[8] | _HAS_XMP]) + chunks[9:]
    body = b"WEBP" + chunks + _chunk(b"XMP ", _PACKET)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)
