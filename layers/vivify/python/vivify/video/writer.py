"""Frames to H.264: the clip people watch, and the lossless file that carries frames from one step to the next."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from vivify.errors import VideoError
from vivify.video import process
from vivify.video.declare import declare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Quality = Literal["final", "lossless"]

# Tags AND arithmetic say BT.709: tagging alone would leave swscale's default BT.601 in the pixels and shift every red.
_TO_YUV = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p"
_TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
# Nothing of the machine, the moment or the source in the file.
_CLEAN = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-an", "-sn"]
# veryfast at 16: 4 to 5 ms of CPU per 512 x 512 frame, 44 dB on average over real video and 46 dB in the first frame;
# "faster" costs half as much again for 0.6 dB, "superfast" triples the file. Trellis keeps grain of skin that veryfast alone
# rounds away (Laplacian energy of two large faces 0.94 and 0.96 -> 1.01 and 1.00) in as many bytes, for a tenth to a sixth
# more time. A third, so smooth that it has a fortieth of theirs, comes back with 1.40 of it, in any file with 1.15: that is
# what 8 bits of YUV round by. The rest is noise of blocks predicted in haste: subme=6, a third more time, leaves 1.31; crf
# 12, half as many bytes more, 1.35; no adaptive quantisation 1.32, but of the other two files a fifth more.
_SWIFT = ["-preset", "veryfast", "-crf", "16", "-trellis", "1"]
_FINAL = ["-c:v", "libx264", *_SWIFT, *_TAGS, *_CLEAN, "-movflags", "+faststart"]
_LOSSLESS = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", *_TAGS, *_CLEAN]
_OUTPUT: dict[Quality, list[str]] = {
    "final": [*_FINAL, "-f", "mp4"],
    "lossless": [*_LOSSLESS, "-f", "matroska"],
}
_SWIFTEST = 1000  # frames a second


class ClipWriter:
    """Writes frames to ``path`` as they come; the file appears, whole, only when ``close`` succeeds.

    ``size`` is (width, height) of every frame in pixels, each at least 2; H.264 needs even sizes, so an odd last column
    or row is left out (``encoded_size`` says what the file holds). ``quality`` "final" is MP4, yuv420p, index first;
    "lossless" is Matroska with the very same yuv420p samples, for ``transcode``. As a context manager, an exception
    inside the block ends the encoder and leaves nothing behind. Raises ``VideoError``.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float = 25.0, quality: Quality = "final") -> None:
        width, height = size
        if width < 2 or height < 2 or not 0 < fps <= _SWIFTEST:
            raise VideoError(
                f"A clip needs frames of at least 2 x 2 pixels, and more than 0 and at most {_SWIFTEST} of them a second."
            )
        self.encoded_size = (width - width % 2, height - height % 2)
        self.frames = 0
        self._path, self._size, self._quality = Path(path), (width, height), quality
        if not self._path.parent.is_dir():
            raise VideoError("The folder to write into does not exist. Create it first.")
        self._part = process.part_name(self._path)
        self._open = True
        given = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", "{}x{}".format(*self.encoded_size)]
        given += ["-framerate", rate(fps), "-i", "pipe:0"]
        made = ["-vf", _TO_YUV, *_OUTPUT[quality], f"file:{self._part}"]
        self._ffmpeg = process.FFmpeg(["-loglevel", "error", *given, *made], feed=True)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Adds one frame: (H, W, 3) uint8 RGB of exactly ``size``. Waits while the encoder is busy: memory stays flat."""
        width, height = self._size
        if frame.shape != (height, width, 3) or frame.dtype != "uint8":
            raise VideoError(f"A frame is {frame.shape} {frame.dtype}; this clip takes {height, width, 3} uint8.")
        if not self._open:
            raise VideoError("This clip is closed; no frame can be added.")
        even_width, even_height = self.encoded_size
        frame = frame[:even_height, :even_width]
        if not frame.flags.c_contiguous:
            frame = frame.copy()
        if not self._ffmpeg.send(frame.data.cast("B")):
            self._fail()
        self.frames += 1

    def close(self) -> None:
        """Waits for the encoder and puts the file in place. Harmless twice."""
        if not self._open:
            return
        if self.frames == 0:
            self.abort()
            raise VideoError("A clip needs at least one frame.")
        try:
            if self._ffmpeg.finish() != 0:
                self._fail()
            self._open = False
            self._ffmpeg.close()
            if self._quality == "final":
                declare(self._part)
            process.put_in_place(self._part, self._path)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Ends the encoder and removes what it wrote."""
        self._open = False
        self._ffmpeg.close()
        self._part.unlink(missing_ok=True)

    def _fail(self) -> None:
        self._ffmpeg.finish()
        reason = self._ffmpeg.reason()
        self.abort()
        raise VideoError(f"The clip could not be encoded: {reason}. See that there is room in its folder.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def transcode(src: Path, dst: Path) -> None:
    """The lossless file ``src`` to the final MP4 ``dst``: the same samples, so the same clip as writing it directly.

    Raises ``VideoError``; ``dst`` then does not appear.
    """
    with process.finished(Path(dst)) as part:
        arguments = [*process.source(Path(src)), "-map", "0:v:0", "-pix_fmt", "yuv420p", *_OUTPUT["final"], f"file:{part}"]
        process.run(["-loglevel", "error", *arguments], "The clip could not be encoded")
        declare(part)


def rate(fps: float) -> str:
    """A frame rate as ffmpeg's fraction: 29.97 is 30000/1001, 25.0 is 25/1."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    exact = ntsc if abs(float(ntsc) - fps) < 0.006 and abs(fps - round(fps)) > 0.006 else Fraction(fps)
    exact = exact.limit_denominator(1001)
    return f"{exact.numerator}/{exact.denominator}"
