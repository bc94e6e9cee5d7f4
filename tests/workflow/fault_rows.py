"""The rows of the fault matrix: what goes wrong at which stage, and how the clip must end."""

from __future__ import annotations

from dataclasses import dataclass

QUICK = "quick"  # a job that goes well, without a process of its own
THROTTLED = (400, "ProvisionedThroughputExceededException")
SLOW, REFUSED = (503, "SlowDown"), (403, "AccessDenied")


@dataclass
class Fault:
    """What happens to the first ``times`` calls to AWS that match ``call`` (a pattern) and mention the clip.

    ``error``: (status, code) is AWS's answer. Without one, the function that called is killed: before AWS has done
    anything, or (``after``) once it has, so that the function never hears of it.
    """

    call: str
    times: int = 1
    error: tuple[int, str] | None = None
    after: bool = False
    met: int = 0


@dataclass(frozen=True)
class Row:
    """A fault, and how the clip must end. ``failure``: why, for operators, where it fails."""

    name: str
    faults: tuple[Fault, ...] = ()
    state: str = "ready"
    failure: str | None = None
    job: str = QUICK
    webhook: str = ""
    """The receiver's answers, in order; the last one stays: "500,200"."""
    event: str = "once"
    """Or "thrice" or "lost"."""
    reconciled: bool = False
    """Whether only the reconciler can end it."""


ROWS = (
    Row("API: DynamoDB throttled", (Fault(r"DynamoDB\.", 4, THROTTLED),)),
    Row("API: crash after the record", (Fault(r"DynamoDB\.PutItem", after=True),), "failed", "photo", reconciled=True),
    Row("S3 event: three times", event="thrice"),
    Row("S3 event: lost", event="lost", reconciled=True),
    Row("detect: crash", (Fault(r"S3\.(GET|HEAD) .*/photos/"),)),
    Row("detect: crash, always", (Fault(r"S3\.(GET|HEAD) .*/photos/", 99),), "failed", "internal", reconciled=True),
    Row("detect: DynamoDB throttled", (Fault(r"DynamoDB\.UpdateItem.*detecting", 5, THROTTLED),)),
    Row("start: AWS fails", (Fault(r"StartExecution", 5, (500, "InternalServerError")),)),
    Row("start: crash after it", (Fault(r"StartExecution", after=True),)),
    Row("Batch submit: throttled", (Fault(r"Batch\..*/submitjob", 1, (429, "TooManyRequestsException")),)),
    Row("Batch: no host comes", job="no host", state="failed", failure="no_capacity"),
    Row("Batch: host lost", job="host lost,ok"),
    Row("job: crash before output", job="crash", state="failed", failure="internal"),
    Row("job: crash at output", job="crash at output", state="failed", failure="internal"),
    Row("job: crash after output", job="crash after output", state="failed", failure="internal"),
    Row("job: SIGTERM", job="SIGTERM,ok"),
    Row("job: SIGTERM at output", job="SIGTERM at output,ok"),
    Row("job: out of memory", job="out of memory", state="failed", failure="out_of_memory"),
    Row("job: no GPU", job="no GPU", state="failed", failure="no_gpu"),
    Row("job: bad input", job="bad input", state="failed", failure="photo"),
    Row("job: DynamoDB throttled", (Fault(r"DynamoDB\.UpdateItem.*animating", 5, THROTTLED),), job="ok"),
    Row("job: S3 refuses", (Fault(r"S3\.PUT .*/frames\.mkv", 4, REFUSED),), "failed", "internal", job="ok"),
    Row("job: S3 fails", (Fault(r"S3\.PUT .*/frames\.mkv", 4, SLOW),), job="ok"),
    Row("execution: aborted", job="hang", state="failed", failure="internal"),
    Row("publish: crash before put", (Fault(r"S3\.PUT .*/clip\.mp4"),)),
    Row("publish: crash after put", (Fault(r"S3\.PUT .*/clip\.mp4", after=True),)),
    Row("publish: S3 fails", (Fault(r"S3\.PUT .*/clip\.mp4", 4, SLOW),)),
    Row("publish: DynamoDB throttled", (Fault(r"DynamoDB\.UpdateItem.*publishing", 5, THROTTLED),)),
    Row("notify: DynamoDB throttled", (Fault(r"DynamoDB\.UpdateItem.*ready", 5, THROTTLED),)),
    Row("notify: SNS fails", (Fault(r"SNS\.Publish", 5, (500, "InternalError")),)),
    Row("notify: crash before SNS", (Fault(r"SNS\.Publish"),)),
    Row("notify: crash after SNS", (Fault(r"SNS\.Publish", after=True),)),
    Row("webhook: 500", webhook="500,500,200"),
    Row("webhook: timeout", webhook="hang,200"),
    Row("webhook: redirect, always", webhook="307"),
    Row("webhook: 500, always", webhook="500"),
    Row("webhook: private address", webhook="private"),
)
# Of every stage what the tests can afford each time; `make faults` runs all.
SUITE = frozenset(
    {
        "API: crash after the record",
        "S3 event: three times",
        "S3 event: lost",
        "detect: crash",
        "start: AWS fails",
        "Batch submit: throttled",
        "job: crash before output",
        "job: crash after output",
        "job: SIGTERM",
        "job: out of memory",
        "job: no GPU",
        "job: DynamoDB throttled",
        "job: S3 refuses",
        "job: S3 fails",
        "execution: aborted",
        "publish: crash before put",
        "publish: crash after put",
        "publish: S3 fails",
        "notify: SNS fails",
        "webhook: 500",
        "webhook: timeout",
        "webhook: redirect, always",
    }
)
TWICE = {"notify: crash after SNS"}  # SNS had it before the crash: told again, with the same event_id
UNDELIVERED = {row.name for row in ROWS if row.webhook in ("307", "500", "private")}
