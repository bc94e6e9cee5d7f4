"""The fault matrix: at every stage something goes wrong, and every clip ends once, is told once, and leaves nothing behind.

    python -m tests.workflow.faults           every row, as a table
    python -m tests.workflow.faults --suite   those that the tests run, as JSON

One stack of the real template; every row is a clip of its own, with a fault of its own, at the same time as the others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client import NotServed
from infra.local.settings import Paths
from tests.functional.receiver import HOST, Call, Receiver, listening

from .fault_rows import QUICK, ROWS, SUITE, TWICE, UNDELIVERED, Row
from .lab import Lab
from .private import private_by_look
from .seams import lab

HERE = Path(__file__).parent
QUARTER, HOUR = dt.timedelta(minutes=16), dt.timedelta(minutes=61)


@dataclass(frozen=True)
class Result:
    """What became of a row's clip."""

    row: str
    injected: int
    state: str
    failure: str | None
    executions: int
    told: int
    events: int
    """How many different event ids were told of."""
    left: tuple[str, ...]
    """Objects that belong to nothing any more."""
    webhook: str

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        row = next(row for row in ROWS if row.name == self.row)
        started = self.row not in ("API: crash after the record", "detect: crash, always")
        wanted = {
            "state": row.state,
            "failure": row.failure,
            "executions": int(started),
            "told": 2 if row.name in TWICE else 1,
            "events": 1,
            "left": (),
            "webhook": "put aside" if row.name in UNDELIVERED else "delivered" if row.webhook else "",
        }
        told = [f"{name} is {getattr(self, name)}" for name, value in wanted.items() if getattr(self, name) != value]
        return told if self.injected else ["nothing was injected", *told]


def run(home: Path, rows: Sequence[Row]) -> list[Result]:
    """The rows, in one stack."""
    with listening(home) as receiver, lab(home) as it:
        _answer_by_row(receiver)
        _trust(it, receiver)
        clips = {row.name: _api_row(it, row) for row in rows if row.name.startswith("API")}
        others = [row for row in rows if row.name not in clips]
        with ThreadPoolExecutor(4) as pool:
            sent = pool.map(lambda row: _send(it, row, receiver), others)
            clips |= zip((row.name for row in others), sent, strict=True)
        usual = {clips[row.name] for row in rows if not row.reconciled}
        assert it.until(lambda: _are_over(it, usual)), "not all have ended"
        _reconcile(it, rows, clips)
        _deliver(it, receiver)
        it.until(lambda: False, 1.0)  # whatever comes late, comes now
        return [_result(it, row, clips[row.name], receiver) for row in rows]


def _api_row(it: Lab, row: Row) -> str:
    """One by one, before the others: which clip a request is about is not known before it is answered."""
    before = it.client.records().keys()
    it.faults["*"] = [dataclasses.replace(fault) for fault in row.faults]
    with contextlib.suppress(NotServed):
        it.create()
        raise AssertionError(f"{row.name}: the API answered")
    faults = it.faults.pop("*")
    if row.state == "ready":
        ticket = it.create()  # what a person does with a 503
        clip_id: str = ticket["clip_id"]
        it.upload(ticket)
    else:
        (clip_id,) = it.client.records().keys() - before
    it.faults[clip_id] = faults
    return clip_id


def _send(it: Lab, row: Row, receiver: Receiver) -> str:
    ticket = it.create(_webhook(row, receiver) if row.webhook else None)
    clip_id: str = ticket["clip_id"]
    it.faults[clip_id] = [dataclasses.replace(fault) for fault in row.faults]
    it.jobs[clip_id] = row.job
    if row.event == "lost":
        it.lost_events.add(clip_id)
    it.upload(ticket)
    if row.job == "hang":
        _abort(it, clip_id)
    if row.event == "thrice":
        bucket = it.client.outputs["UploadsBucketName"]
        thing = it.aws("s3").head_object(Bucket=bucket, Key=f"photos/{clip_id}")
        told = {"bucket": {"name": bucket}, "object": {"key": f"photos/{clip_id}", "versionId": thing["VersionId"]}}
        event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Post", "s3": told}]}
        for _ in range(2):
            it.stack.lambdas.invoke_event(it.function("DetectFaceFunction"), json.dumps(event).encode())
    return clip_id


def _webhook(row: Row, receiver: Receiver) -> str:
    host = "private.example" if row.webhook == "private" else HOST
    return f"https://{host}:{receiver.port}/{row.webhook}/{uuid.uuid4().hex}"


def _abort(it: Lab, clip_id: str) -> None:
    """Somebody stops the execution while its job works."""
    assert it.until(lambda: it.client.records()[clip_id]["state"] == "animating")
    (execution,) = it.client.executions(clip_id)
    it.aws("stepfunctions").stop_execution(executionArn=execution["executionArn"])


def _are_over(it: Lab, clips: Collection[str]) -> bool:
    """Their ends are told, and nothing works on them any more."""
    records = it.client.records()
    if not all("notified_at" in records[clip_id] for clip_id in clips):
        return False
    return not any(running and clip_id in clips for clip_id, running in it.executions())


def _reconcile(it: Lab, rows: Sequence[Row], clips: Mapping[str, str]) -> None:
    """The schedule's runs of the next hours, each once Lambda has given up what it tries again."""
    poison = [fault for row in rows if row.reconciled for fault in it.faults[clips[row.name]] if fault.times > 50]
    for rounds in range(1, 6):
        it.until(lambda: not it.running and all(fault.met >= 3 * rounds for fault in poison), 60)  # noqa: B023 - at once
        assert it.reconcile(QUARTER).error is None
        if it.until(lambda: _are_over(it, [clips[row.name] for row in rows if row.name != ROWS[1].name]), 1.0):
            break
    assert it.reconcile(HOUR).error is None  # a form that nobody used is given so long
    assert it.until(lambda: _are_over(it, clips.values())), "not all have ended"


def _answer_by_row(receiver: Receiver) -> None:
    tries: dict[str, int] = {}

    def answer(call: Call) -> int | None:
        plan = call.path.split("/")[1].split(",")
        tries[call.path] = tries.get(call.path, 0) + 1
        word = plan[min(tries[call.path], len(plan)) - 1]
        if word == "hang":
            time.sleep(1)
            return None
        return int(word)

    receiver.answer, receiver.location = answer, receiver.url("/elsewhere")


def _trust(it: Lab, receiver: Receiver) -> None:
    """The function that calls webhooks, with a resolver and an authority of ours put in."""
    lambdas = it.stack.lambdas
    function = lambdas.functions[it.function("DeliverWebhookFunction")]
    environment = {**function.environment, "RECEIVER_AUTHORITY": str(receiver.authority)}
    lambdas.register(dataclasses.replace(function, code=HERE / "webhook_seam", environment=environment))


def _deliver(it: Lab, receiver: Receiver) -> None:
    """A day passes for the webhooks that failed."""

    def over() -> bool:
        it.let_time_pass("WebhookQueue")
        return it.waiting("WebhookQueue") == 0

    assert it.until(over), "webhooks are left in the queue"


def _put_aside(it: Lab) -> set[str]:
    return {json.loads(message.body)["clip_id"] for message in it.messages("WebhookDeadLetters")}


def _result(it: Lab, row: Row, clip_id: str, receiver: Receiver) -> Result:
    record = it.client.records()[clip_id]
    told = it.told.get(clip_id, [])
    met = sum(fault.met for fault in it.faults.get(clip_id, ()))
    met += (row.job not in (QUICK, "ok")) + (row.event != "once")
    calls = [call for call in receiver.calls if json.loads(call.body)["clip_id"] == clip_id]
    webhook = "put aside" if clip_id in _put_aside(it) else "delivered" if calls else ""
    return Result(
        row.name,
        met + (len(calls) or 1 if row.webhook else 0),
        record["state"],
        record.get("failure"),
        [started for started, _ in it.executions()].count(clip_id),
        len(told),
        len({news["event_id"] for news in told}),
        tuple(_left(it, clip_id, record)),
        webhook,
    )


def _left(it: Lab, clip_id: str, record: dict[str, Any]) -> Iterator[str]:
    """Of a failed clip every frame and clip; of a ready one what is no part of it, and attempts that were not published."""
    clips, frames = it.objects("ClipsBucketName", f"clips/{clip_id}/"), it.objects("WorkBucketName", f"frames/{clip_id}/")
    wanted = {record.get(name) for name in ("clip_key", "poster_key", "preview_key")}
    yield from (key for key in clips if key not in wanted)
    published = {key.rsplit("/", 1)[0] for key in frames if key.endswith("manifest.json")} if wanted != {None} else set()
    yield from (key for key in frames if key.rsplit("/", 1)[0] not in published or len(published) > 1)


def table(results: list[Result]) -> str:
    """One line a row, for people."""
    lines = [f"{'fault':<30} {'met':>4} {'end':<8} {'why':<14} {'runs':>4} {'told':>4} {'left':>4}  {'webhook':<10} ok"]
    for result in results:
        wrong = result.wrong()
        lines.append(
            f"{result.row:<30} {result.injected:>4} {result.state:<8} {result.failure or '':<14} {result.executions:>4} "
            f"{result.told:>4} {len(result.left):>4}  {result.webhook:<10} {'; '.join(wrong) or 'yes'}"
        )
    return "\n".join(lines)


def main() -> int:
    suite = "--suite" in sys.argv
    rows = [row for row in ROWS if not suite or row.name in SUITE]
    with tempfile.TemporaryDirectory() as folder:
        results = run(Path(folder), rows)
        private = private_by_look({log.name: log.read_text() for log in Paths(Path(folder)).logs.iterdir()})
    if suite:
        wrong = {result.row: result.wrong() for result in results}
        print(json.dumps({"wrong": wrong, "private": private}))
    else:
        print(table(results), *(f"In a log: {found}" for found in private), sep="\n")
    return 1 if private or any(result.wrong() for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
