"""What goes wrong between us and AWS, and what of it another try may cure."""

from __future__ import annotations

import traceback
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from boto3.exceptions import RetriesExceededError
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from vivify.cloud import executions
from vivify.cloud.aws import calls, client
from vivify.errors import CloudError, CloudUnavailable

from .stack import Stack

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


@pytest.mark.parametrize(("refusals", "made"), [(3, True), (4, False)])
def test_who_does_not_answer_is_asked_four_times(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, refusals: int, made: bool
) -> None:
    """Three answers of 503 are nobody's business, after the fourth the call is given up as one that may be done again."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    table, asked = client("dynamodb"), []

    def busy(**_: object) -> AWSResponse | None:
        asked.append(1)
        return AWSResponse(URL, 503, {}, SimpleNamespace(stream=lambda: [b"{}"])) if len(asked) <= refusals else None

    table.meta.events.register_first("before-send.dynamodb.GetItem", busy)
    try:
        with nullcontext() if made else pytest.raises(CloudUnavailable), calls("read"):
            table.get_item(TableName=stack.table, Key={"clip_id": {"S": "none"}})
    finally:
        table.meta.events.unregister("before-send.dynamodb.GetItem", busy)
    assert len(asked) == 4


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
