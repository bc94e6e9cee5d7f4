"""The audit never passes for want of anybody to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra import audit

FINE = {"name": "fine", "version": "1.0", "vulns": []}
HOLED = {"name": "fine", "version": "0.9", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.0"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def audited(monkeypatch: pytest.MonkeyPatch, packages: list[dict[str, Any]], *options: str) -> int:
    """The exit code where the database tells this of our packages."""
    monkeypatch.setattr(audit, "requirements", lambda: [Path("lock.txt")])
    monkeypatch.setattr(audit, "asked", lambda _: packages)
    monkeypatch.setattr(audit.sys, "argv", ["audit.py", *options])
    return audit.main()


def test_all_asked_and_none_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one way to pass."""
    assert audited(monkeypatch, [FINE]) == 0


def test_a_known_hole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One version with a hole fails the audit though another list has the repaired one, and the cure is named."""
    assert audited(monkeypatch, [HOLED, FINE], "--or-say-so") == 1
    assert "fine 0.9: PYSEC-2026-1; fixed in 1.0" in capsys.readouterr().out


def test_a_package_nobody_can_tell_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some answers and one silence: no pass, whatever was asked for."""
    assert audited(monkeypatch, [FINE, UNKNOWN], "--or-say-so") == 1


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No database: an error, or a loud warning where that is asked for; never silence."""
    assert audited(monkeypatch, [UNKNOWN]) == 1
    assert audited(monkeypatch, [UNKNOWN], "--or-say-so") == 0
    assert capsys.readouterr().err.count("NOT AUDITED") == 2


def test_everything_shipped_is_asked_about() -> None:
    """The engine's, the local stack's, every layer's and the container's packages are on the lists."""
    listed = {path.relative_to(audit.ROOT).as_posix() for path in audit.requirements()}
    assert {"infra/locks/dev.txt", "infra/locks/container.txt"} <= listed
    assert {path.relative_to(audit.ROOT).as_posix() for path in audit.ROOT.glob("layers/*/requirements.txt")} <= listed
