"""The service's handlers as Lambda would load them, before an AWS that lives in this process."""

from __future__ import annotations

import functools
import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from vivify.cloud import aws, keys, links
from vivify.service import clip_options

# Every test has clients of its own, but what they are made from (megabytes of JSON) is read once.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
SOMEBODY = "iam:AIDAEXAMPLEEXAMPLEEXA"  # who signs the requests of events/
Event = dict[str, Any]


class Context:
    """As much of Lambda's context as powertools looks at."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: dict[str, str]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Answer:
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return cls(answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None, headers)


@dataclass(frozen=True)
class Stack:
    """The resources that the handlers are given, and what a test wants to know of them."""

    table: str
    callers: str
    uploads: str
    work: str
    clips: str
    topic: str
    state_machine: str
    inbox: str
    webhooks: str

    def environment(self) -> dict[str, str]:
        return {
            "TABLE_NAME": self.table,
            "CALLERS_TABLE": self.callers,
            "DOCS_URL": "infra/api.md",
            "UPLOADS_BUCKET": self.uploads,
            "WORK_BUCKET": self.work,
            "CLIPS_BUCKET": self.clips,
            "TOPIC_ARN": self.topic,
            "STATE_MACHINE_ARN": self.state_machine,
            "LINK_ROLE": "arn:aws:iam::123456789012:role/links",
            "DETECT_FUNCTION": "detect_face",
            "NOTIFY_FUNCTION": "notify",
            "WEBHOOK_QUEUE": self.webhooks,
            "WEBHOOK_SECRET": "webhooks",
            "URL_SECONDS": "900",
            "GPU_HOUR_PRICE": "0.5",
            "PHOTO_HOURS": "6",
            "POWERTOOLS_SERVICE_NAME": "vivify",
            "POWERTOOLS_METRICS_NAMESPACE": "vivify-test",
        }

    def put_photo(self, key: str, data: bytes) -> str:
        """The version under which the photo now lies in the bucket."""
        put = boto3.client("s3").put_object(Bucket=self.uploads, Key=key, Body=data)
        return str(put["VersionId"])

    def fill(self, clip_id: str) -> None:
        """Puts all that a clip can have anywhere, its photo in two versions."""
        photo, clip = f"photos/{clip_id}", f"clips/{clip_id}"
        made = {
            self.uploads: (photo, photo, f"drivers/{clip_id}"),
            self.work: (f"faces/{clip_id}/faces.json", f"faces/{clip_id}/crop.jpg", f"frames/{clip_id}/job.1/frames.mkv"),
            self.clips: (f"{clip}/clip.mp4", f"{clip}/poster.jpg", f"{clip}/preview.webp"),
        }
        for bucket, names in made.items():
            for key in names:
                boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"-")

    def record(self, clip_id: str) -> dict[str, Any] | None:
        table = boto3.resource("dynamodb").Table(self.table)
        found: dict[str, Any] | None = table.get_item(Key={"clip_id": clip_id}).get("Item")
        return found

    def records(self) -> list[dict[str, Any]]:
        return list(boto3.resource("dynamodb").Table(self.table).scan()["Items"])

    def put_record(self, clip_id: str, state: str, **attributes: Any) -> None:
        times = dict.fromkeys(("created_at", "updated_at", "arrived_at"), "2026-01-15T09:30:12.482Z")
        usual = {"owner": SOMEBODY, "options": clip_options.DEFAULTS, **times}
        given = {"clip_id": clip_id, "state": state, **usual, **attributes}
        item = {name: value for name, value in given.items() if value is not None}
        boto3.resource("dynamodb").Table(self.table).put_item(Item=item)

    def objects(self, bucket: str) -> list[dict[str, Any]]:
        return list(boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", []))

    def everything(self) -> list[str]:
        """Every version of every object in every bucket, and every delete marker."""
        s3, found = boto3.client("s3"), []
        for bucket in (self.uploads, self.work, self.clips):
            listed = s3.list_object_versions(Bucket=bucket)
            found += [f"{bucket}/{thing['Key']}" for thing in listed.get("Versions", []) + listed.get("DeleteMarkers", [])]
        return sorted(found)

    def executions(self) -> list[dict[str, Any]]:
        """Each execution's input, under the name it was started with."""
        steps = boto3.client("stepfunctions")
        found = steps.list_executions(stateMachineArn=self.state_machine)["executions"]
        described = [steps.describe_execution(executionArn=e["executionArn"]) for e in found]
        return [{"name": d["name"], **json.loads(d["input"])} for d in described]

    def messages(self) -> list[dict[str, Any]]:
        """What has been told through the topic since the last look."""
        sqs = boto3.client("sqs")
        got = sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages", [])
        for message in got:
            sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in got]


@pytest.fixture
def requests_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads may mix, single requests do not: DynamoDB checks and writes an item in one step, moto in several."""
    turn, answer = threading.Lock(), BotocoreStubber.process_request

    def in_turn(stubber: BotocoreStubber, request: Any) -> Any:
        with turn:
            return answer(stubber, request)

    monkeypatch.setattr(BotocoreStubber, "process_request", in_turn)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        _forget()
        made = _make()
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made
        _forget()


def _forget() -> None:
    """A cold start: no client, no credentials and no secret from before."""
    for kept in (aws.client, aws.session, links._taken, keys._secret):
        kept.cache_clear()


def _make() -> Stack:
    s3, sns, sqs = boto3.client("s3"), boto3.client("sns"), boto3.client("sqs")
    for bucket in ("uploads", "work", "clips"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    boto3.client("dynamodb").create_table(
        TableName="clips",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("clip_id", "pending", "updated_at", "owner", "created_at")
        ],
        KeySchema=[{"AttributeName": "clip_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [
                    {"AttributeName": "pending", "KeyType": "HASH"},
                    {"AttributeName": "updated_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by_owner",
                "KeySchema": [
                    {"AttributeName": "owner", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["state", "progress", "updated_at"]},
            },
        ],
    )
    boto3.client("dynamodb").create_table(
        TableName="callers",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    machine = boto3.client("stepfunctions").create_state_machine(
        name="clip",
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/steps",
    )["stateMachineArn"]
    boto3.client("secretsmanager").create_secret(Name="webhooks", SecretString="first secret")
    webhooks = sqs.create_queue(QueueName="webhooks")["QueueUrl"]
    return Stack("clips", "callers", "uploads", "work", "clips", topic, machine, inbox, webhooks)


@pytest.fixture
def event() -> Callable[[str], Event]:
    """An event of events/ by its file's name."""
    return lambda name: json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def ask(event: Callable[[str], Event], invoke: Callable[[str, Event], Any]) -> Callable[..., Answer]:
    """Sends the API a request: an event of events/ with changes put in."""

    def send(like: str, *, path: str = "", body: Any = None, caller: str = "", **headers: str) -> Answer:
        request = event(like)
        if path:
            request["rawPath"] = request["requestContext"]["http"]["path"] = path
        if body is not None:
            request["body"] = body if isinstance(body, str) else json.dumps(body)
        if caller:
            request["requestContext"]["authorizer"]["iam"]["userId"] = caller
        request["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer.of(invoke("serve_api", request))

    return send


@pytest.fixture
def arrival(event: Callable[[str], Event]) -> Callable[..., Event]:
    """The event about one photo in the stack's bucket: a captured one, with the names put in."""

    def build(stack: Stack, version: str, *, key: str | None = None, like: str = "s3_photo_dropped") -> Event:
        captured = event(like)
        told = captured["Records"][0]["s3"]
        told["bucket"] |= {"name": stack.uploads, "arn": f"arn:aws:s3:::{stack.uploads}"}
        told["object"] |= {"versionId": version} | ({"key": key} if key else {})
        return captured

    return build


@pytest.fixture
def invoke() -> Callable[[str, Event], Any]:
    """Loads functions/<name>/handler.py afresh, a cold start, and hands it the event."""
    return lambda name, payload: load(f"functions/{name}/handler.py").handler(payload, Context())


def load(path: str) -> ModuleType:
    """The file as a module of its own, the way Lambda and the container run it."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
