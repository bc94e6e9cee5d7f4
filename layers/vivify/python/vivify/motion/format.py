"""Files of JSON that people hand us: read with bounds, and refused with a sentence that says how to come by a good one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivify.errors import MotionInvalid


@dataclass(frozen=True)
class Format:
    """One kind of file. ``called``: how a sentence about one begins; ``schema``: what each says that it is; ``largest``:
    bytes it may have; ``remedy``: the sentence with which every refusal ends.
    """

    called: str
    schema: str
    largest: int
    remedy: str

    def read(self, path: Path) -> object:
        """The JSON in ``path``, decoded; a byte order mark before it is no fault. Raises MotionInvalid."""
        try:
            if path.stat().st_size > self.largest:
                raise self.invalid("it is too large")
            return json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError:
            raise MotionInvalid(f"{self.called} cannot be read. Check its path.") from None
        except (ValueError, RecursionError):
            raise self.invalid("it is not JSON") from None

    def checked(self, document: object) -> dict[str, Any]:
        """``document``, if it says that it is one of these. Raises MotionInvalid."""
        if not isinstance(document, dict) or document.get("schema") != self.schema:
            raise self.invalid(f'its schema is not "{self.schema}"')
        return document

    def invalid(self, why: str) -> MotionInvalid:
        """The refusal; ``why``: what of the format is not followed."""
        return MotionInvalid(f"{self.called} does not follow the format: {why}. {self.remedy}")
