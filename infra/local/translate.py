"""template.yaml to plain CloudFormation, offline, and then to what moto's CloudFormation can take.

Nothing is skipped in silence: a resource type that is neither made here nor in `IGNORED` stops the deployment, and so
does a property of the types that matter most when nobody here reads it.
"""

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

from .settings import REGION

Template = dict[str, Any]


class UnsupportedTemplate(Exception):
    """The template asks for something the local stack would silently leave out."""


# Made by moto's CloudFormation as they are, or after `_ADAPTERS`.
BY_MOTO = frozenset(
    {
        "AWS::Batch::ComputeEnvironment",
        "AWS::Batch::JobDefinition",
        "AWS::Batch::JobQueue",
        "AWS::DynamoDB::Table",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::StepFunctions::StateMachine",
    }
)

# Made by infra.local itself, around moto.
BY_US = frozenset(
    {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Events::Rule",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::SNS::Subscription",
        "AWS::SecretsManager::Secret",
    }
)

# Left out on purpose, and why that is no loss here.
IGNORED: Mapping[str, str] = {
    "AWS::Budgets::Budget": "nothing here costs anything",
    "AWS::CloudFront::Distribution": "links are signed through S3 here",
    "AWS::CloudFront::OriginAccessControl": "links are signed through S3 here",
    "AWS::CloudWatch::Alarm": "no metrics here; tests of the template check the alarms",
    "AWS::CloudWatch::Dashboard": "no metrics here to show",
    "AWS::EC2::InternetGateway": "the job runs on this machine's network",
    "AWS::EC2::LaunchTemplate": "the job runs on this machine, not on an EC2 host",
    "AWS::EC2::Route": "the job runs on this machine's network",
    "AWS::EC2::RouteTable": "the job runs on this machine's network",
    "AWS::EC2::SubnetRouteTableAssociation": "the job runs on this machine's network",
    "AWS::EC2::VPCEndpoint": "the job runs on this machine's network",
    "AWS::EC2::VPCGatewayAttachment": "the job runs on this machine's network",
    "AWS::ECR::Repository": "the job runs from the checkout, not from an image",
    "AWS::IAM::ManagedPolicy": "nothing here enforces IAM; tests of the template check the policies",
    "AWS::IAM::Policy": "nothing here enforces IAM; tests of the template check the policies",
    "AWS::Lambda::LayerVersion": "functions run in this Python environment, which holds what the layers hold",
    "AWS::Lambda::Permission": "nothing here enforces IAM; tests of the template check the policies",
    "AWS::Logs::LogGroup": "logs are files under out/local/logs",
    "AWS::S3::BucketPolicy": "nothing here enforces IAM; tests of the template check the policies",
    "AWS::SNS::TopicPolicy": "nothing here enforces IAM; tests of the template check the policies",
    "AWS::SQS::QueuePolicy": "nothing here enforces IAM; tests of the template check the policies",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The properties somebody here reads (first), and those without meaning on one machine (second).
_READ_PROPERTIES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "AWS::S3::Bucket": (
        _names(
            "BucketName BucketEncryption CorsConfiguration LifecycleConfiguration NotificationConfiguration "
            "OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration"
        ),
        _names("LoggingConfiguration"),
    ),
    "AWS::Lambda::Function": (
        _names("Code DeadLetterConfig Description Environment FunctionName Handler MemorySize Role Runtime Timeout"),
        _names(
            "Architectures EphemeralStorage Layers LoggingConfig PackageType ReservedConcurrentExecutions Tags "
            "TracingConfig VpcConfig KmsKeyArn"
        ),
    ),
    "AWS::Lambda::EventInvokeConfig": (
        _names("DestinationConfig FunctionName MaximumRetryAttempts Qualifier"),
        _names("MaximumEventAgeInSeconds"),
    ),
    "AWS::Events::Rule": (
        _names("EventPattern ScheduleExpression Targets"),
        _names("Description Name State"),
    ),
    "AWS::Lambda::EventSourceMapping": (
        _names("BatchSize EventSourceArn FunctionName FunctionResponseTypes"),
        _names("ScalingConfig Tags"),
    ),
    "AWS::SNS::Subscription": (
        _names("Endpoint FilterPolicy Protocol RawMessageDelivery TopicArn"),
        _names("RedrivePolicy"),
    ),
    "AWS::SecretsManager::Secret": (
        _names("GenerateSecretString"),
        _names("Description KmsKeyId Name Tags"),
    ),
    "AWS::StepFunctions::StateMachine": (
        _names("DefinitionString DefinitionSubstitutions RoleArn StateMachineName StateMachineType"),
        _names("LoggingConfiguration Tags TracingConfiguration"),
    ),
    "AWS::Batch::JobDefinition": (
        _names("ContainerProperties JobDefinitionName Parameters RetryStrategy Timeout Type"),
        _names("PlatformCapabilities PropagateTags Tags"),
    ),
}


@dataclass(frozen=True)
class Translated:
    """`resources`: everything the template makes, as CloudFormation would get it. `moto`: the part moto is given."""

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
    """Reads a SAM template. Raises `UnsupportedTemplate` when part of it would be lost here."""
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


def check(resources: Mapping[str, Any]) -> None:
    """Raises `UnsupportedTemplate` naming every resource and property the local stack would silently leave out."""
    faults = []
    for logical_id, resource in resources.items():
        kind = resource["Type"]
        if kind not in BY_MOTO | BY_US | IGNORED.keys():
            faults.append(f"{logical_id}: {kind} is neither made locally nor on the list of what is ignored")
        if kind in _READ_PROPERTIES:
            read, meaningless = _READ_PROPERTIES[kind]
            unread = sorted(resource.get("Properties", {}).keys() - read - meaningless)
            faults += [f"{logical_id}: nothing here reads {kind}'s {name}" for name in unread]
    if cycle := _cycle(resources):
        faults.append(f"circular dependency, which CloudFormation refuses: {' -> '.join(cycle)}")
    if faults:
        raise UnsupportedTemplate("\n".join(faults))


def _cycle(resources: Mapping[str, Any]) -> list[str]:
    """A chain of resources that wait for one another, or nothing. moto would only recurse until it breaks."""
    needs = {name: sorted(references(resource) & resources.keys()) for name, resource in resources.items()}
    done: set[str] = set()

    def visit(name: str, chain: list[str]) -> list[str]:
        if name in chain:
            return [*chain[chain.index(name) :], name]
        if name not in done:
            for other in needs[name]:
                if found := visit(other, [*chain, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in needs if (found := visit(name, []))), [])


def references(node: Any) -> set[str]:
    """Names that a resource's Ref, GetAtt, Sub and DependsOn mention."""
    if isinstance(node, list):
        return set().union(*map(references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, value in node.items():
        if key in ("Ref", "DependsOn", "Fn::GetAtt") and isinstance(value, str | list):
            first = [value] if isinstance(value, str) else value if key == "DependsOn" else value[:1]
            found |= {str(name).split(".")[0] for name in first}
        elif key == "Fn::Sub":
            text, values = (value, {}) if isinstance(value, str) else value
            found |= set(re.findall(r"\$\{(\w+)", text)) - values.keys() | references(values)
        else:
            found |= references(value)
    return found


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


def _job_definition(resource: Template) -> Template:
    """For moto, which looks for the timeout under a lower case name, and insists on a retry strategy."""
    properties = resource["Properties"]
    properties["timeout"] = properties.pop("Timeout", {})
    properties.setdefault("RetryStrategy", {"Attempts": 1})
    return resource


_ADAPTERS = {
    "AWS::Lambda::Function": _function,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::Batch::JobDefinition": _job_definition,
}
