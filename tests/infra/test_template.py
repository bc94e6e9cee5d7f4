"""How template.yaml and the state machine hang together: no machine of ours enforces it, so it is read here."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

from tests.infra.template_reader import Resource, of, tasks
from vivify.cloud import settings

# ---------------------------------------------------------------- the state machine


def test_every_task_has_an_end(machine: dict[str, Any]) -> None:
    """No task without a timeout of its own: none waits for a year, Step Functions' own limit."""
    assert {name for name, task in tasks(machine).items() if "TimeoutSeconds" not in task} == set()
    assert len(tasks(machine)) == 4


def test_every_task_retries_named_transient_errors_only(machine: dict[str, Any]) -> None:
    """Retry has backoff, full jitter and a bound, and never a wildcard that would run poison again."""
    for name, task in tasks(machine).items():
        for rule in task["Retry"]:
            assert rule["JitterStrategy"] == "FULL", name
            assert rule["BackoffRate"] > 1, name
            assert 1 <= rule["MaxAttempts"] <= 5, name
            assert not [error for error in rule["ErrorEquals"] if error.startswith("States.")], name


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
    """The execution's own timeout skips the failure path, so it is longer than any way through with every retry."""
    longest = 0
    for task in tasks(machine).values():
        (rule,) = task["Retry"]
        waits = sum(
            min(rule["IntervalSeconds"] * rule["BackoffRate"] ** n, rule["MaxDelaySeconds"])
            for n in range(rule["MaxAttempts"])
        )
        longest += task["TimeoutSeconds"] * (rule["MaxAttempts"] + 1) + waits
    assert longest < machine["TimeoutSeconds"]


def test_a_task_outlasts_what_it_waits_for(machine: dict[str, Any], resources: dict[str, Resource]) -> None:
    """The step's timeout is beyond the function's and the job attempt's, so that theirs is the error one sees."""
    functions, states = of(resources, "AWS::Lambda::Function"), machine["States"]
    assert states["Publish"]["TimeoutSeconds"] > functions["PublishClipFunction"]["Timeout"]
    assert states["TellSuccess"]["TimeoutSeconds"] > functions["NotifyFunction"]["Timeout"]
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    assert states["Animate"]["TimeoutSeconds"] > job["Timeout"]["AttemptDurationSeconds"]


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
        ("CreateClipFunction", "CreateClip"),
        ("GetClipFunction", "GetClip"),
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


# ---------------------------------------------------------------- Batch


def test_batch_retries_what_another_attempt_can_cure(resources: dict[str, Resource]) -> None:
    """Host loss and exit code 75 are retried; the last rule ends everything else at once."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    *retried, last = job["RetryStrategy"]["EvaluateOnExit"]
    assert [rule["Action"] for rule in retried] == ["RETRY", "RETRY"]
    assert {"OnStatusReason": "Host EC2*", "Action": "RETRY"} in retried
    assert {"OnExitCode": "75", "Action": "RETRY"} in retried
    assert last == {"Action": "EXIT", "OnReason": "*"}
    assert 2 <= job["RetryStrategy"]["Attempts"] <= 5


def test_gpus_are_paid_for_while_they_work(resources: dict[str, Resource]) -> None:
    """Idle environments hold no vCPU but those kept warm, Spot is asked first, and a job has one GPU."""
    environments = of(resources, "AWS::Batch::ComputeEnvironment")
    (queue,) = of(resources, "AWS::Batch::JobQueue").values()
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    order = sorted(queue["ComputeEnvironmentOrder"], key=lambda entry: entry["Order"])
    kinds = [environments[entry["ComputeEnvironment"]["Ref"]]["ComputeResources"]["Type"] for entry in order]
    assert kinds == ["SPOT", "EC2"]
    for properties in environments.values():
        hosts = properties["ComputeResources"]
        assert hosts["MinvCpus"] == (0 if hosts["Type"] == "EC2" else {"Ref": "WarmGpuVcpus"})
        assert hosts["MaxvCpus"] == {"Ref": "MaxGpuVcpus"}
        assert all(name.split(".")[0] in ("g4dn", "g5") for name in hosts["InstanceTypes"])
    assert {"Type": "GPU", "Value": "1"} in job["ContainerProperties"]["ResourceRequirements"]


# ---------------------------------------------------------------- who may ask


def test_only_the_account_may_ask(resources: dict[str, Resource]) -> None:
    """Every route of the API wants a signature."""
    (api,) = of(resources, "AWS::ApiGatewayV2::Api").values()
    routes = [
        (path, method, operation) for path, methods in api["Body"]["paths"].items() for method, operation in methods.items()
    ]
    assert {(path, method) for path, method, _ in routes} == {
        ("/v1/clips", "post"),
        ("/v1/clips/{clip_id}", "get"),
    }
    assert all(operation["security"] == [{"AWS_IAM": []}] for _, _, operation in routes)
