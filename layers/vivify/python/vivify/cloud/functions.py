"""Asking a Lambda function to do something later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vivify.cloud.aws import calls, client


def invoke_later(name: str, event: Mapping[str, Any]) -> None:
    """Queues ``event`` for the function, which tries it as often as its own configuration says."""
    with calls("invoke a function"):
        client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())
