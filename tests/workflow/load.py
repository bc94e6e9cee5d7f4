"""Load: many uploads through the local stack, twenty at a time, with a job of 50 ms in place of the engine.

    python -m tests.workflow.load [COUNT ...]   a table of one run each (125 250 500), and what a clip costs in each
    python -m tests.workflow.load --one COUNT   one run, as JSON

Everything but the job is real: the API, the form, detection, the state machine, encoding, notification.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .lab import Lab
from .seams import lab

AT_ONCE = 20
PATIENCE = 600.0


def run(home: Path, count: int) -> dict[str, Any]:
    """``count`` clips from the request to the notification; what came of them, how long each took, what was used."""
    with lab(home) as it:
        ends: dict[str, threading.Event] = {}
        over = threading.Event()
        ear = threading.Thread(target=_listen, args=(it, ends, over))
        ear.start()

        def go(_number: int) -> float:
            ticket = it.create()
            heard = ends.setdefault(ticket["clip_id"], threading.Event())
            it.upload(ticket)
            begun = time.monotonic()
            assert heard.wait(PATIENCE), "a clip was never told of"
            return time.monotonic() - begun

        begun = time.monotonic()
        with ThreadPoolExecutor(min(AT_ONCE, max(1, count // 4))) as pool:
            took = sorted(pool.map(go, range(count)))
        seconds = time.monotonic() - begun
        assert it.until(lambda: not any(running for _, running in it.executions()) and it.waiting("WebhookQueue") == 0)
        over.set()
        ear.join()
        return _figures(it, took, seconds)


def _listen(it: Lab, ends: dict[str, threading.Event], over: threading.Event) -> None:
    while not over.wait(0.1):
        it.listen()
        for clip_id in list(it.told):
            ends.setdefault(clip_id, threading.Event()).set()


def _figures(it: Lab, took: list[float], seconds: float) -> dict[str, Any]:
    records = it.client.records()
    executions = [clip_id for clip_id, _ in it.executions()]
    return {
        "clips": len(took),
        "ready": sum(record["state"] == "ready" for record in records.values()),
        "records": len(records),
        "duplicates": len(executions) - len(set(executions)) + sum(len(news) - 1 for news in it.told.values()),
        "p50": round(statistics.median(took), 2),
        "p95": round(took[int(0.95 * (len(took) - 1))], 2),
        "clips_per_second": round(len(took) / seconds, 2),
        "lambda_calls": {name: len(spent) for name, spent in sorted(it.invocations.items())},
        "lambda_seconds": round(sum(map(sum, it.invocations.values())), 1),
        "job_seconds": round(sum(it.jobs_took), 1),
        "requests": dict(sorted(it.calls.items())),
    }


def table(runs: list[dict[str, Any]]) -> str:
    """One column a run: what came of it, then what one clip used."""
    rows = {name: [run[name] for run in runs] for name in ("clips", "ready", "duplicates", "p50", "p95", "clips_per_second")}
    each = {"Lambda calls": lambda run: sum(run["lambda_calls"].values())}
    each |= {"Lambda seconds": lambda run: run["lambda_seconds"], "job seconds": lambda run: run["job_seconds"]}
    for service in ("S3", "DynamoDB", "AWSStepFunctions", "Batch", "SNS"):
        each[f"{service} requests"] = lambda run, service=service: run["requests"].get(service, 0)
    rows |= {f"{name} a clip": [f"{of(run) / run['clips']:.2f}" for run in runs] for name, of in each.items()}
    return "\n".join(f"{name:<32}" + "".join(f"{value!s:>10}" for value in values) for name, values in rows.items())


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(Path(folder), int(arguments[1]))))
        return 0
    runs = []
    for count in arguments or ("125", "250", "500"):  # each in a process of its own, as a process has but one stack
        command = [sys.executable, "-m", "tests.workflow.load", "--one", count]
        runs.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
        print(f"{count} done: {runs[-1]['ready']} ready", file=sys.stderr, flush=True)
    print(table(runs))
    return 0 if all(run["ready"] == run["clips"] and not run["duplicates"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
