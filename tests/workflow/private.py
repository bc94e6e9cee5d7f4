"""What must be in no line of any log, by its look."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LOOKS = {
    "a signed link": re.compile(
        r"X-Amz-(Signature|Credential|Security-Token|Date)|[?&](Signature|Key-Pair-Id|Policy|Expires)="
    ),
    "a link": re.compile(r"https?://(?!docs\.)"),
    "a photo's key": re.compile(r"photos/|faces/|frames/|clips/\w"),
    "an event": re.compile(r"ObjectCreated|\"Records\"|multipart/form-data"),
    "landmarks, or pixels": re.compile(r"(-?\d+(\.\d+)?\s*,\s*){12}"),
    "base64": re.compile(r"[A-Za-z0-9+=_-]{100,}|data:image"),
    "a secret": re.compile(r"PRIVATE KEY|(?i:password|secret_?access)"),
}


def private_by_look(logs: Mapping[str, str]) -> list[str]:
    """What is private in texts by their names: where it stands, what it is, and how it looks."""
    return [
        f"{name}: {what}: {hit[0]}"
        for name, text in logs.items()
        for what, look in _LOOKS.items()
        if (hit := look.search(text))
    ]
