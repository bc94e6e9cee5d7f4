"""The service's resources as its handlers are given them, in an AWS that lives in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from vivify.service import clip_options

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
SOMEBODY = "iam:AIDAEXAMPLEEXAMPLEEXA"  # who signs the requests of events/
KEPT_UNTIL = "2126-01-15T09:30:12.482Z"  # of a clip whose record a test puts


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
            "CLIP_DAYS": "30",
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

    def frames(self) -> list[str]:
        """What jobs have handed over, in the order of the keys."""
        found = boto3.client("s3").list_objects_v2(Bucket=self.work, Prefix="frames/").get("Contents", [])
        return [thing["Key"] for thing in found]

    def record(self, clip_id: str) -> dict[str, Any] | None:
        table = boto3.resource("dynamodb").Table(self.table)
        found: dict[str, Any] | None = table.get_item(Key={"clip_id": clip_id}).get("Item")
        return found

    def records(self) -> list[dict[str, Any]]:
        return list(boto3.resource("dynamodb").Table(self.table).scan()["Items"])

    def counted(self) -> list[int]:
        """The day's counts of begun clips, of all callers."""
        items = boto3.resource("dynamodb").Table(self.callers).scan()["Items"]
        return [int(item["clips"]) for item in items if item["id"].startswith("day#")]

    def put_record(self, clip_id: str, state: str, **attributes: Any) -> None:
        times = dict.fromkeys(("created_at", "updated_at", "arrived_at"), "2026-01-15T09:30:12.482Z")
        usual = {"owner": SOMEBODY, "options": clip_options.DEFAULTS, **times, "kept_until": KEPT_UNTIL}
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


_OF_TABLES = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@cache
def _properties(logical_id: str) -> dict[str, Any]:
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    properties: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return properties


def make() -> Stack:
    """The resources that these handlers need: buckets and tables as template.yaml describes them."""
    s3, sns, sqs = boto3.client("s3"), boto3.client("sns"), boto3.client("sqs")
    for name, logical_id in {"uploads": "UploadsBucket", "work": "WorkBucket", "clips": "ClipsBucket"}.items():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioning := _properties(logical_id).get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    for name, logical_id in {"clips": "ClipsTable", "callers": "CallersTable"}.items():
        described = {part: value for part, value in _properties(logical_id).items() if part in _OF_TABLES}
        boto3.client("dynamodb").create_table(TableName=name, **described)
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
