"""Lambda's event source mapping for SQS: takes messages, invokes the function, deletes what it has done.

What the function reports as failed (or fails with) stays in the queue, until its visibility timeout ends.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from .lambda_runtime import LambdaRuntime
from .settings import REGION

_NAMES = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body", "Attributes": "attributes"}


@dataclass(frozen=True)
class Mapping:
    """From a queue to a function."""

    queue_arn: str
    function: str
    batch_size: int


class QueuePoller:
    """One mapping at work, in a thread of its own until it is closed."""

    def __init__(self, mapping: Mapping, lambdas: LambdaRuntime) -> None:
        self._mapping, self._lambdas = mapping, lambdas
        self._sqs = boto3.client("sqs", region_name=REGION, config=Config(retries={"total_max_attempts": 1}))
        self._url = self._sqs.get_queue_url(QueueName=mapping.queue_arn.rsplit(":", 1)[1])["QueueUrl"]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(0.2):
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=self._mapping.batch_size, MessageSystemAttributeNames=["All"]
            )
            if messages := answer.get("Messages"):
                self._hand_over(messages)

    def _hand_over(self, messages: list[dict[str, Any]]) -> None:
        records = [{_NAMES[name]: message[name] for name in _NAMES} | self._origin() for message in messages]
        outcome = self._lambdas.invoke(self._mapping.function, json.dumps({"Records": records}).encode())
        if outcome.error:
            return
        report = json.loads(outcome.payload) or {}
        failed = {failure["itemIdentifier"] for failure in report.get("batchItemFailures", [])}
        for message in messages:
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def _origin(self) -> dict[str, Any]:
        return {
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.queue_arn,
            "awsRegion": REGION,
        }

    def close(self) -> None:
        """Takes no more messages."""
        self._closing.set()
        self._thread.join()
