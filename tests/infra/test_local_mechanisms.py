"""The machinery of infra.local on a small template: what the cloud does with functions, jobs, routes and buckets."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import urllib3

from infra.local import daemon
from infra.local.client import Client, NotServed
from infra.local.settings import PERSON, REGION, Paths

TEMPLATE = Path(__file__).parent / "small_stack" / "template.yaml"
T = TypeVar("T")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Where the small stack keeps its state and logs."""
    return Paths(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def client(home: Paths) -> Iterator[Client]:
    """Speaks to the small stack, which lives as long as this module's tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRAY_VARIABLE", "of the developer's shell")
        running = daemon.start(home, template=TEMPLATE)
    yield running.client()
    assert daemon.down(home) == 0


def test_up_tells_how_to_call(home: Paths, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the stack is, its outputs, and the variables with which an AWS SDK or curl signs as somebody who may."""
    assert daemon.up(0, home) == 0
    told = capsys.readouterr().out
    assert all(f"  {name}: {value}\n" in told for name, value in client.outputs.items())
    variables = dict(word.split("=", 1) for word in told.splitlines()[-1].split()[1:])
    assert variables.pop("AWS_ENDPOINT_URL") == client.endpoint
    assert variables == {"AWS_DEFAULT_REGION": REGION, **PERSON.environment()}


def invoke(client: Client, name: str, event: dict[str, Any]) -> tuple[Any, str | None]:
    """The payload and the function error."""
    answer = client.aws("lambda").invoke(FunctionName=client.outputs[name], Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def execute(client: Client, state: dict[str, Any]) -> tuple[str, Any]:
    """The execution's name and its output."""
    states = client.aws("stepfunctions")
    machine = client.outputs["StateMachineArn"]
    started = states.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex, input=json.dumps(state))

    def ended() -> Any:
        execution = states.describe_execution(executionArn=started["executionArn"])
        return execution if execution["status"] != "RUNNING" else None

    execution = until(ended)
    assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
    return execution["name"], json.loads(execution["output"])


def until(look: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Looks until there is something to see."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise AssertionError("nothing came")


class TestFunctions:
    """Lambda."""

    def test_cold_then_warm(self, client: Client) -> None:
        """Invocations one after another share a process, its globals and nothing of the developer's shell."""
        first, error = invoke(client, "Probe", {})
        second, _ = invoke(client, "Probe", {})
        assert error is None
        assert second["pid"] == first["pid"]
        assert second["calls"] == first["calls"] + 1
        assert 0 < first["left_ms"] <= 1000
        assert first["name"] == client.outputs["Probe"]
        assert (first["provider"], first["token"], first["stray"]) == ("cpu", True, None)

    def test_exception(self, client: Client) -> None:
        """An exception gives its type and message, and the environment lives on."""
        before, _ = invoke(client, "Probe", {})
        payload, error = invoke(client, "Probe", {"do": "raise"})
        after, _ = invoke(client, "Probe", {})
        assert error == "Unhandled"
        assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "on purpose")
        assert after["pid"] == before["pid"]

    def test_crash(self, client: Client) -> None:
        """A process that dies is Runtime.ExitError, and the next invocation gets a new one."""
        before, _ = invoke(client, "Probe", {})
        payload, error = invoke(client, "Probe", {"do": "exit"})
        after, _ = invoke(client, "Probe", {})
        assert error == "Unhandled"
        assert payload["errorType"] == "Runtime.ExitError"
        assert "exit status 7" in payload["errorMessage"]
        assert after["pid"] != before["pid"]
        assert after["calls"] == 1

    def test_timeout(self, client: Client) -> None:
        """A function that runs past its Timeout is stopped."""
        payload, error = invoke(client, "Probe", {"do": "sleep"})
        assert error == "Unhandled"
        assert payload["errorType"] == "Sandbox.Timedout"
        assert "Task timed out after 1.00 seconds" in payload["errorMessage"]

    def test_unimportable(self, client: Client) -> None:
        """A handler that cannot be imported fails in init, with the name Lambda gives it."""
        payload, error = invoke(client, "Unimportable", {})
        assert error == "Unhandled"
        assert payload["errorType"] == "Runtime.ImportModuleError"

    def test_asynchronous_failure(self, client: Client) -> None:
        """An S3 event that keeps failing is tried as often as EventInvokeConfig says, then lands in its queue."""
        put = client.aws("s3").put_object(Bucket=client.outputs["Bucket"], Key="photos/a b.jpg", Body=b"x")
        sqs = client.aws("sqs")
        url = sqs.get_queue_url(QueueName=client.outputs["FailuresName"])["QueueUrl"]
        (message,) = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
        record = json.loads(message["Body"])
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["requestContext"]["approximateInvokeCount"] == 2
        assert record["responsePayload"]["errorMessage"] == "always"
        thing = record["requestPayload"]["Records"][0]["s3"]["object"]
        assert (thing["key"], thing["versionId"]) == ("photos/a+b.jpg", put["VersionId"])


class TestStateMachine:
    """Step Functions with Lambda and Batch."""

    def test_lambda_and_context_object(self, client: Client) -> None:
        """Substitutions are filled in and ``$$.`` survives."""
        name, output = execute(client, {})
        assert output["answer"]["execution"] == name

    def test_lambda_error_is_caught_by_name(self, client: Client) -> None:
        """The error's type is the error's name."""
        _, output = execute(client, {"do": "raise"})
        assert output["Error"] == "ValueError"

    def test_job_is_the_definitions_command(self, client: Client) -> None:
        """Environment of the definition and of the execution reach the command; success is exit code 0."""
        _, output = execute(client, {"job": "need cpu"})
        assert output["exit_code"] == 0
        assert len(output["attempts"]) == 1

    def test_job_tried_again(self, client: Client) -> None:
        """Exit code 75 earns another attempt, as evaluateOnExit says; the third one succeeds."""
        _, output = execute(client, {"job": "third time lucky"})
        assert [a["Container"]["ExitCode"] for a in output["attempts"]] == [75, 75, 0]

    def test_job_not_tried_again(self, client: Client) -> None:
        """Bad input is tried once, and the failure carries the exit code."""
        _, output = execute(client, {"job": "bad input"})
        assert output["Error"] == "States.TaskFailed"
        cause = json.loads(output["Cause"])
        assert cause["Container"]["ExitCode"] == 3
        assert [a["Container"]["ExitCode"] for a in cause["Attempts"]] == [3]

    def test_job_that_is_killed(self, client: Client) -> None:
        """A job that ran out of memory ends as a container does: 128 and the signal's number."""
        _, output = execute(client, {"job": "killed"})
        assert json.loads(output["Cause"])["Container"]["ExitCode"] == 137

    def test_job_that_hangs(self, client: Client) -> None:
        """A job is stopped at the definition's timeout, and not tried again."""
        _, output = execute(client, {"job": "hang"})
        cause = json.loads(output["Cause"])
        assert [a["StatusReason"] for a in cause["Attempts"]] == ["Job attempt duration exceeded timeout"]


class TestEvents:
    """EventBridge and SQS, as they invoke functions."""

    def test_a_rule_hears_of_an_execution(self, client: Client) -> None:
        """An execution that fails is an event; the rule's function gets it, and what it cannot take goes where it must."""
        states, sqs = client.aws("stepfunctions"), client.aws("sqs")
        machine = client.outputs["StateMachineArn"]
        states.start_execution(stateMachineArn=machine, name="breaks-off", input='{"fail": true}')
        url = sqs.get_queue_url(QueueName=client.outputs["FailuresName"])["QueueUrl"]

        def heard() -> Any:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                payload = json.loads(message["Body"])["requestPayload"]
                if payload.get("source") == "aws.states":
                    return payload["detail"]
            return None

        detail = until(heard)
        assert (detail["name"], detail["status"], detail["stateMachineArn"]) == ("breaks-off", "FAILED", machine)
        assert (json.loads(detail["input"]), detail["error"]) == ({"fail": True}, "OnPurpose")

    def test_messages_reach_their_function(self, client: Client) -> None:
        """What a topic tells a queue reaches the function; what that reports as failed, or fails with, comes again, and is
        put aside.
        """
        sns, sqs = client.aws("sns"), client.aws("sqs")
        messages, rejected = (
            sqs.get_queue_url(QueueName=client.outputs[name])["QueueUrl"] for name in ("MessagesName", "RejectedName")
        )
        for told, left in ((("good", "bad"), "bad"), (("worse",), "worse")):
            for text in told:
                sns.publish(TopicArn=client.outputs["News"], Message=text)
            (aside,) = until(lambda: sqs.receive_message(QueueUrl=rejected).get("Messages"))
            assert aside["Body"] == left
        counts = sqs.get_queue_attributes(QueueUrl=messages, AttributeNames=["All"])["Attributes"]
        assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")


class TestApi:
    """API Gateway's HTTP API."""

    def test_route(self, client: Client) -> None:
        """A path parameter reaches the function."""
        with pytest.raises(ValueError, match="Expecting"):  # the probe answers a Python dict, no JSON
            client.call("GET", "/v1/things/a-name")

    def test_unsigned(self, client: Client) -> None:
        """A route with AWS_IAM wants a signature."""
        answer = urllib3.request("GET", f"{client.outputs['ApiUrl']}/v1/things/x", retries=False)
        assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})

    def test_signed_too_long_ago(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        """A signature is good for five minutes."""
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        for minutes, answer in ((4, "Expecting"), (6, "403")):  # as above, the probe's is no JSON
            then = now - dt.timedelta(minutes=minutes)
            monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_args, then=then, **_kwargs: then)
            with pytest.raises((ValueError, NotServed), match=answer):
                client.call("GET", "/v1/things/a-name")

    def test_no_such_route(self, client: Client) -> None:
        """What the template does not route is not found."""
        with pytest.raises(NotServed, match="404"):
            client.call("GET", "/v1/other")
        with pytest.raises(NotServed, match="404"):
            client.call("DELETE", "/v1/things/x")


class TestBucket:
    """What moto's CloudFormation drops of a bucket is applied all the same."""

    def test_settings(self, client: Client) -> None:
        """Versioning, public access block, CORS, lifecycle and notification are those of the template."""
        s3, bucket = client.aws("s3"), {"Bucket": client.outputs["Bucket"]}
        assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
        block = s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
        assert block["BlockPublicAcls"] is True
        (cors,) = s3.get_bucket_cors(**bucket)["CORSRules"]
        assert (cors["AllowedMethods"], cors["MaxAgeSeconds"]) == (["POST"], 60)
        (rule,) = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
        assert (rule["ID"], rule["Expiration"]["Days"]) == ("expire", 7)
        (target,) = s3.get_bucket_notification_configuration(**bucket)["LambdaFunctionConfigurations"]
        assert target["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "photos/"}]


def test_loopback_only(home: Paths, client: Client) -> None:
    """The server listens on 127.0.0.1 and on no other address."""
    port = int(client.outputs["ApiUrl"].rsplit(":", 1)[1])
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("only Linux tells who listens where")
    listening = {line.split()[1] for line in table.read_text().splitlines()[1:] if line.split()[3] == "0A"}
    assert {address.split(":")[0] for address in listening if int(address.split(":")[1], 16) == port} == {"0100007F"}
    state = daemon.read_state(home)
    assert state is not None
    assert home.state.stat().st_mode & 0o077 == 0
