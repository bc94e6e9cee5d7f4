"""One ffmpeg process: how it is started, watched and ended, and what it is never allowed to do."""

from __future__ import annotations

import contextlib
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

import imageio_ffmpeg  # type: ignore[import-untyped, unused-ignore]

from vivify.errors import VideoError

# A video from outside may be a playlist in disguise: ffmpeg may open that one file, in these containers, and nothing else.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf,gif"
_SPEAKER = re.compile(r"^\[[^\]]* @ 0x[0-9a-f]+\] ")


def source(path: Path) -> list[str]:
    """Ffmpeg's input arguments for an untrusted file."""
    return ["-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-i", f"file:{path}"]


class FFmpeg:
    """A running ffmpeg. Its messages go to an unnamed file: nothing to drain, so no pipe can fill and deadlock."""

    def __init__(self, arguments: Sequence[str], *, feed: bool = False, read: bool = False) -> None:
        # Closed in close(): the file must live as long as the process.
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", *arguments]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE if read else subprocess.DEVNULL,
                stderr=self._messages,
                bufsize=0,
                start_new_session=True,  # Ctrl-C reaches us alone; we then end it and remove what it wrote
            )
        except OSError as error:
            self._messages.close()
            raise VideoError("ffmpeg could not be started. Reinstall imageio-ffmpeg.") from error

    def send(self, data: memoryview) -> bool:
        """Writes all of ``data``, waiting while ffmpeg is busy; False when ffmpeg has gone."""
        assert self._process.stdin is not None
        try:
            while data:
                data = data[self._process.stdin.write(data) :]
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def receive(self, count: int) -> bytearray:
        """The next ``count`` bytes of output, fewer only at its end."""
        assert self._process.stdout is not None
        buffer = bytearray(count)
        view, filled = memoryview(buffer), 0
        while filled < count:
            got = self._process.stdout.readinto(view[filled:])  # type: ignore[attr-defined]
            if not got:
                break
            filled += got
        view.release()
        del buffer[filled:]
        return buffer

    def finish(self) -> int:
        """Ends the input, waits, and returns the exit status."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        return self._process.wait()

    def messages(self) -> str:
        """All that ffmpeg said."""
        self._messages.seek(0)
        return self._messages.read().decode("utf-8", "replace")

    def reason(self) -> str:
        """Ffmpeg's last line, without the part of ffmpeg that says so, and without file names, which may be private."""
        lines = [line.strip() for line in self.messages().splitlines() if line.strip()]
        last = _SPEAKER.sub("", lines[-1]) if lines else "no reason given"
        return " ".join("(file)" if "/" in word or word.startswith("file:") else word for word in last.split())

    def close(self) -> None:
        """Kills the process if it still runs; frees pipes and messages. Harmless twice."""
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()
        self._messages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run(arguments: Sequence[str], failure: str) -> str:
    """Runs ffmpeg to its end; returns its messages. ``VideoError`` beginning with ``failure`` if it fails."""
    with FFmpeg(arguments) as ffmpeg:
        if ffmpeg.finish() != 0:
            raise VideoError(f"{failure}: {ffmpeg.reason()}")
        return ffmpeg.messages()


@contextlib.contextmanager
def finished(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; moved into place at the end, removed on any failure. Raises ``VideoError``."""
    if not path.parent.is_dir():
        raise VideoError("The folder to write into does not exist. Create it first.")
    part = part_name(path)
    try:
        yield part
        put_in_place(part, path)
    except OSError as error:
        raise VideoError(
            f"The file could not be written to its end: {_why(error)}. Make room there, or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Renames ``part`` to ``path`` in one step: readers see the old file or the new one, never half."""
    try:
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise VideoError(f"The file could not be put in place: {_why(error)}. Choose another folder.") from error


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def part_name(path: Path) -> Path:
    """A hidden, unique name in ``path``'s own folder, so that moving it into place is atomic."""
    stem = path.stem[:40]  # what is added must not make a name too long for the file system
    return path.with_name(f".{stem}.{secrets.token_hex(4)}.part{path.suffix}")
