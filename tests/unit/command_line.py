"""The command line as tests run it: in this process, with a stand-in for the engine."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vivify.cli import main

REPORT: dict[str, Any] = {
    "clip": "clip.mp4",
    "frames": 100,
    "fps": 25.0,
    "size": [512, 512],
    "faces": [],
    "seconds": {"faces": 0.1, "depth": 0.1, "motion": 0.1, "animate": 3.0, "encode": 0.5, "total": 3.8},
}


@dataclass
class StandIn:
    """Stands in for ``vivify.engine``: remembers what it was asked, answers or raises as told."""

    raises: BaseException | None = None
    faces: list[Any] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=lambda: REPORT)
    module: types.ModuleType = field(default_factory=lambda: types.ModuleType("vivify.engine"))

    def __post_init__(self) -> None:
        self.module.Options = self._options  # type: ignore[attr-defined]
        self.module.analyse = lambda photo: self.faces  # type: ignore[attr-defined]
        self.module.animate = self._animate  # type: ignore[attr-defined]

    def _options(self, **options: Any) -> dict[str, Any]:
        self.asked = options
        return options

    def _animate(self, photo: Any, faces: Any, out: Path, options: Any, progress: Callable[[int, int], None]) -> Any:
        progress(50, 100)
        if self.raises is not None:
            raise self.raises
        out.write_bytes(b"a clip")
        return types.SimpleNamespace(as_dict=lambda: self.report)


def run(*arguments: object) -> int:
    """The exit code, whether ``main`` returns it or argparse exits with it."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        return int(stopped.code or 0)
