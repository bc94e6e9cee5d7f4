"""The rules of safe operation that template.yaml keeps: who may do what, what is kept and how long, who hears of trouble."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from typing import Any

import pytest

from tests.infra.template_reader import ROOT, Resource, listed, of, statements
from vivify.service import metrics, notify

# "*" as a resource: actions that know no other (AWS's service authorization reference).
UNSCOPED = {
    "batch:DescribeJobs": "how the state machine follows its job",
    "logs:CreateLogDelivery": "the state machine's log, and those below",
    "logs:DeleteLogDelivery": "",
    "logs:DescribeLogGroups": "",
    "logs:DescribeResourcePolicies": "",
    "logs:GetLogDelivery": "",
    "logs:ListLogDeliveries": "",
    "logs:PutResourcePolicy": "",
    "logs:UpdateLogDelivery": "",
    "xray:GetSamplingRules": "the state machine's traces, and those below",
    "xray:GetSamplingTargets": "",
    "xray:PutTelemetryRecords": "",
    "xray:PutTraceSegments": "",
}
# AWS's own policies, each the least there is for its purpose.
MANAGED = {
    "AWSBatchServiceRole": "what Batch itself needs to run hosts",
    "AWSLambdaBasicExecutionRole": "to write logs",
    "AWSXRayDaemonWriteAccess": "to write traces",
    "AWSXrayWriteOnlyAccess": "to write traces",
    "AmazonEC2ContainerServiceforEC2Role": "what a host needs to run containers",
}
PREFIXES = ("photos/*", "drivers/*", "faces/*", "frames/*", "clips/*")
WHOLE_BUCKET = {"SweepPhotosFunctionRole": "every photo goes when its hours are over, wherever it lies"}
SEEN_WITHOUT_PREFIX = {"s3:ListBucket", "s3:ListBucketVersions"}


# ---------------------------------------------------------------- who may do what


def test_permissions_name_their_resources(resources: dict[str, Resource]) -> None:
    """No action is a wildcard; "*" as a resource is for actions that know no other."""
    seen = 0
    for name, statement in statements(resources):
        seen += 1
        actions = listed(statement["Action"])
        assert statement["Effect"] == "Allow", name
        assert not [action for action in actions if "*" in action], name
        if "*" in listed(statement["Resource"]):
            assert set(actions) <= UNSCOPED.keys(), name
    assert seen > 20


def test_no_statement_reaches_a_whole_bucket(resources: dict[str, Resource]) -> None:
    """Objects are read, written and listed under named prefixes; who deletes what is over is the one exception."""
    for name, statement in statements(resources):
        actions = {action for action in listed(statement["Action"]) if action.startswith("s3:")}
        if not actions or name in WHOLE_BUCKET:
            continue
        if actions <= SEEN_WITHOUT_PREFIX:
            seen = listed(statement["Condition"]["StringLike"]["s3:prefix"])
            assert all(prefix in PREFIXES for prefix in seen), name
        else:
            assert all(resource["Fn::Sub"].endswith(PREFIXES) for resource in listed(statement["Resource"])), name


def test_who_finishes_a_deletion_may_do_what_it_takes(resources: dict[str, Resource]) -> None:
    """The reconciler may stop, list and delete what the API may, under the same prefixes, and no more."""

    def granted(role: str, *actions: str) -> set[tuple[str, str, str]]:
        return {
            (action, json.dumps(resource), json.dumps(prefix))
            for name, statement in statements(resources)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
            for prefix in listed(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix"))
            if name == role and action in actions
        }

    taking = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions", "states:StopExecution")
    api, reconciler = "ServeApiFunctionRole", "ReconcileFunctionRole"
    assert granted(reconciler, *taking) == granted(api, *taking) != set()
    assert granted(reconciler, "s3:ListBucket") > granted(api, "s3:ListBucket") != set()  # it looks for photos too
    assert {action for action, *_ in granted(reconciler, "dynamodb:PutItem", "dynamodb:UpdateItem")} == {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    }


def test_each_function_has_a_role_of_its_own(resources: dict[str, Resource]) -> None:
    """No two functions share permissions."""
    functions = of(resources, "AWS::Lambda::Function")
    assert sorted(f["Role"]["Fn::GetAtt"][0] for f in functions.values()) == sorted(f"{name}Role" for name in functions)


def test_roles_are_taken_by_whom_they_are_for(resources: dict[str, Resource]) -> None:
    """Each role is for one of AWS's services; the one that signs links only reads clips, and three functions may take it."""
    takers = {name for name, s in statements(resources) if "sts:AssumeRole" in listed(s["Action"])}
    functions = of(resources, "AWS::Lambda::Function").values()
    assert takers == {f["Role"]["Fn::GetAtt"][0] for f in functions if "LINK_ROLE" in f["Environment"]["Variables"]}
    for name, role in of(resources, "AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        if name == "LinkRole":
            assert trust["Principal"]["AWS"]["Fn::Sub"].endswith("${AWS::AccountId}:root")
            (policy,) = role["Policies"]
            assert [s["Action"] for s in policy["PolicyDocument"]["Statement"]] == ["s3:GetObject"]
        else:
            assert set(trust["Principal"]) == {"Service"}, name
        for managed in role.get("ManagedPolicyArns", []):
            assert (managed if isinstance(managed, str) else managed["Fn::Sub"]).rsplit("/", 1)[1] in MANAGED, name


def test_their_own_key_is_open_to_those_who_touch_data(resources: dict[str, Resource]) -> None:
    """With a key of one's own, every role that may touch data may use it, through the services that hold the data."""
    users = {ref["Ref"] for ref in resources["UseOwnKey"]["Properties"]["Roles"]}
    touching = {
        re.sub(r"ReadsPhotos$", "JobRole", name)
        for name, statement in statements(resources)
        if any(
            a.startswith(("s3:Get", "s3:Put", "dynamodb:", "sns:", "secretsmanager:")) for a in listed(statement["Action"])
        )
    }
    touching = {"DetectFaceFunctionRole" if name == "DetectFaceJobRole" else name for name in touching}
    assert {name for name in touching if name.endswith("Role")} <= users
    (statement,) = resources["UseOwnKey"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Ref": "KmsKeyArn"}
    assert len(statement["Condition"]["StringEquals"]["kms:ViaService"]) == 4


# ---------------------------------------------------------------- what is kept, and how long


def test_buckets_are_private_encrypted_and_expire(resources: dict[str, Resource]) -> None:
    """No bucket can be made public, keeps anything unencrypted, or keeps it for ever: not even what never arrived whole."""
    for name, bucket in of(resources, "AWS::S3::Bucket").items():
        assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4, name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        (encrypted,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert "SSEAlgorithm" in encrypted["ServerSideEncryptionByDefault"], name
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["Status"] == "Enabled", name
        assert "Prefix" not in rule, name
        assert rule["ExpirationInDays"], name
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}, name
        if "VersioningConfiguration" in bucket:
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}, name


def test_how_long_each_is_kept(template: dict[str, Any], resources: dict[str, Resource], machine: dict[str, Any]) -> None:
    """Photos for hours, more than a clip can take; what is made on the way for a day; clips for as many days as chosen."""
    days = {
        name: bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]
        for name, bucket in of(resources, "AWS::S3::Bucket").items()
    }
    assert days == {
        "UploadsBucket": 1,
        "WorkBucket": 1,
        "ClipsBucket": {"Ref": "ClipDays"},
        "AccessLogsBucket": {"Ref": "LogDays"},
    }
    hours = template["Parameters"]["PhotoHours"]
    assert machine["TimeoutSeconds"] <= hours["MinValue"] * 3600 <= hours["Default"] * 3600
    assert hours["MaxValue"] <= 24
    assert resources["SweepPhotosFunctionEveryHour"]["Properties"]["ScheduleExpression"] == "rate(1 hour)"


def test_buckets_speak_tls_only(resources: dict[str, Resource]) -> None:
    """Each bucket's own policy denies everything to everybody without TLS; what else it allows, it allows one service."""
    policies = of(resources, "AWS::S3::BucketPolicy").values()
    assert {policy["Bucket"]["Ref"] for policy in policies} == set(of(resources, "AWS::S3::Bucket"))
    for policy in policies:
        tls, *others = policy["PolicyDocument"]["Statement"]
        assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(tls["Resource"]) == 2
        for other in others:
            allowed = other["Fn::If"][1] if "Fn::If" in other else other
            assert set(allowed["Principal"]) == {"Service"}
            assert set(allowed["Condition"]["StringEquals"]) & {"aws:SourceArn", "aws:SourceAccount"}


def test_reading_is_logged(resources: dict[str, Resource]) -> None:
    """S3 writes down who read what from every bucket, into one that nothing else writes to."""
    buckets = of(resources, "AWS::S3::Bucket")
    logged = {
        name: b["LoggingConfiguration"]["DestinationBucketName"]["Ref"]
        for name, b in buckets.items()
        if name != "AccessLogsBucket"
    }
    assert set(logged.values()) == {"AccessLogsBucket"}
    assert not [name for name, s in statements(resources) if "AccessLogsBucket" in json.dumps(s["Resource"])]


def test_tables_can_be_restored_and_forget(resources: dict[str, Resource]) -> None:
    """Point-in-time recovery is on, records end by themselves, and KMS encrypts them."""
    for name, table in of(resources, "AWS::DynamoDB::Table").items():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert table["TimeToLiveSpecification"]["Enabled"] is True, name
        assert table["SSESpecification"]["SSEType"] == "KMS", name


def test_logs_end(template: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Every log group has its days, and every function, the job and the API write to one of them."""
    groups = of(resources, "AWS::Logs::LogGroup")
    assert {json.dumps(group["RetentionInDays"]) for group in groups.values()} == {'{"Ref": "LogDays"}'}
    assert max(template["Parameters"]["LogDays"]["AllowedValues"]) <= 90
    for name, function in of(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups, name
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    assert job["ContainerProperties"]["LogConfiguration"]["Options"]["awslogs-group"]["Ref"] in groups


def test_no_data_in_the_logs_that_aws_writes(resources: dict[str, Resource]) -> None:
    """The state machine's log tells of errors and never of inputs; the API's knows no address, caller, path or query."""
    (machine,) = of(resources, "AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    for name, stage in of(resources, "AWS::ApiGatewayV2::Stage").items():
        told = set(re.findall(r"\$context\.([\w.]+)", stage["AccessLogSettings"]["Format"]))
        assert told == {"requestId", "routeKey", "status", "responseLatency"}, name


# ---------------------------------------------------------------- the container and its hosts


def test_the_container_owns_nothing(resources: dict[str, Resource]) -> None:
    """No root, no privileges, a root file system that nobody writes to, and one scratch volume that goes with it."""
    (job,) = of(resources, "AWS::Batch::JobDefinition").values()
    container = job["ContainerProperties"]
    assert (container["User"], container["Privileged"], container["ReadonlyRootFilesystem"]) == ("10001", False, True)
    assert [(m["ContainerPath"], m["SourceVolume"]) for m in container["MountPoints"]] == [("/tmp", "scratch")]  # noqa: S108
    assert container["Volumes"] == [{"Name": "scratch", "Host": {}}]
    dockerfile = (ROOT / "functions/animate/Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\d+)", dockerfile, re.MULTILINE) == [container["User"]]


def test_hosts_give_nothing_away(resources: dict[str, Resource]) -> None:
    """Every compute environment starts its hosts with IMDSv2 alone, out of a container's reach, and an encrypted disk."""
    data = resources["GpuHosts"]["Properties"]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}
    assert all(device["Ebs"]["Encrypted"] for device in data["BlockDeviceMappings"])
    for name, environment in of(resources, "AWS::Batch::ComputeEnvironment").items():
        assert environment["ComputeResources"]["LaunchTemplate"]["LaunchTemplateId"] == {"Ref": "GpuHosts"}, name


def test_nothing_reaches_the_hosts(resources: dict[str, Resource]) -> None:
    """The hosts' security group lets nothing in, and only HTTPS out; by default their network has no way to the internet."""
    hosts = resources["GpuSecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in hosts
    assert [rule["ToPort"] for rule in hosts["SecurityGroupEgress"]] == [443]
    ways_out = [r for r in resources.values() if r["Type"] in ("AWS::EC2::InternetGateway", "AWS::EC2::Route")]
    assert [way["Condition"] for way in ways_out] == ["RoutesOut"] * 2
    for subnet in of(resources, "AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] == {"Fn::If": ["RoutesOut", True, False]}


def test_all_that_hosts_need_has_an_endpoint(template: dict[str, Any], resources: dict[str, Resource]) -> None:
    """Without the internet, images, ECS, logs, S3 and DynamoDB are reached inside; the last two only for our own things."""
    assert template["Parameters"]["Egress"]["Default"] == "endpoints"
    endpoints = of(resources, "AWS::EC2::VPCEndpoint")
    services = {e["ServiceName"]["Fn::Sub"].split("}.")[1]: e for e in endpoints.values()}
    assert set(services) == {"s3", "dynamodb", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"}
    for service in ("s3", "dynamodb"):
        for statement in services[service]["PolicyDocument"]["Statement"]:
            assert statement["Resource"] != "*"
            assert "*" not in "".join(listed(statement["Action"]))


# ---------------------------------------------------------------- who hears of trouble


def test_every_queue_has_its_dead_letters(resources: dict[str, Resource]) -> None:
    """A queue gives up into another one, or is where things are given up into: then it keeps them as long as SQS can."""
    queues = of(resources, "AWS::SQS::Queue")
    last = {name for name, queue in queues.items() if "RedrivePolicy" not in queue}
    for name, queue in queues.items():
        if name in last:
            assert queue["MessageRetentionPeriod"] == 1_209_600, name
        else:
            assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] in last, name
        assert queue["SqsManagedSseEnabled"] is True, name


def test_failed_events_are_kept(resources: dict[str, Resource]) -> None:
    """Functions that are invoked by events or schedules keep those that go on failing."""
    configs = of(resources, "AWS::Lambda::EventInvokeConfig").values()
    kept = {c["FunctionName"]["Ref"]: c["DestinationConfig"]["OnFailure"]["Destination"] for c in configs}
    invoked = {
        permission["FunctionName"]["Ref"]
        for permission in of(resources, "AWS::Lambda::Permission").values()
        if permission["Principal"] in ("s3.amazonaws.com", "events.amazonaws.com")
    }
    assert invoked <= kept.keys()
    queues = of(resources, "AWS::SQS::Queue")
    for name, destination in kept.items():
        assert destination["Fn::GetAtt"][0] in queues, name
    for name, rule in of(resources, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in queues, name


def test_every_alarm_is_heard(resources: dict[str, Resource]) -> None:
    """Each alarm says what it means, tells the Alarms topic, knows what silence means, and hangs on the dashboard."""
    shown = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, alarm in of(resources, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["TreatMissingData"] in ("notBreaching", "breaching"), name
        assert f"${{{name}.Arn}}" in shown, name
    (statement,) = resources["AlarmsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert set(statement["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    (budget,) = of(resources, "AWS::Budgets::Budget").values()
    for notification in budget["NotificationsWithSubscribers"]:
        assert notification["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": "Alarms"}}]


def test_every_dead_letter_rings(resources: dict[str, Resource]) -> None:
    """Each queue into which things are given up has an alarm on its depth."""
    alarms = of(resources, "AWS::CloudWatch::Alarm").values()
    watched = {a["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for a in alarms if a.get("Namespace") == "AWS/SQS"}
    assert watched == {name for name, queue in of(resources, "AWS::SQS::Queue").items() if "RedrivePolicy" not in queue}


def test_alarms_watch_what_is_counted(resources: dict[str, Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every metric of ours that an alarm or the dashboard names is one that the code emits, under the same dimension."""
    emitted = _emitted(monkeypatch)
    watched = set()
    for alarm in of(resources, "AWS::CloudWatch::Alarm").values():
        told = (
            [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
        )
        ours = [metric for metric in told if metric["Namespace"] == {"Ref": "AWS::StackName"}]
        assert all(metric["Dimensions"] == [{"Name": "service", "Value": "vivify"}] for metric in ours)
        watched |= {metric["MetricName"] for metric in ours}
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = {m[1] for m in re.finditer(r'\["\$\{AWS::StackName\}", "(\w+)", "service", "vivify"', body)}
    json.loads(re.sub(r"\$\{[^}]+\}", "x", body))
    assert watched <= shown
    assert shown <= emitted
    assert emitted - shown == {"PhotosSwept"}
    functions = of(resources, "AWS::Lambda::Function").values()
    assert all(f["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"} for f in functions)


def _emitted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vivify")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "x")
    times = {"arrived_at": "2026-01-15T09:30:12.482Z", "notified_at": "2026-01-15T09:31:12.482Z"}
    ready = {"clip_id": "c", "state": "ready", "gpu_seconds": 30, **times}
    kinds = {
        "photo",
        *(notify.failure_of({"Cause": json.dumps({"Container": {"ExitCode": code}})}) for code in (1, 78, 137)),
    }
    kinds |= {notify.failure_of({"Error": "States.Timeout"}), notify.failure_of({"Cause": '{"StatusReason": "CAPACITY:X"}'})}
    with redirect_stdout(io.StringIO()) as out:
        metrics.clip_ended(ready, 0.5)
        for kind in sorted(kinds):
            metrics.clip_ended({"clip_id": "c", "state": "failed", "failure": kind}, 0.5)
        metrics.reconciled({"restarted": 1}, 12.0)
        metrics.photos_swept(3)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == len(kinds) + 3
    told = [directive for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    assert all(directive["Dimensions"] == [["service"]] for directive in told)
    return {metric["Name"] for directive in told for metric in directive["Metrics"]}


def test_the_path_of_a_clip_can_be_traced(resources: dict[str, Resource]) -> None:
    """Every function and the state machine write traces."""
    for name, function in of(resources, "AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}, name
    for machine in of(resources, "AWS::StepFunctions::StateMachine").values():
        assert machine["TracingConfiguration"] == {"Enabled": True}


def test_operators_can_look_up_every_alarm_and_queue(resources: dict[str, Resource]) -> None:
    """infra/operations.md says of each alarm what it means and of each queue of dead letters what to do, and of no other."""
    page = (ROOT / "infra/operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    queues = {name for name, queue in of(resources, "AWS::SQS::Queue").items() if "RedrivePolicy" not in queue}
    assert told == {*of(resources, "AWS::CloudWatch::Alarm"), *queues, "Budget"}
