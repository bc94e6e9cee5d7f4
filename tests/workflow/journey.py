"""The way of photos through the stack: sent in, and heard of at their end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client import Client, Inbox
from infra.local.settings import Paths

PATIENCE = 90.0


@dataclass(frozen=True)
class Ending:
    """How a clip's way ended."""

    notification: dict[str, Any]
    record: dict[str, Any]
    executions: list[dict[str, Any]]


class Journey:
    """Sends photos in, and hears of their end."""

    def __init__(self, client: Client, inbox: Inbox, paths: Paths) -> None:
        self.client, self.paths = client, paths
        self._inbox = inbox
        self._heard: dict[str, list[dict[str, Any]]] = {}

    def drop(self, photo: bytes, name: str, folder: Path) -> tuple[str, str]:
        """Drops bytes into the bucket under a name of their own; gives key and version."""
        file = folder / name
        file.write_bytes(photo)
        key = f"{uuid.uuid4().hex}/{name}"
        return f"photos/{key}", self.client.drop(file, key)

    def clip_of(self, version: str) -> str:
        """The clip that a version of a photo became."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for record in self.client.records().values():
                if record.get("photo", {}).get("version") == version:
                    return str(record["clip_id"])
            self._listen()
        raise AssertionError("no record names this photo")

    def heard(self, clip_id: str) -> list[dict[str, Any]]:
        """The notifications about a clip so far."""
        self._listen()
        return self._heard.get(clip_id, [])

    def _listen(self) -> None:
        """Up to a second of waiting for news; fails at once where none will ever come."""
        for notification in self._inbox.read(1):
            self._heard.setdefault(notification["clip_id"], []).append(notification)
        assert self.client.troubles() == []

    def until(self, seen: Callable[[], bool]) -> None:
        """Waits for what is to be seen; each look waits for news meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not seen():
            assert time.monotonic() < deadline, self.client.states()
            self._listen()

    def running_jobs(self) -> set[str]:
        """The clips whose jobs run."""
        batch = self.client.aws("batch")
        (queue,) = [queue["jobQueueName"] for queue in batch.describe_job_queues()["jobQueues"]]
        return {job["jobName"] for job in batch.list_jobs(jobQueue=queue, jobStatus="RUNNING")["jobSummaryList"]}

    def ending(self, clip_id: str) -> Ending:
        """Waits for the notification and for the execution's end."""
        deadline = time.monotonic() + PATIENCE
        while not (notifications := self.heard(clip_id)):
            assert time.monotonic() < deadline, f"no notification; records: {self.client.states()}"
        executions = self.client.executions(clip_id)
        while any(e["status"] == "RUNNING" for e in executions):
            assert time.monotonic() < deadline, "the execution does not end"
            executions = self.client.executions(clip_id)
        assert len(notifications) == 1
        return Ending(notifications[0], self.client.records()[clip_id], executions)

    def detect_again(self, key: str, version: str, *, wait: bool) -> None:
        """Delivers S3's event about a photo once more."""
        bucket = self.client.outputs["UploadsBucketName"]
        thing = {"key": key, "versionId": version, "size": 1, "eTag": "0", "sequencer": "0"}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-west-1",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": thing},
        }
        functions = self.client.aws("lambda")
        (name,) = [f["FunctionName"] for f in functions.list_functions()["Functions"] if "DetectFace" in f["FunctionName"]]
        answer = functions.invoke(
            FunctionName=name,
            InvocationType="RequestResponse" if wait else "Event",
            Payload=json.dumps({"Records": [record]}),
        )
        assert "FunctionError" not in answer
