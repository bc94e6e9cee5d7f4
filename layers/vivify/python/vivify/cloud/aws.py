"""How we speak to AWS: one cached client a service, and one place where its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

import boto3
from boto3.exceptions import RetriesExceededError  # of a download that broke off again and again
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own: no endpoint, or none in time
    CredentialRetrievalError,  # a container's, which its host did not give just now
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
)

from vivify.errors import CloudError, CloudUnavailable

# Names of errors that another try may cure; botocore has tried a few times by the time we see them.
_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

# All but S3 answers in milliseconds: whoever hangs is asked again while there is time, and a caller waits for 28 s at most.
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    # Links must name the bucket's own region and be signed the one way every region accepts.
    signature_version="v4",
)
S3_CONFIG = _CONFIG.merge(Config(read_timeout=30, signature_version="s3v4", s3={"addressing_style": "virtual"}))


@cache
def session() -> Any:
    """The process's one session. Region and credentials come from the environment."""
    return boto3.Session()


@cache
def client(service: str) -> Any:
    """The process's one client of ``service``. Its endpoint may come from the environment too."""
    return session().client(service, config=S3_CONFIG if service == "s3" else _CONFIG)


@contextmanager
def calls(what: str) -> Iterator[None]:
    """Turns botocore's errors inside the block into ours. ``what`` completes "AWS could not ...".

    Of theirs the code is kept and nothing else: their words name objects and callers, and tracebacks go into logs.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRANSIENT or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CloudUnavailable(f"AWS could not {what} just now ({code}). Try again.", aws_code=code) from None
        raise CloudError(f"AWS would not {what} ({code}).", aws_code=code) from None
    except (NoCredentialsError, ParamValidationError) as error:
        code = type(error).__name__
        raise CloudError(f"AWS was not asked rightly to {what} ({code}).", aws_code=code) from None
    except (ConnectionError, CredentialRetrievalError, HTTPClientError, RetriesExceededError) as error:
        code = type(error).__name__
        raise CloudUnavailable(f"AWS could not be reached to {what} ({code}). Try again.", aws_code=code) from None
    except BotoCoreError as error:
        code = type(error).__name__
        raise CloudError(f"AWS could not {what} ({code}).", aws_code=code) from None
