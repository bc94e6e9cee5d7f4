"""Who tries again: the tree of errors, the job's exit codes, Batch's rules and the state machine tell one story."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from tests.functional.handlers import load
from tests.infra.template_reader import Resource, of, tasks
from vivify import errors
from vivify.api.errors import answer
from vivify.errors import VivifyError
from vivify.service import news, notify

# What no step of a clip raises: the API's refusals of a request, and what the receivers of webhooks do.
ELSEWHERE = (errors.QuotaSpent, errors.NotAccepting, errors.WebhookFailed)


def _tree(root: type[VivifyError]) -> Iterator[type[VivifyError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _tree(kind)


TREE = sorted(set(_tree(VivifyError)), key=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def job() -> Any:
    """The container's entry point."""
    return load("functions/animate/main.py")


def _tried_again(resources: dict[str, Resource]) -> set[int]:
    """The exit codes after which Batch makes another attempt."""
    (definition,) = of(resources, "AWS::Batch::JobDefinition").values()
    rules = definition["RetryStrategy"]["EvaluateOnExit"]
    assert rules[-1] == {"Action": "EXIT", "OnReason": "*"}  # whatever no rule names
    return {int(rule["OnExitCode"]) for rule in rules if rule["Action"] == "RETRY" and "OnExitCode" in rule}


def test_batch_tries_again_what_is_retryable(job: Any, resources: dict[str, Resource]) -> None:
    """Of every error in the tree the job's exit code makes Batch try again exactly where the error says that it may help."""
    again = _tried_again(resources)
    assert {kind for kind in TREE if job.exit_code(kind("x")) in again} == {kind for kind in TREE if kind.retryable}
    assert again == {job.RETRYABLE}


def test_the_state_machine_tries_again_what_is_retryable(machine: dict[str, Any]) -> None:
    """Every function's task retries by name the errors of the tree that are retryable and that a step raises; no other."""
    retryable = {kind.__name__ for kind in TREE if kind.retryable and not issubclass(kind, ELSEWHERE)}
    ours = {kind.__name__ for kind in TREE}
    functions = {name: task for name, task in tasks(machine).items() if task["Resource"] == "${InvokeFunction}"}
    assert len(functions) == 3
    for name, task in functions.items():
        named = {error for rule in task["Retry"] for error in rule["ErrorEquals"]}
        assert named & ours == retryable, name


def test_the_api_says_when_to_try_again() -> None:
    """An answer tells after how long to ask again exactly where the error it tells of is retryable."""
    for kind in TREE:
        told = answer(kind("x"), "docs")
        if told.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:  # a fault of ours, whatever it was
            assert ("retry-after" in told.headers) == kind.retryable, kind.__name__


def test_a_verdict_is_as_retryable_as_its_error() -> None:
    """The news of a clip that failed calls a verdict retryable exactly where the error that gave it is."""
    judged = (errors.PhotoRejected, errors.MotionInvalid, errors.UsageError, errors.RequestRefused)
    for kind in TREE:
        if issubclass(kind, judged) and kind is not errors.QuotaSpent:  # refused before there is a clip
            assert (kind.code in news._RETRYABLE) == kind.retryable, kind.__name__


def test_no_gpu_is_one_code_on_both_sides(job: Any) -> None:
    """The job ends with the code by which the failure is told to operators; no other error of the tree has it."""
    assert job.NO_GPU == notify.NO_GPU
    assert [kind for kind in TREE if job.exit_code(kind("x")) == job.NO_GPU] == [errors.GpuUnavailable]
