"""The clips the library was measured from. None is in the repository; each is published where ``origin`` says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    """A published clip of a face.

    ``cited``: how a template's source names a part of it, the seconds left open. ``fps``: its frames a second.
    ``sha256``: of the file that was measured; another encoding of the same clip gives the same motion, nearly.
    """

    file: str
    origin: str
    cited: str
    licence: str
    fps: int
    sha256: str

    def found(self, folders: Iterable[Path]) -> Path:
        """The clip in the first of ``folders`` that holds it. Raises FileNotFoundError, which says where to get it."""
        for folder in folders:
            if (folder / self.file).is_file():
                return folder / self.file
        raise FileNotFoundError(f"{self.file} is in none of the folders. It is {self.origin}.")

    def is_the_very(self, path: Path) -> bool:
        """Whether the file is the one that was measured, to the last bit."""
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def _live_portrait(name: str, fps: int, sha256: str) -> Clip:
    folder = "source" if name.startswith("s") else "driving"
    where = f"github.com/KwaiVGI/LivePortrait, commit 1986663, assets/examples/{folder}/{name}.mp4"
    return Clip(f"{name}.mp4", where, f"LivePortrait (KwaiVGI), example clip {name}, {{}} s", "MIT", fps, sha256)


D11 = _live_portrait("d11", 25, "94b449a25686eddd42e244fb571c908a123aa0154776682601df1f3830f8f65c")
D12 = _live_portrait("d12", 25, "2895169e5aa2a882d39dfc80a17a3eab1cf6ec23b9b6f6be76bae48deda15219")
D13 = _live_portrait("d13", 30, "d03e39c28323cde1c5fc6c5629aa83fe6c834fa7c9ed2dac969e1247eaafdb60")
D19 = _live_portrait("d19", 30, "3047ba66296d96b8a4584e412e61493d7bc0fa5149c77b130e7feea375e698bd")
S18 = _live_portrait("s18", 30, "47cc9cdc93adf36263c86367ddd2e7374e6a8a45ca2467e3e2ee86c18de4ca9c")
S29 = _live_portrait("s29", 30, "6e474b846e008461d4d8d02783817d071e9181fd4982be0af8f587be6f3a94dd")
LATENT_SYNC = Clip(
    "id_LatentSync_02.mp4",
    "cut from github.com/bytedance/LatentSync, commit a229c39, assets/demo2_video.mp4: its seconds 7.5 to 17.5, a square "
    "around the head, 384 x 384 pixels, 25 frames a second",
    "LatentSync (ByteDance), assets/demo2_video.mp4, its seconds 7.5 on: {} s of those",
    "Apache-2.0",
    25,
    "3ecf2e7138a53a5f9adb7df6f46a23538040fb123f18074709852168bb703cf5",
)
LIVE_PORTRAIT_KJ = Clip(
    "id_ComfyUI-LivePortraitKJ_01.mp4",
    "cut from github.com/kijai/ComfyUI-LivePortraitKJ, commit 4d9dc62, assets/examples/driving/d5.mp4: its seconds 0 to "
    "4.93, 384 x 384 pixels, 25 frames a second",
    "LivePortrait for ComfyUI (kijai), example clip d5, {} s",
    "MIT",
    25,
    "24dfd70b11aab5ce1fdf76af855b454d20b46c4fa5047b257cc84cb3c0993461",
)
