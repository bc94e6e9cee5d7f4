"""How the parts of template.yaml, as CloudFormation would get it, are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]


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
