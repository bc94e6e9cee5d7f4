"""What of a template this stack makes, and what it leaves out on purpose.

Nothing is skipped in silence: a resource type that is neither made here nor in ``IGNORED`` stops the deployment, and so
does a property of the types that matter most when nobody here reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


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
        _names("Code Description Environment FunctionName Handler MemorySize Role Runtime Timeout"),
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
        _names("Endpoint Protocol RawMessageDelivery TopicArn"),
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


def check(resources: Mapping[str, Any]) -> None:
    """Raises ``UnsupportedTemplate`` naming every resource and property the local stack would silently leave out."""
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
