"""The rules that template.yaml and the state machine keep: one machine enforces none of them, so they are read here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from vivify.cloud import settings

ROOT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]

# Actions that know no resources, so that "*" is the only one they take (AWS's service authorization reference).
UNSCOPED = {
    "batch:DescribeJobs",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


class _OfflinePolicies:
    def load(self) -> dict[str, str]:
        role = "AWSLambdaBasicExecutionRole"
        return {role: f"arn:aws:iam::aws:policy/service-role/{role}"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Resource]:
    """What CloudFormation would get: the template after SAM's own translation."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri"):
            if name in properties:
                properties[name] = "s3://somewhere/code.zip"
        if properties.pop("DefinitionUri", None):
            properties["Definition"] = yaml.safe_load((ROOT / "infra/clip.asl.yaml").read_text())
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")  # the translator asks boto3 for one
        translated = transform(template, {}, _OfflinePolicies())
    made: dict[str, Resource] = json.loads(json.dumps(translated["Resources"], default=str))
    return made


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "infra/clip.asl.yaml").read_text(encoding="utf-8"))
    return loaded


def of(resources: dict[str, Resource], kind: str) -> dict[str, Resource]:
    """The properties of every resource of a type; there is at least one."""
    found = {name: r.get("Properties", {}) for name, r in resources.items() if r["Type"] == kind}
    assert found, f"the template has no {kind}"
    return found


def statements(resources: dict[str, Resource]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement that gives permissions to a role of ours."""
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if resource["Type"] == "AWS::IAM::Policy":
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- the state machine


def tasks(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in machine["States"].items() if state["Type"] == "Task"}


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
        ("ReconcileFunction", "Reconcile"),
        ("DeliverWebhookFunction", "DeliverWebhook"),
    ],
)
def test_functions_get_every_variable_they_read(resources: dict[str, Resource], function: str, kind: str) -> None:
    """The template gives each function exactly the variables of its settings, and powertools its service name."""
    given = of(resources, "AWS::Lambda::Function")[function]["Environment"]["Variables"]
    read = {field.name.upper() for field in fields(getattr(settings, kind))}
    assert set(given) == read | {"POWERTOOLS_SERVICE_NAME"}


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


def test_nothing_reaches_the_hosts(resources: dict[str, Resource]) -> None:
    """The hosts' security group lets nothing in, and only HTTPS out."""
    (group,) = of(resources, "AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group
    assert [rule["ToPort"] for rule in group["SecurityGroupEgress"]] == [443]


# ---------------------------------------------------------------- what is kept


def test_buckets_are_private_encrypted_and_expire(resources: dict[str, Resource]) -> None:
    """No bucket can be made public, keeps anything unencrypted, or keeps it for ever."""
    for name, bucket in of(resources, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, name
        assert bucket["BucketEncryption"], name
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert [rule["Status"] for rule in rules if "ExpirationInDays" in rule] == ["Enabled"], name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        if "VersioningConfiguration" in bucket:
            assert rules[0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}, name


def test_buckets_speak_tls_only(resources: dict[str, Resource]) -> None:
    """Each bucket's own policy denies every action, on itself and its objects, without TLS."""
    policies = of(resources, "AWS::S3::BucketPolicy").values()
    assert {policy["Bucket"]["Ref"] for policy in policies} == set(of(resources, "AWS::S3::Bucket"))
    for policy in policies:
        statement, *_ = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(statement["Resource"]) == 2


def test_the_table_can_be_restored_and_forgets(resources: dict[str, Resource]) -> None:
    """Point-in-time recovery is on, and records end by themselves."""
    (table,) = of(resources, "AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_on", "Enabled": True}


def test_logs_end(resources: dict[str, Resource]) -> None:
    """Every log group has its days, and every function writes to one of them."""
    groups = of(resources, "AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] <= 90 for group in groups.values())
    for name, function in of(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups, name


def test_no_data_in_the_executions_logs(resources: dict[str, Resource]) -> None:
    """The state machine's log tells of errors and never of inputs."""
    (machine,) = of(resources, "AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


# ---------------------------------------------------------------- who may do what


def test_failed_events_are_kept(resources: dict[str, Resource]) -> None:
    """Functions that are invoked by events keep those that go on failing, for the longest time SQS has."""
    configs = of(resources, "AWS::Lambda::EventInvokeConfig").values()
    kept = {c["FunctionName"]["Ref"]: c["DestinationConfig"]["OnFailure"]["Destination"] for c in configs}
    invoked = [
        permission["FunctionName"]["Ref"]
        for permission in of(resources, "AWS::Lambda::Permission").values()
        if permission["Principal"] in ("s3.amazonaws.com", "events.amazonaws.com")
    ]
    assert sorted(invoked) == sorted(kept) == ["DetectFaceFunction", "NotifyFunction", "ReconcileFunction"]
    queues = of(resources, "AWS::SQS::Queue")
    for destination in kept.values():
        assert queues[destination["Fn::GetAtt"][0]]["MessageRetentionPeriod"] == 1_209_600


def test_permissions_name_their_resources(resources: dict[str, Resource]) -> None:
    """No action is a wildcard; "*" as a resource is for actions that know no other."""
    seen = 0
    for name, statement in statements(resources):
        seen += 1
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action], name
        if "*" in listed(statement["Resource"]):
            assert set(actions) <= UNSCOPED, name
    assert seen > 12


def test_no_statement_reaches_a_whole_bucket(resources: dict[str, Resource]) -> None:
    """Objects are read and written under one prefix at a time."""
    for name, statement in statements(resources):
        actions = [action for action in listed(statement["Action"]) if action.startswith("s3:")]
        if actions and not set(actions) <= {"s3:ListBucket", "s3:ListBucketVersions"}:
            for resource in listed(statement["Resource"]):
                assert resource["Fn::Sub"].endswith(("photos/*", "faces/*", "frames/*", "clips/*")), name


def test_each_function_has_a_role_of_its_own(resources: dict[str, Resource]) -> None:
    """No two functions share permissions."""
    roles = [f["Role"]["Fn::GetAtt"][0] for f in of(resources, "AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles) == 7


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
