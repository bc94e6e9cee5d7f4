"""EventBridge's default bus: events that match a rule's pattern, and schedules, invoke the rule's functions."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .settings import ACCOUNT, REGION

Event = dict[str, Any]
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Rule:
    """``functions``: names of the Lambda functions that it invokes. One of ``pattern`` and ``seconds`` is set."""

    functions: tuple[str, ...]
    pattern: Mapping[str, Any] | None = None
    seconds: int | None = None

    @staticmethod
    def read(properties: Mapping[str, Any]) -> Rule:
        """A rule of CloudFormation. Raises ValueError for what would silently never happen here."""
        functions = []
        for target in properties["Targets"]:
            if ":lambda:" not in target["Arn"] or target.keys() & {"Input", "InputPath", "InputTransformer"}:
                raise ValueError("a rule's target is not a function that takes the event as it is")
            functions.append(target["Arn"].rsplit(":", 1)[1])
        if "EventPattern" in properties:
            return Rule(tuple(functions), pattern=properties["EventPattern"])
        every = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", properties["ScheduleExpression"])
        if every is None:
            raise ValueError(f"nothing here keeps the schedule {properties['ScheduleExpression']}")
        return Rule(tuple(functions), seconds=int(every[1]) * _SECONDS[every[2]])


class EventBus:
    """All rules of the stack. ``invoke`` queues an event for a function, as EventBridge does."""

    def __init__(self, invoke: Callable[[str, bytes], None]) -> None:
        self._invoke = invoke
        self._rules: list[Rule] = []
        self._closing = threading.Event()
        self._clocks: list[threading.Thread] = []

    def add(self, rule: Rule) -> None:
        """Puts a rule into effect; a schedule's first event comes after its first interval."""
        self._rules.append(rule)
        if rule.seconds is not None:
            clock = threading.Thread(target=self._tick, args=(rule, rule.seconds), daemon=True)
            self._clocks.append(clock)
            clock.start()

    def publish(self, source: str, kind: str, detail: Mapping[str, Any]) -> None:
        """An event of an AWS service: every rule whose pattern it matches sends it on."""
        from moto.events.models import EventPattern

        event = _event(source, kind, detail)
        for rule in self._rules:
            if rule.pattern is not None and EventPattern(None, dict(rule.pattern)).matches_event(event):  # type: ignore[arg-type]
                self._send(rule, event)

    def _tick(self, rule: Rule, seconds: int) -> None:
        while not self._closing.wait(seconds):
            self._send(rule, _event("aws.events", "Scheduled Event", {}))

    def _send(self, rule: Rule, event: Event) -> None:
        for function in rule.functions:
            self._invoke(function, json.dumps(event).encode())

    def close(self) -> None:
        """Stops the clocks."""
        self._closing.set()
        for clock in self._clocks:
            clock.join()


def _event(source: str, kind: str, detail: Mapping[str, Any]) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": dict(detail),
    }
