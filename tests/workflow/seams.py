"""A lab with hands on its seams: AWS's answers, the functions' lives, and the job, at whose boundary the engine is replaced
(stand_in_job.py). Nothing of the template, the handlers or the use cases is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from infra.local.batch import EXITED, Attempt, JobRequest
from infra.local.client import Client, Inbox
from infra.local.lambda_worker import Outcome, Worker
from infra.local.settings import Paths
from infra.local.stack import Stack
from tests.footage import greys, write

from .fault_rows import QUICK, Fault
from .lab import Lab

HERE = Path(__file__).parent
ASTRONAUT = HERE.parent / "fixtures" / "astronaut.png"
FRAMES = 5
WSGI = Callable[..., Iterable[bytes]]


@contextlib.contextmanager
def lab(home: Path) -> Iterator[Lab]:
    """A stack with hands on it."""
    with Stack(paths=Paths(home)) as stack:
        client = Client(stack.endpoint, stack.deployment.outputs)
        with Inbox(client) as inbox:
            frames = write(home / "frames.mkv", greys(*(40 + 30 * n for n in range(FRAMES))), quality="lossless")
            photo = home / "photo.png"
            with Image.open(ASTRONAUT) as whole:
                whole.crop((96, 0, 352, 256)).save(photo)  # head and shoulders: a face is found there in half the time
            made = Lab(stack, client, inbox, photo, frames)
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
        told = f"You are not authorized to do this on resource: {call.rpartition(' ')[2]}"  # as AWS does, by name
        kind, error = "application/xml", f"<Error><Code>{code}</Code><Message>{told}</Message></Error>"
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
