"""template.yaml as CloudFormation would get it, and how its parts are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]


class _OfflinePolicies:
    def load(self) -> dict[str, str]:
        names = {"AWSLambdaBasicExecutionRole": "service-role/AWSLambdaBasicExecutionRole"}
        names |= {"AWSXRayDaemonWriteAccess": "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess": "AWSXrayWriteOnlyAccess"}
        return {name: f"arn:aws:iam::aws:policy/{path}" for name, path in names.items()}


def translated() -> dict[str, Any]:
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
    made: dict[str, Any] = json.loads(json.dumps(translated, default=str))
    return made


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


def tasks(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The states that do something."""
    return {name: state for name, state in machine["States"].items() if state["Type"] == "Task"}
