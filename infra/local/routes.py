"""The HTTP APIs' routes as the template has them: in the body that SAM writes, or as resources of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .coverage import references
from .http_api import Route
from .tokens import JwtAuthorizer

Resources = Mapping[str, Any]


def routes(resources: Resources, physical: Mapping[str, str], resolve: Callable[[Any], Any]) -> tuple[Route, ...]:
    """All routes of ``resources``, to functions by their ``physical`` names."""
    found: list[Route] = []
    for resource in resources.values():
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            found += _in_body(resource["Properties"]["Body"], physical)
        elif resource["Type"] == "AWS::ApiGatewayV2::Route":
            found.append(_alone(resource["Properties"], resources, physical, resolve))
    return tuple(found)


def _in_body(body: Mapping[str, Any], physical: Mapping[str, str]) -> Iterator[Route]:
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
            function = re.search(r"\$\{(\w+)\.Arn\}", uri)
            if function is None:
                raise ValueError(f"{method} {path} is not a route to a function of this stack")
            if operation["security"] != [{"AWS_IAM": []}]:
                raise ValueError(f"{method.upper()} {path} asks for an authorization that is not read here")
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            yield Route(verb, path, physical[function[1]], "IAM")


def _alone(route: Mapping[str, Any], resources: Resources, physical: Mapping[str, str], resolve: Any) -> Route:
    method, path = route["RouteKey"].split(" ")
    (integration,) = references(route["Target"])
    (function,) = references(resources[integration]["Properties"]["IntegrationUri"])
    if route["AuthorizationType"] != "JWT":
        raise ValueError(f"{method} {path} asks for an authorization that is not read here")
    settings = resolve(resources[route["AuthorizerId"]["Ref"]]["Properties"]["JwtConfiguration"])
    return Route(method, path, physical[function], JwtAuthorizer(settings["Issuer"], tuple(settings["Audience"])))
