"""How template.yaml and the state machine hang together: no machine of ours enforces it, so it is read here."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

from tests.infra.template_reader import ROOT, Resource, of, tasks
from vivify.cloud import aws, settings
from vivify.service import deliver_webhook, reconcile
from vivify.service.bounds import MOST_PIXELS

# ---------------------------------------------------------------- the state machine


def test_every_task_has_an_end(machine: dict[str, Any]) -> None:
    """No task without a timeout of its own: none waits for a year, Step Functions' own limit."""
    assert {name for name, task in tasks(machine).items() if "TimeoutSeconds" not in task} == set()
    assert len(tasks(machine)) == 4


def test_every_task_retries_named_transient_errors_only(machine: dict[str, Any]) -> None:
    """Retry has backoff, full jitter and a bound, and never a wildcard that would run poison again. Each function is called
    again after the same errors; its crash and its timeout are two of them.
    """
    for name, task in tasks(machine).items():
        for rule in task["Retry"]:
            assert rule["JitterStrategy"] == "FULL", name
            assert rule["BackoffRate"] > 1, name
            assert 1 <= rule["MaxAttempts"] <= 5, name
            assert not [error for error in rule["ErrorEquals"] if error.startswith("States.")], name
    functions = [task for task in tasks(machine).values() if task["Resource"] == "${InvokeFunction}"]
    (named,) = {tuple(rule["ErrorEquals"]) for task in functions for rule in task["Retry"]}
    assert {"Runtime.ExitError", "Sandbox.Timedout"} < set(named)


def test_every_task_leads_to_the_one_failure_path(machine: dict[str, Any]) -> None:
    """Whatever goes wrong in a task is told by TellFailure, with the pointers kept; if that fails too, the end is red."""
    for name, task in tasks(machine).items():
        (rule,) = task["Catch"]
        assert rule["ErrorEquals"] == ["States.ALL"], name
        assert rule["Next"] == ("Failed" if name == "TellFailure" else "TellFailure")
        assert rule["ResultPath"] == ("$.notify_error" if name == "TellFailure" else "$.error")
        assert task["ResultPath"] is None, name
    assert machine["States"]["TellFailure"]["Next"] == "Failed"
    assert machine["States"]["Failed"]["Type"] == "Fail"


def test_the_whole_outlasts_its_parts(machine: dict[str, Any]) -> None:
    """The execution's own timeout skips the failure path, so it is longer than any way through with every retry,
    those of submissions to Batch, which are refused at once, excepted.
    """
    longest = 0
    for name, task in tasks(machine).items():
        (rule,) = task["Retry"]
        waits = sum(
            min(rule["IntervalSeconds"] * rule["BackoffRate"] ** n, rule["MaxDelaySeconds"])
            for n in range(rule["MaxAttempts"])
        )
        times = 1 if name == "Animate" else rule["MaxAttempts"] + 1  # a job that Batch does not take is refused at once
        longest += task["TimeoutSeconds"] * times + waits
    assert longest < machine["TimeoutSeconds"]


def test_a_task_outlasts_what_it_waits_for(machine: dict[str, Any], resources: dict[str, Resource]) -> None:
    """The step's timeout is beyond the function's, and beyond all of a job's attempts after the longest wait for a host, so
    that theirs is the error one sees.
    """
    functions, states = of(resources, "AWS::Lambda::Function"), machine["States"]
    assert states["Publish"]["TimeoutSeconds"] > functions["PublishClipFunction"]["Timeout"]
    assert states["TellSuccess"]["TimeoutSeconds"] > functions["NotifyFunction"]["Timeout"]
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    (queue,) = of(resources, "AWS::Batch::JobQueue").values()
    working = job["RetryStrategy"]["Attempts"] * job["Timeout"]["AttemptDurationSeconds"]
    waiting = max(limit["MaxTimeSeconds"] for limit in queue["JobStateTimeLimitActions"])
    assert states["Animate"]["TimeoutSeconds"] > working + waiting


def test_publishing_can_take_the_largest_clip(resources: dict[str, Resource]) -> None:
    """With a third of its time and half of its room to spare. Measured: 50 ns of CPU and 0.25 bytes a pixel at most."""
    publish = of(resources, "AWS::Lambda::Function")["PublishClipFunction"]
    cpus = publish["MemorySize"] / 1769  # Lambda gives as many as that
    assert publish["Timeout"] * 2 / 3 > MOST_PIXELS * 50e-9 / cpus
    assert publish["EphemeralStorage"]["Size"] * 2**20 / 2 > MOST_PIXELS * 0.25


def test_an_attempt_can_make_the_largest_clip(resources: dict[str, Resource]) -> None:
    """In half of its time at the pace of two cores, measured as 58 frames of 512 x 512 a second."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    assert job["Timeout"]["AttemptDurationSeconds"] / 2 > MOST_PIXELS / (58 * 512 * 512)


def test_the_smallest_host_holds_a_job(resources: dict[str, Resource]) -> None:
    """What no host could give would wait for ever: an xlarge has 4 vCPUs, one GPU and 16 GiB, of which its system keeps
    some hundred MiB.
    """
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    asked = {item["Type"]: int(item["Value"]) for item in job["ContainerProperties"]["ResourceRequirements"]}
    assert asked.pop("MEMORY") <= 15 * 1024
    assert asked == {"GPU": 1, "VCPU": 4}


def test_no_partition_is_named() -> None:
    """AWS's partitions (GovCloud's is aws-us-gov) begin their ARNs each in its own way: only ${AWS::Partition} does."""
    for file in ("template.yaml", "infra/clip.asl.yaml"):
        found = re.findall(r"\barn:(?!\$\{AWS::Partition\})", (ROOT / file).read_text(encoding="utf-8"))
        assert found == [], file


def test_every_name_in_the_definition_is_given(machine: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Each ${...} of the state machine has its substitution in the template, and none is left over."""
    given = of(resources, "AWS::StepFunctions::StateMachine")["ClipStateMachine"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(machine))) == set(given)


def test_the_job_gets_every_variable_it_reads(machine: dict[str, Any], resources: dict[str, Resource]) -> None:
    """The job definition and the state machine together set exactly what the job's settings require, and the region."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    overrides = machine["States"]["Animate"]["Parameters"]["ContainerOverrides"]["Environment"]
    given = [item["Name"] for item in job["ContainerProperties"]["Environment"] + overrides]
    needed = [field.name.upper() for field in fields(settings.AnimateClip) if field.default is MISSING]
    assert sorted(given) == sorted([*needed, "AWS_DEFAULT_REGION"])


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("ServeApiFunction", "ServeApi"),
        ("DetectFaceFunction", "DetectFace"),
        ("PublishClipFunction", "PublishClip"),
        ("NotifyFunction", "Notify"),
        ("SweepPhotosFunction", "SweepPhotos"),
        ("ReconcileFunction", "Reconcile"),
        ("DeliverWebhookFunction", "DeliverWebhook"),
    ],
)
def test_functions_get_every_variable_they_read(resources: dict[str, Resource], function: str, kind: str) -> None:
    """The template gives each function exactly the variables of its settings, the table's name, and powertools' own."""
    given = of(resources, "AWS::Lambda::Function")[function]["Environment"]["Variables"]
    read = {field.name.upper() for field in fields(getattr(settings, kind))}
    assert set(given) == read | {"TABLE_NAME", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


def test_a_call_that_hangs_is_made_again_in_time(resources: dict[str, Resource]) -> None:
    """Functions that somebody waits for have the time to ask the table, or any service but S3, twice."""
    asking = aws._CONFIG
    functions = of(resources, "AWS::Lambda::Function")
    for name in ("ServeApiFunction", "NotifyFunction"):
        assert 2 * (asking.connect_timeout + asking.read_timeout) < functions[name]["Timeout"], name
    assert asking.retries["total_max_attempts"] >= 2


# ---------------------------------------------------------------- Batch


def test_batch_retries_what_another_attempt_can_cure(resources: dict[str, Resource]) -> None:
    """Host loss, a container that never began and exit code 75 are retried; the last rule ends everything else at once."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    *retried, last = job["RetryStrategy"]["EvaluateOnExit"]
    assert retried == [
        {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
        {"Action": "RETRY", "OnStatusReason": "Task failed to start*"},
        {"Action": "RETRY", "OnExitCode": "75"},
    ]
    assert last == {"Action": "EXIT", "OnReason": "*"}
    assert 2 <= job["RetryStrategy"]["Attempts"] <= 5


def test_gpus_are_paid_for_while_they_work(resources: dict[str, Resource]) -> None:
    """Idle environments hold no vCPU but those kept warm, and Spot is asked first."""
    environments = of(resources, "AWS::Batch::ComputeEnvironment")
    (queue,) = of(resources, "AWS::Batch::JobQueue").values()
    order = sorted(queue["ComputeEnvironmentOrder"], key=lambda entry: entry["Order"])
    kinds = [environments[entry["ComputeEnvironment"]["Ref"]]["ComputeResources"]["Type"] for entry in order]
    assert kinds == ["SPOT", "EC2"]
    for properties in environments.values():
        hosts = properties["ComputeResources"]
        assert hosts["MinvCpus"] == (0 if hosts["Type"] == "EC2" else {"Ref": "WarmGpuVcpus"})
        assert hosts["MaxvCpus"] == {"Ref": "MaxGpuVcpus"}
        assert all(name.split(".")[0] in ("g4dn", "g5") for name in hosts["InstanceTypes"])


def test_gpus_have_a_hard_cap(template: dict[str, Any]) -> None:
    """Whoever deploys chooses how many GPUs there may be and how many stay warm, within bounds that a slip cannot pass."""
    most, warm = (template["Parameters"][name] for name in ("MaxGpuVcpus", "WarmGpuVcpus"))
    assert (most["Type"], most["MinValue"], most["MaxValue"]) == ("Number", 4, 256)
    assert (warm["Type"], warm["Default"], warm["MaxValue"]) == ("Number", 0, 64)


def test_a_host_that_never_comes_is_given_up(machine: dict[str, Any], resources: dict[str, Resource]) -> None:
    """The queue cancels a job that waits for a host, for whatever reason, before the state machine loses patience."""
    (queue,) = of(resources, "AWS::Batch::JobQueue").values()
    limits = queue["JobStateTimeLimitActions"]
    assert {limit["Reason"].split(":")[0] for limit in limits} == {"CAPACITY", "MISCONFIGURATION"}
    for limit in limits:
        assert (limit["State"], limit["Action"]) == ("RUNNABLE", "CANCEL")
        assert 600 <= limit["MaxTimeSeconds"] < machine["States"]["Animate"]["TimeoutSeconds"]


# ---------------------------------------------------------------- nothing is lost


def test_an_execution_that_breaks_off_is_heard(resources: dict[str, Resource]) -> None:
    """However an execution of ours ends but well, notify is told of it, and what notify does not take is kept."""
    rules = of(resources, "AWS::Events::Rule").values()
    (rule,) = [rule for rule in rules if "Step Functions Execution Status Change" in str(rule.get("EventPattern"))]
    detail = rule["EventPattern"]["detail"]
    assert detail == {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": [{"Ref": "ClipStateMachine"}]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["NotifyFunction", "Arn"]}
    assert "DeadLetterConfig" in target


def test_the_reconciler_comes_often(resources: dict[str, Resource]) -> None:
    """Every five minutes, by a schedule that invokes it as it is."""
    rules = of(resources, "AWS::Events::Rule").values()
    targets = {target["Arn"]["Fn::GetAtt"][0]: rule for rule in rules for target in rule["Targets"]}
    assert targets["ReconcileFunction"]["ScheduleExpression"] == "rate(5 minutes)"


def test_the_reconciler_interrupts_nobody(resources: dict[str, Resource]) -> None:
    """It waits longer than detection can take, with all of Lambda's own tries and the waits between them."""
    timeout = of(resources, "AWS::Lambda::Function")["DetectFaceFunction"]["Timeout"]
    configs = of(resources, "AWS::Lambda::EventInvokeConfig").values()
    (retries,) = [c["MaximumRetryAttempts"] for c in configs if c["FunctionName"] == {"Ref": "DetectFaceFunction"}]
    waits = 60 + 120  # Lambda's, before the second and the third try
    assert reconcile.QUIET.total_seconds() > (retries + 1) * timeout + waits


def test_pending_clips_can_be_found(resources: dict[str, Resource]) -> None:
    """The index that the reconciler asks: pending records, by when they last changed."""
    indexes = [
        index for t in of(resources, "AWS::DynamoDB::Table").values() for index in t.get("GlobalSecondaryIndexes", [])
    ]
    (pending,) = [index for index in indexes if index["IndexName"] == "pending"]
    assert [key["AttributeName"] for key in pending["KeySchema"]] == ["pending", "updated_at"]
    assert pending["Projection"] == {"ProjectionType": "ALL"}


def test_webhooks_are_tried_for_a_day(resources: dict[str, Resource]) -> None:
    """One message at a time, tried as often as there are waits and once more, then put aside; kept for longer than that."""
    queue = of(resources, "AWS::SQS::Queue")["WebhookQueue"]
    (mapping,) = of(resources, "AWS::Lambda::EventSourceMapping").values()
    timeout = of(resources, "AWS::Lambda::Function")["DeliverWebhookFunction"]["Timeout"]
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == len(deliver_webhook.DELAYS) + 1
    assert 23 * 3600 < sum(deliver_webhook.DELAYS) <= 24 * 3600 < queue["MessageRetentionPeriod"]


# ---------------------------------------------------------------- who may ask


def test_nobody_gets_in_unknown(resources: dict[str, Resource]) -> None:
    """Every route wants a signature of IAM or a token of the issuer; no parameter opens one, no function has a URL."""
    bodies = [api["Body"] for api in of(resources, "AWS::ApiGatewayV2::Api").values() if "Body" in api]
    operations = [operation for body in bodies for path in body["paths"].values() for operation in path.values()]
    assert [operation["security"] for operation in operations] == [[{"AWS_IAM": []}]] * 2
    routes = of(resources, "AWS::ApiGatewayV2::Route").values()
    assert [(route["AuthorizationType"], route["AuthorizerId"]) for route in routes] == [
        ("JWT", {"Ref": "BrowserAuthorizer"})
    ] * 3
    assert "$default" not in {route["RouteKey"] for route in routes}
    assert not [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Url"]
    (authorizer,) = of(resources, "AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["JwtConfiguration"] == {"Issuer": {"Ref": "JwtIssuer"}, "Audience": [{"Ref": "JwtAudience"}]}


def test_the_door_for_browsers_is_opened_on_purpose(template: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Without an issuer nothing of it is made; with one, the audience and the pages' one origin must be named."""
    doors = {name: resource for name, resource in resources.items() if name.startswith("Browser")}
    assert len(doors) == 8
    assert {resource["Condition"] for resource in doors.values()} == {"ForBrowsers"}
    assert template["Parameters"]["JwtIssuer"]["Default"] == ""
    assert template["Conditions"]["ForBrowsers"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}]}
    (rule,) = template["Rules"]["BrowsersAreKnown"]["Assertions"]
    assert "JwtAudience" in json.dumps(rule["Assert"])
    assert "BrowserOrigin" in json.dumps(rule["Assert"])
    cors = doors["BrowserApi"]["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == [{"Ref": "BrowserOrigin"}]
    assert "AllowCredentials" not in cors


def test_nobody_gets_in_too_fast(resources: dict[str, Resource]) -> None:
    """Both doors hold every route to a rate, and the one that begins work to a lower one."""
    for stage in of(resources, "AWS::ApiGatewayV2::Stage").values():
        rest, create = stage["DefaultRouteSettings"], stage["RouteSettings"]["POST /v1/clips"]
        assert 0 < create["ThrottlingRateLimit"] < rest["ThrottlingRateLimit"] <= 100
        assert 0 < create["ThrottlingBurstLimit"] < rest["ThrottlingBurstLimit"] <= 100
