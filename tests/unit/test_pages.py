"""The pages say what is there: every record is listed by its own title, every link and every file named leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("events", "functions", "infra", "layers", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_decisions_are_listed_by_their_titles() -> None:
    """The index holds each record once, in order, under the title that it has itself."""
    folder = ROOT / "infra/decisions"
    titles = [
        re.sub(r"# (\d+)\. (.*)", rf"\1. [\2]({record.name})", record.read_text(encoding="utf-8").splitlines()[0])
        for record in sorted(folder.glob("0*.md"))
    ]
    index = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in index if line[:1].isdigit()] == titles


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Links lead to files of the repository; a module or page named by its path is one, in its room or from the root."""
    text = page.read_text(encoding="utf-8")
    linked = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    assert [link for link in linked if not (page.parent / link).exists()] == []
    named = set(re.findall(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|md|yaml))`", text))
    files = {f"/{_name(file)}" for folder in FOLDERS for file in (ROOT / folder).rglob("*.*")}
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []


def test_licences_of_all_that_is_installed() -> None:
    """NOTICE says under which licence each package is that a layer, the engine's lock or the container's holds, and of no
    other: whoever builds them hands these on.
    """
    listed = (ROOT / "NOTICE").read_text(encoding="utf-8").split("LGPL-2.1-or-later\n\n")[1].splitlines()
    told = dict(line.split(": ", 1) for line in listed)
    locks = [ROOT / "infra/locks" / f"{name}.txt" for name in ("engine", "container")]
    locks += (ROOT / "layers").glob("*/requirements.txt")
    lines = [line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
    pinned = {found[1] for line in lines if (found := re.match(r"([a-z0-9_.-]+)==", line))}
    assert set(told) == pinned
    assert all(told.values())
