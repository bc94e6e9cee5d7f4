"""infra/operations.md against template.yaml: operators find all there is to look up and choose, no more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.template_reader import ROOT, Resource, of


@pytest.fixture
def page() -> str:
    return (ROOT / "infra/operations.md").read_text(encoding="utf-8")


def test_operators_can_look_up_every_alarm_and_queue(page: str, resources: dict[str, Resource]) -> None:
    """The page says of each alarm what it means and of each queue of dead letters what to do, and of no other."""
    told = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    queues = {name for name, queue in of(resources, "AWS::SQS::Queue").items() if "RedrivePolicy" not in queue}
    assert told == {*of(resources, "AWS::CloudWatch::Alarm"), *queues, "Budget"}


def test_every_parameter_is_told(page: str, template: dict[str, Any]) -> None:
    """Whoever deploys finds what each parameter is for; none is told that the template does not have."""
    deploying = page.split("## Deploy")[1].split("\n## ", maxsplit=1)[0]
    told = set(re.findall(r"`([A-Z][a-z]\w+)`", deploying))
    assert told <= {*template["Parameters"], *template["Outputs"]}
    assert set(template["Parameters"]) <= told | {"AnimateImageTag"}  # told where new images are
    assert "`AnimateImageTag`" in page


def test_commands_name_what_the_stack_gives(page: str, template: dict[str, Any]) -> None:
    """Every variable of a command is the stack's name, or one of its outputs under that very name."""
    used = set(re.findall(r"\$\{?(\w+)", page))
    assert used - {"STACK"} <= template["Outputs"].keys()
    assert len(used) > 5
