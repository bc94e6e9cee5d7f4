"""What goes wrong between us and AWS, and what of it another try may cure."""

from __future__ import annotations

import traceback
from types import SimpleNamespace

import pytest
from boto3.exceptions import RetriesExceededError
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from vivify.cloud import executions
from vivify.cloud.aws import calls
from vivify.errors import CloudError, CloudUnavailable

URL = "https://example.org"
# What botocore itself tries again, of the services that we ask.
OF_OTHERS = {"EC2ThrottledException", "BandwidthLimitExceeded", "TransactionInProgressException", "PriorRequestNotComplete"}
THROTTLED = {
    *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
} - OF_OTHERS


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url=URL),
        exceptions.ConnectTimeoutError(endpoint_url=URL),
        exceptions.ReadTimeoutError(endpoint_url=URL),
        exceptions.ConnectionClosedError(endpoint_url=URL),
        RetriesExceededError(exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2)),
        exceptions.CredentialRetrievalError(provider="container-role", error_msg=URL),
        *(ClientError({"Error": {"Code": code}}, "Call") for code in sorted(THROTTLED)),
        ClientError({"Error": {"Code": "Odd"}, "ResponseMetadata": {"HTTPStatusCode": 429}}, "Call"),
        ClientError({"Error": {"Code": "Odd"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "Call"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nobody_there_just_now(error: Exception) -> None:
    """No connection, no answer, or "not now": the state machine knows the error by name and tries again. AWS's own words,
    which name objects, are in no traceback.
    """
    with pytest.raises(CloudUnavailable) as caught, calls("do it"):
        raise error
    assert caught.value.retryable
    assert URL not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoCredentialsError(),
        exceptions.ParamValidationError(report="x"),
        ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "Call"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_try_would_help(error: Exception) -> None:
    """Refused, or asked wrongly: the same call would end the same way."""
    with pytest.raises(CloudError) as caught, calls("do it"):
        raise error
    assert not isinstance(caught.value, CloudUnavailable)
    assert caught.value.details["aws_code"] in caught.value.message
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("code", "raised"), [("ThrottlingException", CloudUnavailable), ("AccessDeniedException", CloudError)]
)
def test_an_execution_that_was_not_started_or_stopped(
    monkeypatch: pytest.MonkeyPatch, code: str, raised: type[CloudError]
) -> None:
    """A refusal is an error, and whether another try may help is told by its code."""
    _refuse_executions(monkeypatch, code)
    for ask in (lambda: executions.start("arn", "name", {}), lambda: executions.stop("arn:stateMachine:x", "name")):
        with pytest.raises(CloudError) as caught:
            ask()
        assert type(caught.value) is raised


def test_what_an_execution_is_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it has been started before, or does not run, is as good as done."""
    _refuse_executions(monkeypatch, "ExecutionAlreadyExists")
    assert executions.start("arn", "name", {}) is False
    _refuse_executions(monkeypatch, "ExecutionDoesNotExist")
    executions.stop("arn:stateMachine:x", "name")


def _refuse_executions(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Step Functions neither starts nor stops any, and says ``code``."""

    def refused(**_: object) -> None:
        raise ClientError({"Error": {"Code": code}}, "Call")

    states = SimpleNamespace(start_execution=refused, stop_execution=refused)
    monkeypatch.setattr(executions, "client", {"stepfunctions": states}.get)
