"""template.yaml to plain CloudFormation, offline, and then to what moto's CloudFormation can take."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from .coverage import BY_MOTO, UnsupportedTemplate, check
from .settings import REGION

Template = dict[str, Any]
_BATCH_ROLE = "LocalBatchRole"


@dataclass(frozen=True)
class Translated:
    """``resources``: everything the template makes, as CloudFormation would get it. ``moto``: the part moto is given."""

    resources: Mapping[str, Any]
    moto: Template
    code: Mapping[str, Path]
    outputs: Mapping[str, Any]


class _OfflinePolicies:
    """The SAM translator wants AWS's managed policies by name; asking IAM would need an account."""

    def load(self) -> dict[str, str]:
        return {
            "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
            "AWSXrayWriteOnlyAccess": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
        }


def translate(path: Path) -> Translated:
    """Reads a SAM template. Raises ``UnsupportedTemplate`` when part of it would be lost here."""
    cloudformation, code = to_cloudformation(path)
    resources: dict[str, Any] = cloudformation["Resources"]
    check(resources)
    return Translated(resources, _for_moto(cloudformation), code, cloudformation.get("Outputs", {}))


def to_cloudformation(path: Path) -> tuple[Template, dict[str, Path]]:
    """A SAM template as CloudFormation would get it, and where each function's code is."""
    sam = yaml_parse(path.read_text())
    code: dict[str, Path] = {}
    for logical_id, resource in sam["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            code[logical_id] = (path.parent / properties["CodeUri"]).resolve()
            properties["CodeUri"] = "s3://on-this-machine/function.zip"  # the translator wants a packaged address
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = "s3://on-this-machine/layer.zip"
        elif resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            definition = path.parent / properties.pop("DefinitionUri")
            properties["Definition"] = yaml.safe_load(definition.read_text())
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # the translator asks boto3 where it is
    made: Template = json.loads(json.dumps(transform(sam, {"AWS::Region": REGION}, _OfflinePolicies()), default=str))
    return made, code


def _for_moto(cloudformation: Template) -> Template:
    """A copy without what moto does not make; references to that become plain text, outputs are read elsewhere."""
    template = copy.deepcopy(cloudformation)
    resources: dict[str, Any] = template["Resources"]
    gone = {name for name, resource in resources.items() if resource["Type"] not in BY_MOTO}
    template["Resources"] = {
        name: _ADAPTERS.get(resource["Type"], lambda r: r)(_without(resource, gone))
        for name, resource in resources.items()
        if name not in gone
    }
    template["Resources"][_BATCH_ROLE] = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }
    for resource in template["Resources"].values():
        waits = resource.pop("DependsOn", [])
        kept = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in gone]
        if kept:
            resource["DependsOn"] = kept
    template.pop("Outputs", None)
    return template


def _without(node: Any, gone: set[str]) -> Any:
    if isinstance(node, list):
        return [_without(item, gone) for item in node]
    if isinstance(node, str):
        return node
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Ref"} and node["Ref"] in gone:
        return f"local-{node['Ref']}"
    if node.keys() == {"Fn::GetAtt"}:
        target = node["Fn::GetAtt"]
        name = target.split(".")[0] if isinstance(target, str) else target[0]
        return f"local-{name}" if name in gone else node
    if node.keys() == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
        text = re.sub(r"\$\{(\w+)(\.\w+)?\}", lambda m: f"local-{m[1]}" if m[1] in gone else m[0], node["Fn::Sub"])
        return {"Fn::Sub": text}
    return {key: _without(value, gone) for key, value in node.items()}


def _function(resource: Template) -> Template:
    """The code runs from the checkout; moto only needs some archive."""
    resource["Properties"]["Code"] = {"ZipFile": "# runs from the checkout"}
    for name in ("Layers", "VpcConfig", "ReservedConcurrentExecutions"):
        resource["Properties"].pop(name, None)
    return resource


def _state_machine(resource: Template) -> Template:
    """For moto, which ignores DefinitionSubstitutions; and its Fn::Sub would eat the dollar of ``$$.``, so: Fn::Join."""
    properties = resource["Properties"]
    text = properties["DefinitionString"]
    if isinstance(text, dict):
        separator, parts = text["Fn::Join"]
        text = separator.join(parts)
    values = properties.pop("DefinitionSubstitutions", {})
    pieces = re.split(r"\$\{(\w+)\}", text)
    names = pieces[1::2]
    if unknown := sorted(set(names) - values.keys()):
        raise UnsupportedTemplate(f"the state machine uses {', '.join(unknown)}, which DefinitionSubstitutions lacks")
    joined: list[Any] = [values[piece] if i % 2 else piece for i, piece in enumerate(pieces)]
    properties["DefinitionString"] = {"Fn::Join": ["", joined]}
    return resource


def _compute_environment(resource: Template) -> Template:
    """For moto, which wants to be told a role: AWS Batch has one of its own."""
    resource["Properties"].setdefault("ServiceRole", {"Fn::GetAtt": [_BATCH_ROLE, "Arn"]})
    return resource


def _job_definition(resource: Template) -> Template:
    """For moto, which looks for the timeout under a lower case name, and insists on a retry strategy."""
    properties = resource["Properties"]
    properties["timeout"] = properties.pop("Timeout", {})
    properties.setdefault("RetryStrategy", {"Attempts": 1})
    return resource


_ADAPTERS = {
    "AWS::Lambda::Function": _function,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::Batch::ComputeEnvironment": _compute_environment,
    "AWS::Batch::JobDefinition": _job_definition,
}
