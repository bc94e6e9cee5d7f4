"""Scenes for the contract tests of the patches on moto. A program, because a patch changes its whole process.

    python moto_probes.py   prints {patch: {"without": what happened, "with": what happened}}

moto is imported once; every scene then runs twice, each time in a fork of its own with a server of its own: with all
patches but the one in question, and with all of them. The forks run at the same time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import moto.backends
import moto.cloudformation.parsing
import moto.stepfunctions.parser.models  # noqa: F401 - before the forks, once
from botocore.config import Config

from infra.local.batch import JobRunner
from infra.local.event_bus import EventBus, Rule
from infra.local.lambda_runtime import LambdaRuntime
from infra.local.lambda_worker import Function
from infra.local.patches import PATCHES, Machinery, apply_patches
from infra.local.server import LocalServer
from infra.local.settings import ACCOUNT, PERSON, REGION, child_environment

PATIENCE = 60.0  # seconds
ROLE = f"arn:aws:iam::{ACCOUNT}:role/probe"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Scene:
    """A bare moto behind the server, and the machinery."""

    def __init__(self, folder: Path, *, patched: bool) -> None:
        self.folder, self.patched = folder, patched
        self.server = LocalServer()
        environment = child_environment(self.server.endpoint, folder)
        self.lambdas = LambdaRuntime(environment, folder, lambda *_: None)
        self.heard: list[Any] = []
        events = EventBus(lambda _name, event: self.heard.append(json.loads(event)))
        self.machinery = Machinery(self.lambdas, JobRunner(environment, folder), events)

    def aws(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.server.endpoint,
            aws_access_key_id=PERSON.access_key,
            aws_secret_access_key=PERSON.secret_key,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def job(self, command: list[str]) -> str:
        """Definition and queue named ``job``; gives nothing a probe needs but the name."""
        self.aws("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=TRUST)
        batch = self.aws("batch")
        environment = batch.create_compute_environment(
            computeEnvironmentName="job", type="UNMANAGED", state="ENABLED", serviceRole=ROLE
        )["computeEnvironmentArn"]
        order = [{"order": 1, "computeEnvironment": environment}]
        batch.create_job_queue(jobQueueName="job", state="ENABLED", priority=1, computeEnvironmentOrder=order)
        properties = {"image": "no-such-image", "command": command, "vcpus": 1, "memory": 128}
        batch.register_job_definition(jobDefinitionName="job", type="container", containerProperties=properties)
        return "job"

    def wait(self, look: Callable[[], Any], seconds: float = 8.0) -> Any:
        """The first truthy answer, else the last one: after ``seconds``, or much later where one is sure to come."""
        deadline = time.monotonic() + (PATIENCE if self.patched else seconds)
        while not (seen := look()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return seen


def lambda_invoke(scene: Scene) -> Any:
    (scene.folder / "adder.py").write_text("def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
    scene.aws("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=TRUST)
    functions = scene.aws("lambda")
    functions.create_function(
        FunctionName="adder",
        Role=ROLE,
        Handler="adder.handler",
        Runtime="python3.12",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
    )
    scene.lambdas.register(Function("adder", "adder", "arn:aws:lambda:::adder", "adder.handler", scene.folder, 10, 128))
    answer = functions.invoke(FunctionName="adder", Payload=json.dumps({"a": 1, "b": 2}))
    return json.loads(answer["Payload"].read())


def _stopped_job(scene: Scene, code: str) -> Any:
    name = scene.job(["python", "-c", code])
    batch = scene.aws("batch")
    job_id = batch.submit_job(jobName=name, jobQueue=name, jobDefinition=name)["jobId"]

    def stopped() -> Any:
        job = batch.describe_jobs(jobs=[job_id])["jobs"][0]
        return job if job["status"] in ("SUCCEEDED", "FAILED") else None

    return scene.wait(stopped)


def batch_run(scene: Scene) -> Any:
    job = _stopped_job(scene, f"open({str(scene.folder / 'ran')!r}, 'w')")
    return {"status": job and job["status"], "ran": (scene.folder / "ran").exists()}


def batch_exit_code(scene: Scene) -> Any:
    return _stopped_job(scene, "raise SystemExit(3)")["container"].get("exitCode")


def sfn_executes(scene: Scene) -> Any:
    machine = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": {"said": "hello"}, "End": True}}}
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"DefinitionString": json.dumps(machine), "RoleArn": ROLE, "StateMachineName": "m"},
            }
        }
    }
    scene.aws("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
    output = _execution(scene, f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m").get("output")
    return output and json.loads(output)


def _machine_of_job(scene: Scene, code: str) -> str:
    name = scene.job(["python", "-c", code])
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {"JobName": name, "JobQueue": name, "JobDefinition": name},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Run", "States": {"Run": task}})
    states = scene.aws("stepfunctions")
    return str(states.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"])


def sfn_casing(scene: Scene) -> Any:
    return _execution(scene, _machine_of_job(scene, "pass"))["status"]


def sfn_stop(scene: Scene) -> Any:
    ran = scene.folder / "ran"
    machine = _machine_of_job(scene, f"open({str(ran)!r}, 'w'); import time; time.sleep(60)")
    states, batch = scene.aws("stepfunctions"), scene.aws("batch")
    arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    scene.wait(ran.exists)
    states.stop_execution(executionArn=arn)
    return bool(scene.wait(lambda: batch.list_jobs(jobQueue="job", jobStatus="FAILED")["jobSummaryList"], 5.0))


def sfn_status_events(scene: Scene) -> Any:
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT"]}}
    scene.machinery.events.add(Rule(("listener",), pattern=pattern))
    states = scene.aws("stepfunctions")
    for name, state in (("good", {"Type": "Succeed"}), ("bad", {"Type": "Fail", "Error": "Why", "Cause": "Because"})):
        definition = json.dumps({"StartAt": "End", "States": {"End": state}})
        arn = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        _execution(scene, arn)
    scene.wait(lambda: scene.heard, 2.0)
    return [[event["detail"][key] for key in ("status", "input", "error", "cause")] for event in scene.heard]


def _execution(scene: Scene, machine: str) -> Any:
    states = scene.aws("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def ended() -> Any:
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return scene.wait(ended, 3.0) or {"status": "RUNNING"}


def _bucket_events(scene: Scene, send: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    s3, sqs = scene.aws("s3"), scene.aws("sqs")
    s3.create_bucket(Bucket="probe", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="probe", VersioningConfiguration={"Status": "Enabled"})
    url = sqs.create_queue(QueueName="probe")["QueueUrl"]
    configuration = {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:probe", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="probe", NotificationConfiguration={"QueueConfigurations": [configuration]}
    )
    sent = send(s3)
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    bodies = [json.loads(message["Body"]) for message in messages]
    return sent, [record for body in bodies for record in body.get("Records", [])]


def s3_event(scene: Scene) -> Any:
    sent, (record,) = _bucket_events(scene, lambda s3: s3.put_object(Bucket="probe", Key="photos/a b+é.jpg", Body=b"x"))
    thing = record["s3"]["object"]
    return {
        "key": thing["key"],
        "version": thing.get("versionId") == sent["VersionId"],
        "sequencer": "sequencer" in thing,
        "uploader": record["userIdentity"]["principalId"] == f"AWS:{PERSON.user_id}",
    }


def s3_multipart(scene: Scene) -> Any:
    def send(s3: Any) -> None:
        where = {"Bucket": "probe", "Key": "photos/large.jpg"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        tag = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)

    return sorted(record["eventName"] for record in _bucket_events(scene, send)[1])


PROBES: Mapping[str, Callable[[Scene], Any]] = {
    probe.__name__: probe
    for probe in (
        lambda_invoke,
        batch_run,
        batch_exit_code,
        sfn_executes,
        sfn_casing,
        sfn_status_events,
        sfn_stop,
        s3_event,
        s3_multipart,
    )
}


@dataclass(frozen=True)
class Fork:
    """A process in which a scene runs, and where it tells what it saw."""

    process: int
    answer: int

    def seen(self) -> Any:
        """What the scene saw, or the name of the exception it met; waits for its end."""
        with os.fdopen(self.answer, "rb") as answer:
            seen = json.loads(answer.read() or b'"the probe died"')
        os.waitpid(self.process, 0)
        return seen


def begin(name: str, *, patched: bool) -> Fork:
    """Starts one scene in a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(2, 1)  # moto prints
        with tempfile.TemporaryDirectory() as folder:
            try:
                scene = Scene(Path(folder), patched=patched)
                names = frozenset(patch.name for patch in PATCHES if patched or patch.name != name)
                apply_patches(scene.machinery, names)
                seen = PROBES[name](scene)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what was seen
                seen = f"{type(error).__name__}: {error}"[:300]
            scene.lambdas.close()
            scene.machinery.jobs.close()
            os.write(writing, json.dumps(seen).encode())
        os._exit(0)
    os.close(writing)
    return Fork(child, reading)


if __name__ == "__main__":
    # All at once: without its patch a scene mostly waits for what never comes.
    begun = {name: {"without": begin(name, patched=False), "with": begin(name, patched=True)} for name in PROBES}
    json.dump({name: {how: fork.seen() for how, fork in forks.items()} for name, forks in begun.items()}, sys.stdout)
