"""The template and the state machine, read once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from infra.local.translate import to_cloudformation
from tests.infra.template_reader import ROOT, Resource


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The whole template after SAM's own translation."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")  # the translator asks boto3 for one
        return to_cloudformation(ROOT / "template.yaml")[0]


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Resource]:
    """What CloudFormation would make."""
    made: dict[str, Resource] = template["Resources"]
    return made


@pytest.fixture(scope="session")
def machine() -> dict[str, Any]:
    """The state machine's definition."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "infra/clip.asl.yaml").read_text(encoding="utf-8"))
    return loaded
