"""A person's side of the stack: sends a photo in either way, hears the notification, fetches the clip."""

from __future__ import annotations

import json
import mimetypes
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import urllib3
from boto3.dynamodb.types import TypeDeserializer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from .settings import PERSON, REGION, Credential

# What phones and browsers write and the standard table of types does not know everywhere.
_TYPES = {".heic": "image/heic", ".heif": "image/heif", ".avif": "image/avif", ".webp": "image/webp"}


class NotServed(Exception):
    """The API or the bucket refused a request. ``usage``: the API's sentence when what was asked makes no sense."""

    def __init__(self, request: str, status: int, answer: bytes) -> None:
        super().__init__(f"{request}: {status} {answer[:500].decode(errors='replace')}")
        self.usage = ""
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and answer.startswith(b"{"):
            self.usage = str(json.loads(answer).get("message", ""))


@dataclass(frozen=True)
class Stage:
    """One step of a clip's way, in seconds."""

    name: str
    seconds: float


def content_type(photo: Path) -> str:
    """The type a browser would state for a file of this name."""
    suffix = photo.suffix.lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(photo.name)[0] or "application/octet-stream"


class Client:
    """Speaks to a running stack at ``endpoint``, as ``person``. ``outputs``: the template's."""

    def __init__(self, endpoint: str, outputs: Mapping[str, str], person: Credential = PERSON) -> None:
        self.endpoint = endpoint
        self.outputs = outputs
        self._person = person
        self._http = urllib3.PoolManager(retries=False)

    def aws(self, service: str) -> Any:
        """A boto3 client for the person's own key."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self._person.access_key,
            aws_secret_access_key=self._person.secret_key,
            config=Config(retries={"total_max_attempts": 2}),
        )

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str = "",
    ) -> Any:
        """A request to the HTTP API, signed, or with a bearer ``token``; the decoded JSON answer. Raises ``NotServed``."""
        data = b"" if body is None else json.dumps(body).encode()
        sent = {**({"content-type": "application/json"} if data else {}), **(headers or {})}
        request = AWSRequest(method=method, url=f"{self.endpoint}{path}", data=data, headers=sent)
        if token:
            request.headers["authorization"] = f"Bearer {token}"
        else:
            SigV4Auth(Credentials(self._person.access_key, self._person.secret_key), "execute-api", REGION).add_auth(request)
        answer = self._http.request(method, request.url, body=data, headers=dict(request.headers))
        if answer.status >= 300:
            raise NotServed(f"{method} {path}", answer.status, answer.data)
        return json.loads(answer.data) if answer.data else None

    def token(self, subject: str) -> str:
        """A bearer token, as a browser would get it from its identity provider."""
        return self._http.request("GET", f"{self.endpoint}/local/tokens/{subject}").data.decode()

    def post(self, photo: Path, options: Mapping[str, Any], driver: Path | None = None) -> str:
        """The HTTPS way: asks for upload forms, then posts the driver and the photo with them. Gives the clip_id."""
        asked = {"content_type": content_type(photo), **options}
        if driver is not None:
            asked["driver_content_type"] = content_type(driver)
        ticket = self.call("POST", "/v1/clips", asked)
        if driver is not None:
            self.upload(ticket["driver_upload"], driver)
        self.upload(ticket["upload"], photo)
        return str(ticket["clip_id"])

    def upload(self, form: Mapping[str, Any], file: Path) -> None:
        """Posts a file with a form of the API's. Raises ``NotServed``."""
        fields = {**form["fields"], "file": (file.name, file.read_bytes(), content_type(file))}
        answer = self._http.request("POST", form["url"], fields=fields)
        if answer.status >= 300:
            raise NotServed("upload", answer.status, answer.data)

    def drop(self, photo: Path, name: str | None = None, **metadata: str) -> str:
        """The plain way: puts the photo into the bucket, with x-amz-meta-vivify-... Gives the object's version."""
        key = f"photos/{name or photo.name}"
        bucket = self.outputs["UploadsBucketName"]
        answer = self.aws("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=photo.read_bytes(),
            ContentType=content_type(photo),
            Metadata={f"vivify-{name}": value for name, value in metadata.items()},
        )
        return str(answer["VersionId"])

    def fetch(self, url: str, target: Path) -> Path:
        """Downloads a signed URL, unsigned otherwise, as a browser would."""
        answer = self._http.request("GET", url)
        if answer.status != 200:
            raise NotServed("download", answer.status, answer.data)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(answer.data)
        return target

    def records(self) -> dict[str, dict[str, Any]]:
        """clip_id to record, for all clips."""
        pages = self.aws("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["ClipsTableName"])
        read = TypeDeserializer().deserialize
        items = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        return {item["clip_id"]: item for item in items}

    def states(self) -> dict[str, str]:
        """clip_id to the state of its record, for all clips."""
        return {clip_id: record["state"] for clip_id, record in self.records().items()}

    def executions(self, clip_id: str) -> list[dict[str, Any]]:
        """Executions whose input names this clip."""
        states = self.aws("stepfunctions")
        found = states.list_executions(stateMachineArn=self.outputs["StateMachineArn"])["executions"]
        described = [states.describe_execution(executionArn=e["executionArn"]) for e in found]
        return [e for e in described if json.loads(e["input"]).get("clip_id") == clip_id]

    def troubles(self) -> list[str]:
        """What ended without any notification: photos whose detection kept failing, executions that broke off."""
        found = []
        if queue := self.outputs.get("DetectDeadLettersUrl"):
            sqs = self.aws("sqs")
            url = sqs.get_queue_url(QueueName=queue.rsplit("/", 1)[1])["QueueUrl"]
            letters = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10)
            for letter in letters.get("Messages", []):
                payload = json.loads(letter["Body"])["responsePayload"]
                found.append(f"detection kept failing: {payload.get('errorType')}: {payload.get('errorMessage')}")
        states = self.aws("stepfunctions")
        machine = self.outputs["StateMachineArn"]
        for execution in states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]:
            described = states.describe_execution(executionArn=execution["executionArn"])
            if described.get("error") == "States.Runtime":  # the one error that no Catch sees
                found.append(f"execution {execution['name']} broke off: {described.get('cause')}")
        return found

    def timings(self, clip_id: str, sent_at: float | None = None) -> list[Stage]:
        """Seconds between entering and leaving each task of the clip's execution, from its history.

        ``sent_at`` (seconds since the epoch): when its photo was there; adds the way to the execution's start.
        """
        stages = []
        for execution in self.executions(clip_id):
            if sent_at is not None:
                stages.append(Stage("DetectFace", execution["startDate"].timestamp() - sent_at))
            pages = self.aws("stepfunctions").get_paginator("get_execution_history")
            events = [e for p in pages.paginate(executionArn=execution["executionArn"]) for e in p["events"]]
            entered: dict[str, Any] = {}
            for event in sorted(events, key=lambda e: e["id"]):
                if details := event.get("stateEnteredEventDetails"):
                    entered[details["name"]] = event["timestamp"]
                elif details := event.get("stateExitedEventDetails"):
                    taken = event["timestamp"] - entered[details["name"]]
                    if event["type"].startswith("TaskState"):
                        stages.append(Stage(details["name"], taken.total_seconds()))
        return stages


class Inbox:
    """A queue of one's own, subscribed to the topic. Open it before sending a photo, so that nothing is missed."""

    def __init__(self, client: Client) -> None:
        self._sqs, self._sns = client.aws("sqs"), client.aws("sns")
        self._url = self._sqs.create_queue(QueueName=f"inbox-{uuid.uuid4().hex}")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._subscription = self._sns.subscribe(
            TopicArn=client.outputs["NotificationsTopicArn"],
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def read(self, seconds: int = 1) -> list[dict[str, Any]]:
        """Waits up to so long for notifications; each is given once."""
        answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    def close(self) -> None:
        """Unsubscribes and deletes the queue."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
