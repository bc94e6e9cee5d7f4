"""What the local deployment would silently leave out, it refuses instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local import deploy
from infra.local.coverage import BY_MOTO, BY_US, IGNORED, UnsupportedTemplate, check
from infra.local.routes import routes
from infra.local.translate import translate

BUCKET = {"Type": "AWS::S3::Bucket"}


def test_unknown_resource() -> None:
    """A resource that nobody makes here, and nobody decided to ignore, stops the deployment by name."""
    with pytest.raises(UnsupportedTemplate, match="Cache: AWS::ElastiCache::CacheCluster is neither made"):
        check({"Cache": {"Type": "AWS::ElastiCache::CacheCluster"}, "Bucket": BUCKET})


def test_unread_property() -> None:
    """A property of a resource we do make, which nobody here reads, stops the deployment too."""
    with pytest.raises(UnsupportedTemplate, match="nothing here reads AWS::S3::Bucket's ObjectLockEnabled"):
        check({"Bucket": {**BUCKET, "Properties": {"ObjectLockEnabled": True}}})


def test_everything_wrong_is_told_at_once() -> None:
    """One run names every fault."""
    with pytest.raises(UnsupportedTemplate) as refused:
        check({"A": {"Type": "X::Y::Z"}, "B": {"Type": "P::Q::R"}})
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    "back",
    [
        {"Ref": "Bucket"},
        {"Fn::GetAtt": ["Bucket", "Arn"]},
        {"Fn::Sub": "${Bucket.Arn}/photos/*"},
        {"Fn::Sub": ["${B}", {"B": {"Ref": "Bucket"}}]},
    ],
)
def test_circular_dependency(back: Any) -> None:
    """A circle, which CloudFormation refuses and moto would recurse into, is told as a chain."""
    resources = {
        "Bucket": {**BUCKET, "Properties": {"NotificationConfiguration": {"Ref": "Machine"}}},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": back}},
    }
    with pytest.raises(UnsupportedTemplate, match="Bucket -> Machine -> Bucket"):
        check(resources)


def test_depends_on_counts() -> None:
    """DependsOn makes a circle as a reference does."""
    with pytest.raises(UnsupportedTemplate, match="A -> B -> A"):
        check({"A": {**BUCKET, "DependsOn": "B"}, "B": {**BUCKET, "DependsOn": ["A"]}})


def test_undefined_substitution(tmp_path: Path) -> None:
    """A state machine that uses a name without a value is refused, not deployed with a hole in it."""
    (tmp_path / "machine.yaml").write_text("StartAt: A\nStates: {A: {Type: Pass, Comment: '${Nowhere}', End: true}}\n")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources: {M: {Type: AWS::Serverless::StateMachine,"
        " Properties: {DefinitionUri: machine.yaml, Role: 'arn:aws:iam::123456789012:role/r'}}}\n"
    )
    with pytest.raises(UnsupportedTemplate, match="Nowhere"):
        translate(tmp_path / "template.yaml")


@pytest.mark.parametrize(
    ("read", "properties"),
    [
        (deploy._lifecycle, {"Id": "a", "Status": "Enabled", "ExpirationInDays": 1, "Transitions": []}),
        (deploy._notification, {"LambdaConfigurations": [], "QueueConfigurations": []}),
    ],
)
def test_unread_part_of_a_property(read: Callable[[Any], Any], properties: Any) -> None:
    """What lies deeper is refused as well, where it would be left out."""
    with pytest.raises(UnsupportedTemplate, match=r"(Transitions|QueueConfigurations) is read by nothing here"):
        read(properties)


def test_a_door_that_nobody_keeps() -> None:
    """A route that asks for neither IAM nor a token would be open here: it is refused."""
    operation = {
        "x-amazon-apigateway-integration": {"uri": {"Fn::Sub": "arn:${F.Arn}/invocations"}},
        "security": [{"NONE": []}],
    }
    body = {"paths": {"/v1/clips": {"get": operation}}}
    api = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}
    with pytest.raises(ValueError, match="GET /v1/clips asks for an authorization"):
        routes({"Api": api}, {"F": "f"}, lambda node: node)


def test_the_template_passes(root: Path) -> None:
    """Every resource of template.yaml is made here or ignored for a stated reason."""
    kinds = {resource["Type"] for resource in translate(root / "template.yaml").resources.values()}
    assert kinds <= BY_MOTO | BY_US | IGNORED.keys()


def test_no_type_is_on_two_lists() -> None:
    """Made by moto, made by us, ignored with a reason: each type is one of them."""
    assert not BY_MOTO & BY_US
    assert not (BY_MOTO | BY_US) & IGNORED.keys()
    assert all(len(reason.split()) > 3 for reason in IGNORED.values())
