"""Pictures of a clip: the poster people see before it plays, and the small preview that moves."""

from __future__ import annotations

from pathlib import Path

from vivify.video import process
from vivify.video.declare import declare

_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def write_poster(clip: Path, dst: Path) -> None:
    """A JPEG of the clip's first frame. Raises ``VideoError``."""
    # JPEG's matrix is BT.601 at full range, whatever the clip's own.
    # Through RGB: swscale leaves a matrix as it is between two YUV formats.
    graph = f"scale={_EXACT},format=gbrp,scale=out_color_matrix=bt601:out_range=pc:{_EXACT},format=yuvj420p"
    with process.finished(Path(dst)) as part:
        arguments = [*process.source(Path(clip)), "-map", "0:v:0", "-vf", graph, "-frames:v", "1", "-q:v", "2"]
        arguments += ["-map_metadata", "-1", "-flags:v", "+bitexact", "-c:v", "mjpeg", "-f", "image2", "-update", "1"]
        process.run(["-loglevel", "error", *arguments, f"file:{part}"], "The poster could not be made")
        declare(part)


def write_preview(clip: Path, dst: Path) -> None:
    """The clip's first six seconds as a small WebP that moves by itself, where no player is: in a list, in a mail.

    Long side 320 pixels at most, 10 frames a second, without end. Raises ``VideoError``.
    """
    # The matrix of WebP is BT.601 at limited range; through RGB, as for the poster.
    small = f"fps=10,scale='min(320,iw)':'min(320,ih)':force_original_aspect_ratio=decrease:{_EXACT}"
    graph = f"{small},format=gbrp,scale=out_color_matrix=bt601:out_range=tv:{_EXACT},format=yuv420p"
    with process.finished(Path(dst)) as part:
        arguments = [*process.source(Path(clip)), "-map", "0:v:0", "-t", "6", "-vf", graph, "-map_metadata", "-1"]
        arguments += ["-c:v", "libwebp_anim", "-quality", "60", "-compression_level", "4", "-loop", "0"]
        process.run(["-loglevel", "error", *arguments, "-f", "webp", f"file:{part}"], "The preview could not be made")
        declare(part)
