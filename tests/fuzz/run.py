"""Runs one target in a process of its own and tells what it took."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from dataclasses import asdict, dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS, Target
from vivify.errors import VivifyError

LONGEST = 2.0  # seconds a case may take
MOST_MEMORY = 1000  # MB that the process may ever hold


@dataclass(frozen=True)
class Outcome:
    """``refused``: cases that met an error of ours. ``faults``: what broke the promise, each with the case as evidence.
    ``memory``: MB that the process ever held, whatever for.
    """

    target: str
    cases: int
    refused: int
    slowest: float
    memory: int
    seconds: float
    faults: list[str]


def fuzz(target: Target, cases: int, start: int) -> Outcome:
    """``cases`` examples, drawn from the seed ``start``. Goes on after a fault: ten of them are shown."""
    counts = {"cases": 0, "refused": 0}
    slowest, faults, began = 0.0, [], time.perf_counter()

    @seed(start)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.cases)
    def one(case: Any) -> None:
        nonlocal slowest
        counts["cases"] += 1
        took = _seconds(target, case, counts, faults)
        if took > LONGEST:  # the first of all loads what it needs, and the machine may be busy: a hang hangs again
            took = _seconds(target, case, {"refused": 0}, faults)
        slowest = max(slowest, took)
        if took > LONGEST:
            faults.append(f"{took:.1f} s: {case!r}"[:2000])

    one()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    return Outcome(
        target.name, **counts, slowest=slowest, memory=memory, seconds=time.perf_counter() - began, faults=faults[:10]
    )


def _seconds(target: Target, case: Any, counts: dict[str, int], faults: list[str]) -> float:
    """How long the answer took; a refusal is counted, anything that is neither is a fault."""
    began = time.perf_counter()
    try:
        target.take(case)
    except VivifyError:
        counts["refused"] += 1
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        faults.append(f"{type(error).__name__}: {error}: {case!r}"[:2000])
    return time.perf_counter() - began


def run(cases: int, start: int = 0) -> list[Outcome]:
    """All targets, ``cases`` in total; each in a fresh process, so that a crash of one is told and its memory is its own."""
    context = multiprocessing.get_context("spawn")
    outcomes = []
    for number, target in enumerate(TARGETS):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(number, max(1, cases * target.share // 100), start, sender))
        process.start()
        sender.close()
        try:
            outcomes.append(Outcome(**json.loads(receiver.recv())))
        except EOFError:  # a crash below Python: a segmentation fault, the memory killer
            process.join()
            outcomes.append(Outcome(target.name, 0, 0, 0.0, 0, 0.0, [f"the process died with {process.exitcode}"]))
        process.join()
    return outcomes


def _child(number: int, cases: int, start: int, sender: Any) -> None:
    outcome = asdict(fuzz(TARGETS[number], cases, start))
    if outcome["memory"] > MOST_MEMORY:  # the process held nothing else
        outcome["faults"].append(f"{outcome['memory']} MB of memory")
    sender.send(json.dumps(outcome))
    sender.close()
