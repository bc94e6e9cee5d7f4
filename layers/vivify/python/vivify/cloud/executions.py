"""Starting the state machine: once for a name, however often it is asked; looking which run; and stopping one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from vivify.cloud.aws import calls, client


def start(state_machine_arn: str, name: str, pointers: Mapping[str, Any]) -> bool:
    """Starts the execution ``name`` with ``pointers`` as its input. False if it had been started before.

    ``name``: at most 80 characters of A-Z a-z 0-9 - _. Step Functions remembers it for 90 days.
    """
    with calls("start an execution"):
        try:
            client("stepfunctions").start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(pointers))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise
    return True


def running(state_machine_arn: str) -> set[str]:
    """Names of all executions that run, a thousand a call. One that began or ended this very moment may be told wrongly."""
    with calls("list executions"):
        pages = client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
        return {execution["name"] for page in found for execution in page["executions"]}


def stop(state_machine_arn: str, name: str) -> None:
    """Stops the execution ``name`` and with it the job it waits for; that it does not run is as good."""
    with calls("stop an execution"):
        try:
            client("stepfunctions").stop_execution(
                executionArn=f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}",
                error="ClipDeleted",
                cause="Its owner asked for it.",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
