"""Files named on the command line: checked before any work starts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vivify.errors import PhotoTooLarge, UsageError

if TYPE_CHECKING:
    from vivify.photos import Photo

# Far above any photo of 50 megapixels; a film dropped by mistake must not fill the memory.
_MAX_BYTES = 400_000_000


def read_photo(path: Path) -> Photo:
    """The photo in ``path``. ``UsageError`` if there is no such file, ``PhotoRejected`` if it is no photo."""
    from vivify.photos import decode

    with _opened(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise PhotoTooLarge(f"The file has more than {_MAX_BYTES // 10**6} MB. Send a smaller copy of the photo.")
    return decode(data)


def existing(path: Path) -> Path:
    """``path``, if it is a file that can be opened; else ``UsageError``."""
    with _opened(path):
        return path


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        if path.parts[0] in ("http:", "https:"):
            raise UsageError("An address is no file. Fetch what is there, and name the file.") from None
        raise UsageError(f"There is no file {path}. Check the name.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def destination(path: Path, suffix: str, sources: Iterable[Path | None]) -> Path:
    """``path``, if a file ending in ``suffix`` can be put there that takes the place of none of ``sources``."""
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder. Name a file in it.")
        if path.suffix.lower() != suffix:
            raise UsageError(f"The output {path} must end in {suffix}.")
        if not path.parent.is_dir():
            raise UsageError(f"There is no folder {path.parent}. Create it first.")
        if path.exists() and any(source.exists() and path.samefile(source) for source in sources if source is not None):
            raise UsageError(f"The output {path} is what it would be made of. Name another file.")
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
