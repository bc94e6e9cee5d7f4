"""Handlers as Lambda would load them, what they are called with, and what they answer."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .stack import REGION, ROOT

Event = dict[str, Any]


class Context:
    """As much of Lambda's context as powertools looks at."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: dict[str, str]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Answer:
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return cls(answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None, headers)


def load(path: str) -> ModuleType:
    """The file as a module of its own, the way Lambda and the container run it."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
