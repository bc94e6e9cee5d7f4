"""The local stack in this process: what is to go wrong in it, and what is seen of it. Whose hands do it: seams.py."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.sqs.models import sqs_backends

from infra.local.client import Client, Inbox
from infra.local.lambda_worker import Outcome, Worker
from infra.local.settings import ACCOUNT, REGION
from infra.local.stack import Stack

from .fault_rows import Fault

Record = dict[str, Any]


@dataclass(eq=False)
class Lab:
    """One running stack, what is to go wrong in it by clip, and what is seen of it."""

    stack: Stack
    client: Client
    inbox: Inbox
    photo: Path
    frames: Path  # what a job that goes well hands over
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
        """The API's answer to a wish for a clip. Raises NotServed."""
        wish = {"content_type": "image/png", "seconds": 1, **({"notify": {"webhook": webhook}} if webhook else {})}
        ticket: Record = self.client.call("POST", "/v1/clips", wish)
        return ticket

    def upload(self, ticket: Record) -> None:
        """The photo, with the form of the ticket."""
        self.client.upload(ticket["upload"], self.photo)

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

    def messages(self, queue: str) -> list[Any]:
        """The queue's messages as moto holds them, those included that wait for their next try."""
        name = self.stack.deployment.physical[queue].rsplit("/", 1)[1]
        held: list[Any] = sqs_backends[ACCOUNT][REGION].queues[name]._messages
        return held

    def let_time_pass(self, queue: str) -> None:
        """Messages of the queue that wait for their next try are delivered now."""
        for message in self.messages(queue):
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
