"""Makes the stack: CloudFormation into moto, then by API what moto's CloudFormation drops, then what invokes functions."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .coverage import UnsupportedTemplate, references
from .event_bus import EventBus, Rule
from .http_api import HttpApi
from .lambda_runtime import AsyncPolicy, LambdaRuntime
from .lambda_worker import Function
from .queue_poller import Mapping as QueueMapping
from .routes import routes
from .server import Front
from .settings import ACCOUNT, CREDENTIALS, REGION, STACK_NAME
from .tokens import Issuer
from .translate import Translated, translate


@dataclass(frozen=True)
class Deployment:
    """The running stack's names. ``physical``: logical id to what its Ref gives. ``outputs``: the template's."""

    physical: Mapping[str, str]
    outputs: Mapping[str, str]
    mappings: tuple[QueueMapping, ...] = ()


def deploy(
    template: Path, parameters: Mapping[str, str], lambdas: LambdaRuntime, events: EventBus, front: Front, endpoint: str
) -> Deployment:
    """Deploys ``template`` into the moto of this process, whose server must be listening (AWS_ENDPOINT_URL)."""
    translated = translate(template)
    stack = _create_stack(translated, parameters)
    _register_functions(translated, stack, lambdas)
    for name, properties in stack.of("AWS::S3::Bucket"):
        _finish_bucket(stack.physical[name], properties)
    for name, properties in stack.of("AWS::SecretsManager::Secret"):
        _make_secret(f"local-{name}", properties)
    for _, properties in stack.of("AWS::SNS::Subscription"):
        _subscribe(properties)
    for _, properties in stack.of("AWS::Events::Rule"):
        events.add(Rule.read(properties))
    mappings = tuple(
        QueueMapping(properties["EventSourceArn"], properties["FunctionName"], int(properties.get("BatchSize", 10)))
        for _, properties in stack.of("AWS::Lambda::EventSourceMapping")
    )
    made = {name: resource for name, resource in translated.resources.items() if _wanted(resource, stack.map)}
    front.api = HttpApi(routes(made, stack.physical, stack.resolve), lambdas.invoke, CREDENTIALS, Issuer())
    return Deployment(stack.physical, _outputs(translated, stack, endpoint), mappings)


@dataclass(frozen=True)
class _Stack:
    """What CloudFormation made, and how it resolves the rest."""

    resources: Mapping[str, Any]
    map: Any
    physical: Mapping[str, str]

    def resolve(self, node: Any) -> Any:
        """A node of the template with its Ref, GetAtt, Sub and If replaced by values."""
        from moto.cloudformation.parsing import clean_json

        return clean_json(copy.deepcopy(node), self.map)

    def of(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Names and resolved properties of all resources of a type whose condition holds."""
        for name, resource in self.resources.items():
            if resource["Type"] == kind and _wanted(resource, self.map):
                yield name, self.resolve(resource.get("Properties", {}))


def _wanted(resource: Mapping[str, Any], resource_map: Any) -> bool:
    return "Condition" not in resource or bool(resource_map.lazy_condition_map[resource["Condition"]])


def _create_stack(translated: Translated, parameters: Mapping[str, str]) -> _Stack:
    from moto.cloudformation.models import cloudformation_backends

    # One attempt: moto does not roll back, so a second one would only report what the first has left behind.
    client = boto3.client("cloudformation", region_name=REGION, config=Config(retries={"total_max_attempts": 1}))
    client.create_stack(
        StackName=STACK_NAME,
        TemplateBody=json.dumps(translated.moto),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    backend = cloudformation_backends[ACCOUNT][REGION]
    made: Any = next(s for s in backend.stacks.values() if s.name == STACK_NAME).resource_map
    wanted = [name for name, resource in translated.moto["Resources"].items() if _wanted(resource, made)]
    return _Stack(
        {**translated.resources, **translated.moto["Resources"]},  # where moto has its own version of one, that
        made,
        {name: made[name].physical_resource_id for name in wanted},
    )


def _outputs(translated: Translated, stack: _Stack, endpoint: str) -> dict[str, str]:
    """The template's outputs. The API's address is this server; what names a resource left out here is left out."""
    values = {}
    apis = {name for name, r in translated.resources.items() if r["Type"] == "AWS::ApiGatewayV2::Api"}
    for name, output in translated.outputs.items():
        needs = references(output["Value"]) & translated.resources.keys()
        if needs & apis:
            values[name] = endpoint
        elif needs <= stack.physical.keys():
            values[name] = str(stack.resolve(output["Value"]))
    return values


def _register_functions(translated: Translated, stack: _Stack, lambdas: LambdaRuntime) -> None:
    policies: dict[str, AsyncPolicy] = {}
    for _, values in stack.of("AWS::Lambda::EventInvokeConfig"):
        destinations = values.get("DestinationConfig", {})
        _only("a function's destinations", destinations, {"OnFailure"})
        policies[values["FunctionName"]] = AsyncPolicy(
            retries=int(values.get("MaximumRetryAttempts", 2)),
            on_failure=destinations.get("OnFailure", {}).get("Destination"),
        )
    for name, values in stack.of("AWS::Lambda::Function"):
        physical = stack.physical[name]
        function = Function(
            name=physical,
            label=name,
            arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical}",
            handler=values["Handler"],
            code=translated.code[name],
            timeout=float(values.get("Timeout", 3)),
            memory_mb=int(values.get("MemorySize", 128)),
            environment={k: str(v) for k, v in values.get("Environment", {}).get("Variables", {}).items()},
        )
        lambdas.register(function, policies.get(physical))


def _make_secret(name: str, properties: Mapping[str, Any]) -> None:
    """Under the name by which functions here know it, with the random value that its definition asks for."""
    length = int(properties["GenerateSecretString"].get("PasswordLength", 32))
    boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name=name, SecretString=secrets.token_hex(length)[:length]
    )


def _subscribe(properties: Mapping[str, Any]) -> None:
    boto3.client("sns", region_name=REGION).subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        Attributes={"RawMessageDelivery": str(properties.get("RawMessageDelivery", False)).lower()},
    )


def _finish_bucket(bucket: str, properties: Mapping[str, Any]) -> None:
    """What moto's CloudFormation leaves out of a bucket."""
    s3 = boto3.client("s3", region_name=REGION)
    if versioning := properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
    if block := properties.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={k: _boolean(v) for k, v in block.items()})
    if ownership := properties.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=ownership)
    if cors := properties.get("CorsConfiguration"):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [_cors(r) for r in cors["CorsRules"]]})
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_lifecycle(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    if notification := properties.get("NotificationConfiguration"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=_notification(notification))


def _boolean(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _cors(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {names.get(key, key): value for key, value in rule.items()}


def _lifecycle(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a lifecycle rule to the API's."""
    aborts = "AbortIncompleteMultipartUpload"
    _only("a lifecycle rule", rule, {"Id", "Status", "ExpirationInDays", "NoncurrentVersionExpiration", aborts})
    result: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""}}
    result["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if noncurrent := rule.get("NoncurrentVersionExpiration"):
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(noncurrent["NoncurrentDays"])}
    if aborted := rule.get(aborts):
        result[aborts] = {"DaysAfterInitiation": int(aborted["DaysAfterInitiation"])}
    return result


def _notification(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a notification configuration to the API's."""
    _only("a bucket's notifications", configuration, {"LambdaConfigurations"})
    made = []
    for entry in configuration["LambdaConfigurations"]:
        rules = entry.get("Filter", {}).get("S3Key", {}).get("Rules", [])
        filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
        made.append({"LambdaFunctionArn": entry["Function"], "Events": [entry["Event"]], **filtered})
    return {"LambdaFunctionConfigurations": made}


def _only(what: str, given: Mapping[str, Any], read: set[str]) -> None:
    """Raises UnsupportedTemplate where ``given`` has more than what is ``read`` here."""
    if unread := sorted(given.keys() - read):
        raise UnsupportedTemplate(f"{what}: {', '.join(unread)} is read by nothing here")
