"""Pictures of a clip: the poster people see before it plays, the small preview that moves, a sheet of all its frames."""

from __future__ import annotations

import math
from pathlib import Path

from vivify.errors import VideoError
from vivify.video import process
from vivify.video.declare import declare
from vivify.video.probe import probe

_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
_ONE_PICTURE = ["-f", "image2", "-update", "1"]


def write_poster(clip: Path, dst: Path) -> None:
    """A JPEG of the clip's first frame. Raises ``VideoError``."""
    # JPEG's matrix is BT.601 at full range, whatever the clip's own.
    # Through RGB: swscale leaves a matrix as it is between two YUV formats.
    graph = f"scale={_EXACT},format=gbrp,scale=out_color_matrix=bt601:out_range=pc:{_EXACT},format=yuvj420p"
    with process.finished(Path(dst)) as part:
        arguments = [*process.source(Path(clip)), "-map", "0:v:0", "-vf", graph, "-frames:v", "1", "-q:v", "2"]
        arguments += ["-map_metadata", "-1", "-flags:v", "+bitexact", "-c:v", "mjpeg", *_ONE_PICTURE, f"file:{part}"]
        process.run(["-loglevel", "error", *arguments], "The poster could not be made")
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


def contact_sheet(clip: Path, dst: Path, columns: int = 4, rows: int = 3, width: int = 320) -> None:
    """A PNG of ``columns`` x ``rows`` frames spread evenly over the clip, each ``width`` pixels wide, in reading order.

    A clip with fewer frames fills fewer rows. Raises ``VideoError``.
    """
    info = probe(clip)
    if columns < 1 or rows < 1 or width < 2:
        raise VideoError("A contact sheet needs at least one column, one row and 2 pixels of width.")
    count = min(columns * rows, info.frames)
    step = info.frames / count
    # Frame n is taken when it is the first of its share of the clip.
    chosen = f"eq(n,0)+gt(floor(n/{step:.6f}),floor((n-1)/{step:.6f}))"
    tiles = f"tile={columns}x{math.ceil(count / columns)}:padding=2:nb_frames={count}"
    graph = f"select='{chosen}',scale={width}:-2:flags=area,{tiles}"
    with process.finished(Path(dst)) as part:
        arguments = [*process.source(Path(clip)), "-map", "0:v:0", "-vf", graph, "-fps_mode", "passthrough"]
        arguments += ["-frames:v", "1", "-map_metadata", "-1", "-c:v", "png", *_ONE_PICTURE]
        process.run(["-loglevel", "error", *arguments, f"file:{part}"], "The contact sheet could not be made")
