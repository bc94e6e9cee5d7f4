"""Makes the stack: CloudFormation into moto, then by API what moto's CloudFormation drops, then routes and functions."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .http_api import HttpApi, Route
from .lambda_runtime import AsyncPolicy, LambdaRuntime
from .lambda_worker import Function
from .server import Front
from .settings import ACCOUNT, CREDENTIALS, REGION, STACK_NAME
from .translate import Translated, references, translate


@dataclass(frozen=True)
class Deployment:
    """The running stack's names. `physical`: logical id to what CloudFormation's Ref gives. `outputs`: the template's."""

    physical: Mapping[str, str]
    outputs: Mapping[str, str]


def deploy(template: Path, parameters: Mapping[str, str], lambdas: LambdaRuntime, front: Front, endpoint: str) -> Deployment:
    """Deploys `template` into the moto of this process, whose server must be listening (AWS_ENDPOINT_URL)."""
    translated = translate(template)
    resolve, physical = _create_stack(translated, parameters)
    properties = {
        name: (resource["Type"], resolve(resource.get("Properties", {})))
        for name, resource in translated.moto["Resources"].items()
    }
    _register_functions(translated, properties, physical, resolve, lambdas)
    for name, (kind, values) in properties.items():
        if kind == "AWS::S3::Bucket":
            _finish_bucket(physical[name], values)
    front.api = HttpApi(_routes(translated.resources, physical), lambdas.invoke, CREDENTIALS)
    return Deployment(physical, _outputs(translated, physical, resolve, endpoint))


def _create_stack(translated: Translated, parameters: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """Creates the stack; gives a function that resolves Ref, GetAtt and Sub, and the physical names."""
    from moto.cloudformation.models import cloudformation_backends
    from moto.cloudformation.parsing import clean_json

    # One attempt: moto does not roll back, so a second one would only report what the first has left behind.
    client = boto3.client("cloudformation", region_name=REGION, config=Config(retries={"total_max_attempts": 1}))
    client.create_stack(
        StackName=STACK_NAME,
        TemplateBody=json.dumps(translated.moto),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    backend = cloudformation_backends[ACCOUNT][REGION]
    stack = next(s for s in backend.stacks.values() if s.name == STACK_NAME)
    resources: Any = stack.resource_map
    physical: dict[str, str] = {name: resources[name].physical_resource_id for name in translated.moto["Resources"]}

    def resolve(node: Any) -> Any:
        return clean_json(copy.deepcopy(node), resources)

    return resolve, physical


def _outputs(translated: Translated, physical: Mapping[str, str], resolve: Any, endpoint: str) -> dict[str, str]:
    """The template's outputs. The API's address is this server; what names a resource left out here is left out."""
    values = {}
    apis = {name for name, r in translated.resources.items() if r["Type"] == "AWS::ApiGatewayV2::Api"}
    for name, output in translated.outputs.items():
        needs = references(output["Value"]) & translated.resources.keys()
        if needs & apis:
            values[name] = endpoint
        elif needs <= physical.keys():
            values[name] = str(resolve(output["Value"]))
    return values


def _register_functions(
    translated: Translated,
    properties: Mapping[str, tuple[str, Any]],
    physical: Mapping[str, str],
    resolve: Any,
    lambdas: LambdaRuntime,
) -> None:
    policies: dict[str, AsyncPolicy] = {}
    for resource in translated.resources.values():
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig":
            values = resolve(resource["Properties"])
            destinations = values.get("DestinationConfig", {})
            policies[values["FunctionName"]] = AsyncPolicy(
                retries=int(values.get("MaximumRetryAttempts", 2)),
                on_failure=destinations.get("OnFailure", {}).get("Destination"),
                on_success=destinations.get("OnSuccess", {}).get("Destination"),
            )
    for name, (kind, values) in properties.items():
        if kind != "AWS::Lambda::Function":
            continue
        function = Function(
            name=physical[name],
            label=name,
            arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical[name]}",
            handler=values["Handler"],
            code=translated.code[name],
            timeout=float(values.get("Timeout", 3)),
            memory_mb=int(values.get("MemorySize", 128)),
            environment={k: str(v) for k, v in values.get("Environment", {}).get("Variables", {}).items()},
        )
        policy = policies.get(physical[name], AsyncPolicy())
        if dead_letters := values.get("DeadLetterConfig", {}).get("TargetArn"):
            policy = AsyncPolicy(policy.retries, policy.on_failure, policy.on_success, dead_letters)
        lambdas.register(function, policy)


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
    result: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        result["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        result["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    elif "ExpiredObjectDeleteMarker" in rule:
        result["Expiration"] = {"ExpiredObjectDeleteMarker": _boolean(rule["ExpiredObjectDeleteMarker"])}
    if "NoncurrentVersionExpiration" in rule:
        days = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(days)}
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        result["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
    known = {
        "Id",
        "Status",
        "Prefix",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
    }
    if unread := sorted(rule.keys() - known - {"AbortIncompleteMultipartUpload"}):
        raise ValueError(f"a lifecycle rule has {', '.join(unread)}, which nothing here reads")
    return result


def _notification(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a notification configuration to the API's."""
    result: dict[str, Any] = {}
    targets = (
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    )
    for theirs, ours, target, arn in targets:
        for entry in configuration.get(theirs, []):
            made: dict[str, Any] = {arn: entry[target], "Events": [entry["Event"]]}
            if rules := entry.get("Filter", {}).get("S3Key", {}).get("Rules"):
                made["Filter"] = {"Key": {"FilterRules": rules}}
            result.setdefault(ours, []).append(made)
    if configuration.get("EventBridgeConfiguration"):
        raise ValueError("a bucket notifies EventBridge, which delivers nothing here")
    return result


def _routes(resources: Mapping[str, Any], physical: Mapping[str, str]) -> tuple[Route, ...]:
    """The routes in the OpenAPI body that the SAM translator wrote."""
    routes = []
    for resource in resources.values():
        if resource["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        for path, methods in resource["Properties"]["Body"]["paths"].items():
            for method, operation in methods.items():
                uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
                found = re.search(r"\$\{(\w+)\.Arn\}", uri)
                if found is None:
                    raise ValueError(f"{method} {path} is not a route to a function of this stack")
                iam = any("AWS_IAM" in scheme for scheme in operation.get("security", []))
                verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                routes.append(Route(verb, path, physical[found[1]], iam))
    return tuple(routes)
