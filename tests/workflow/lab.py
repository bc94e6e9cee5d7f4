"""The local stack in this process, with hands on its seams: AWS's answers, the functions' lives, the job, the clocks.

Nothing of the template, the handlers or the use cases is replaced. The engine is, at the job's boundary (stand_in_job.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import io
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from infra.local.batch import EXITED, Attempt, JobRequest
from infra.local.client import Client, Inbox
from infra.local.lambda_worker import Outcome, Worker
from infra.local.settings import Paths
from infra.local.stack import Stack
from tests.footage import greys, write

from .fault_rows import QUICK, Fault

HERE = Path(__file__).parent
PHOTO = HERE.parent / "fixtures" / "astronaut.png"
FRAMES = 5
Record = dict[str, Any]
WSGI = Callable[..., Iterable[bytes]]


@dataclass(eq=False)
class Lab:
    """One running stack, what is to go wrong in it by clip, and what is seen of it."""

    stack: Stack
    client: Client
    inbox: Inbox
    frames: Path
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)  # what a clip's job does, by attempt: "crash,ok"
    lost_events: set[str] = field(default_factory=set)  # clips whose first event never comes
    told: dict[str, list[Record]] = field(default_factory=dict)
    invocations: dict[str, list[float]] = field(default_factory=dict)  # seconds, by function
    jobs_took: list[float] = field(default_factory=list)  # seconds
    calls: dict[str, int] = field(default_factory=dict)  # requests to AWS, by service
    running: dict[Worker, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @functools.cache  # noqa: B019 - a lab lives as long as its process
    def aws(self, service: str) -> Any:
        """A client of ours, made once."""
        return self.client.aws(service)

    def create(self, webhook: str | None = None) -> Record:
        """The API's answer to a wish for a clip. Raises RequestRefused."""
        wish = {"content_type": "image/png", "seconds": 1, **({"notify": {"webhook": webhook}} if webhook else {})}
        ticket: Record = self.client.call("POST", "/v1/clips", wish)
        return ticket

    def upload(self, ticket: Record) -> None:
        """The photo, with the form of the ticket."""
        self.client.upload(ticket["upload"], PHOTO)

    def listen(self) -> None:
        """Takes what the topic has told."""
        for news in self.inbox.read(0):
            self.told.setdefault(news["clip_id"], []).append(news)

    def executions(self) -> list[tuple[str, bool]]:
        """Of every execution its clip, and whether it runs."""
        machine = self.client.outputs["StateMachineArn"]
        pages = self.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        found = [entry for page in pages for entry in page["executions"]]
        return [(entry["name"].split("-")[0], entry["status"] == "RUNNING") for entry in found]

    def records(self) -> dict[str, Record]:
        """Every record, by clip."""
        pages = self.aws("dynamodb").get_paginator("scan").paginate(TableName=self.client.outputs["ClipsTableName"])
        read = TypeDeserializer().deserialize
        items = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        return {item["clip_id"]: item for item in items}

    def objects(self, bucket: str, prefix: str) -> list[str]:
        """Keys in the bucket that an output of the template names."""
        answer = self.aws("s3").list_objects_v2(Bucket=self.client.outputs[bucket], Prefix=prefix)
        return [thing["Key"] for thing in answer.get("Contents", [])]

    def function(self, label: str) -> str:
        """The physical name of a function of the template."""
        return self.stack.deployment.physical[label]

    def reconcile(self, after: dt.timedelta) -> Outcome:
        """The schedule's event as it will come in so long a time."""
        moment = (dt.datetime.now(dt.UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": moment}
        return self.stack.lambdas.invoke(self.function("ReconcileFunction"), json.dumps(event).encode())

    def waiting(self, queue: str) -> int:
        """Messages of the queue that nobody has done yet."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.stack.deployment.physical[queue]
        counts = self.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())

    def let_time_pass(self, queue: str) -> None:
        """Messages of the queue that wait for their next try are delivered now."""
        from moto.sqs.models import sqs_backends

        backend = sqs_backends["123456789012"]["eu-west-1"]
        for message in backend.queues[self.stack.deployment.physical[queue].rsplit("/", 1)[1]]._messages:
            message.visible_at = 0

    def until(self, look: Callable[[], bool], seconds: float = 240.0) -> bool:
        """Whether it came true in time. Meanwhile notifications are taken."""
        deadline = time.monotonic() + seconds
        while not look():
            if time.monotonic() > deadline:
                return False
            self.listen()
            time.sleep(0.1)
        return True

    def kill(self, clip_id: str) -> None:
        """Ends the environments that work on this clip, as the kernel ends one that took too much memory."""
        with self.lock:
            victims = [worker for worker, payload in self.running.items() if clip_id == "*" or clip_id.encode() in payload]
        for worker in victims:
            os.kill(worker._process.pid, signal.SIGKILL)
            worker._process.wait()


@contextlib.contextmanager
def lab(home: Path) -> Iterator[Lab]:
    """A stack with hands on it."""
    with Stack(paths=Paths(home)) as stack:
        client = Client(stack.endpoint, stack.deployment.outputs)
        with Inbox(client) as inbox:
            made = Lab(
                stack,
                client,
                inbox,
                write(home / "frames.mkv", greys(*(40 + 30 * n for n in range(FRAMES))), quality="lossless"),
            )
            _watch_functions(made)
            _watch_aws(made)
            _replace_engine(made)
            yield made


def _watch_functions(lab: Lab) -> None:
    lambdas, thread = lab.stack.lambdas, threading.local()
    lambdas._events = ThreadPoolExecutor(6, thread_name_prefix="lambda-event")  # cold starts are what costs time here
    invoke, take, invoke_event = lambdas.invoke, lambdas._take, lambdas.invoke_event

    def watched_take(function: Any) -> Worker | None:
        worker = take(function)
        if worker is not None:
            with lab.lock:
                lab.running[worker] = thread.payload
            thread.worker = worker
        return worker

    def watched_invoke(name: str, payload: bytes) -> Outcome:
        thread.payload, thread.worker = payload, None
        begun = time.monotonic()
        outcome = invoke(name, payload)
        with lab.lock:
            lab.running.pop(thread.worker, None)
            label = lambdas.functions[name].label
            lab.invocations.setdefault(label, []).append(time.monotonic() - begun)
        return outcome

    def watched_event(name: str, payload: bytes) -> None:
        lost = next((clip_id for clip_id in lab.lost_events if clip_id.encode() in payload), None)
        if lost is None:
            invoke_event(name, payload)
        else:
            lab.lost_events.remove(lost)

    lambdas._take, lambdas.invoke, lambdas.invoke_event = watched_take, watched_invoke, watched_event  # type: ignore[method-assign]
    front = lab.stack.server.front
    assert front.api is not None
    front.api._invoke = watched_invoke


def _watch_aws(lab: Lab) -> None:
    server: Any = lab.stack.server._http
    front: WSGI = server.app

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        call = _call(environ, body)
        with lab.lock:
            lab.calls[call.split(".")[0]] = lab.calls.get(call.split(".")[0], 0) + 1
        found = _fault(lab, f"{call} {body.decode(errors='replace')}")
        if found is None:
            return front(environ, start_response)
        clip_id, fault = found
        if fault.error:
            return _refuse(call, *fault.error, start_response)
        answered = list(front(environ, start_response)) if fault.after else []
        lab.kill(clip_id)
        if not fault.after:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
        return answered

    server.app = answer
    server.handle_error = lambda *_: None  # functions that are killed hang up; that is no news


def _fault(lab: Lab, request: str) -> tuple[str, Fault] | None:
    with lab.lock:
        for clip_id, faults in lab.faults.items():
            for fault in faults:
                ours = clip_id == "*" or clip_id in request
                if ours and fault.met < fault.times and re.search(fault.call, request, re.DOTALL):
                    fault.met += 1
                    return clip_id, fault
    return None


def _call(environ: dict[str, Any], body: bytes) -> str:
    """``DynamoDB.UpdateItem``, ``SNS.Publish``, ``S3.PUT /bucket/key``: who is asked for what."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        service, operation = target.split(".")
        return f"{service.split('_')[0]}.{operation}"
    if found := re.search(rb"(?:^|&)Action=(\w+)", body):
        service = "SNS" if b"TopicArn" in body else "Query"
        return f"{service}.{found[1].decode()}"
    scope = re.search(r"/(\w[\w-]*)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
    names = {"s3": "S3", "batch": "Batch", "lambda": "Lambda", "execute-api": "Api"}
    service = names.get(scope[1] if scope else "s3", "Other")
    return f"{service}.{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _refuse(call: str, status: int, code: str, start_response: Any) -> list[bytes]:
    if call.startswith(("S3.", "SNS.")):
        kind, error = "application/xml", f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
        text = error if call.startswith("S3.") else f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
    else:
        kind, text = "application/x-amz-json-1.0", json.dumps({"__type": code, "message": "injected"})
    body = text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)]
    headers.append(("x-amzn-RequestId", "injected"))
    start_response(f"{status} Injected", headers)
    return [body]


def _replace_engine(lab: Lab) -> None:
    runner = lab.stack.jobs
    runner._slots = threading.Semaphore(20)  # a stand-in needs no GPU
    real = runner._attempt

    def stand_in(request: JobRequest, number: int, cancelled: Callable[[], bool]) -> Attempt:
        plan = lab.jobs.get(request.environment["CLIP_ID"], QUICK).split(",")
        deed = plan[min(number, len(plan)) - 1]
        match deed:
            case "quick":
                begun = time.monotonic()
                attempt = _quick_job(lab, request, number)
                lab.jobs_took.append(time.monotonic() - begun)
                return attempt
            case "host lost":
                return Attempt(None, "Host EC2 (instance i-0123456789abcdef0) terminated.")
            case "no host":
                return Attempt(None, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - cancelled by the queue's time limit")
        environment = {**request.environment, "STAND_IN": deed, "STAND_IN_FRAMES": str(lab.frames)}
        command = (sys.executable, str(HERE / "stand_in_job.py"))
        return real(dataclasses.replace(request, command=command, environment=environment), number, cancelled)

    runner._attempt = stand_in  # type: ignore[method-assign]


def _quick_job(lab: Lab, request: JobRequest, number: int) -> Attempt:
    """What a job that goes well leaves, after 50 ms: the record's state, the frames, the manifest."""
    time.sleep(0.05)
    clip_id, outputs = request.environment["CLIP_ID"], lab.client.outputs
    lab.aws("dynamodb").update_item(
        TableName=outputs["ClipsTableName"],
        Key={"clip_id": {"S": clip_id}},
        UpdateExpression="SET #state = :animating",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":animating": {"S": "animating"}},
    )
    prefix = f"{request.environment['OUTPUT_PREFIX']}/{request.job_id}.{number}"
    manifest = {"frames_key": f"{prefix}/frames.mkv", "width": 64, "height": 48, "fps": 25.0, "frames": FRAMES}
    for name, body in (("frames.mkv", lab.frames.read_bytes()), ("manifest.json", json.dumps(manifest).encode())):
        lab.aws("s3").put_object(Bucket=outputs["WorkBucketName"], Key=f"{prefix}/{name}", Body=body)
    return Attempt(0, EXITED)
