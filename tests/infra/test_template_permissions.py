"""Who may do what, as template.yaml gives it: named actions on named things, a role for each, and no more."""

from __future__ import annotations

import json
import re

from tests.infra.template_reader import Resource, listed, of, statements

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
    "AWSLambdaBasicExecutionRole": "to write logs",
    "AWSXRayDaemonWriteAccess": "to write traces",
    "AWSXrayWriteOnlyAccess": "to write traces",
    "AmazonEC2ContainerServiceforEC2Role": "what a host needs to run containers",
}
PREFIXES = ("photos/*", "drivers/*", "faces/*", "frames/*", "clips/*")
WHOLE_BUCKET = {"SweepPhotosFunctionRole": "every photo goes when its hours are over, wherever it lies"}
SEEN_WITHOUT_PREFIX = {"s3:ListBucket", "s3:ListBucketVersions"}


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


def test_a_photo_is_reached_by_its_version(resources: dict[str, Resource]) -> None:
    """Of photos named versions are read and deleted, and never whatever is the newest. Whether one is there is asked by
    listing: to HEAD S3 may answer 403 and not 404 where only a prefix may be listed.
    """
    seen = set()
    for name, statement in statements(resources):
        for resource in listed(statement["Resource"]):
            if resource == {"Fn::Sub": "${UploadsBucket.Arn}/photos/*"}:
                seen |= set(listed(statement["Action"]))
            elif resource == {"Fn::GetAtt": ["UploadsBucket", "Arn"]}:
                assert listed(statement["Action"]) == ["s3:ListBucketVersions"], name
    assert seen == {"s3:PutObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion"}


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

    taking = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "states:StopExecution")
    api, reconciler = "ServeApiFunctionRole", "ReconcileFunctionRole"
    assert granted(reconciler, *taking) == granted(api, *taking) != set()
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
