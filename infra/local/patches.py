"""Every change made to moto, each small, named, and with a contract test (tests/infra/test_moto_patches.py).

The tests run each patch's scene without it and with it: without, they show what breaks; the day moto itself gets it
right they fail and say which patch can go. moto is pinned exactly, because this file reaches into its inside.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .batch import Attempt, JobRequest, JobRunner
from .event_bus import EventBus
from .lambda_runtime import LambdaRuntime
from .settings import ACCOUNT, CREDENTIALS, REGION


@dataclass(frozen=True)
class Machinery:
    """What the patches connect moto to."""

    lambdas: LambdaRuntime
    jobs: JobRunner
    events: EventBus


@dataclass(frozen=True)
class Patch:
    """``without``: what goes wrong when it is not applied."""

    name: str
    without: str
    apply: Callable[[Machinery], None]


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _lambda_invoke(machinery: Machinery) -> None:
    from moto.awslambda.models import LambdaFunction

    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        payload = body.encode() if isinstance(body, str) else (body or b"{}")
        headers = {str(k).lower(): v for k, v in dict(request_headers or {}).items()}
        # moto's own callers (S3 notifications, SNS) pass no headers: AWS makes those invocations asynchronous.
        if headers.get("x-amz-invocation-type", "RequestResponse" if headers else "Event") == "Event":
            machinery.lambdas.invoke_event(self.function_name, payload)
            return b""
        outcome = machinery.lambdas.invoke(self.function_name, payload)
        if outcome.error:
            response_headers["x-amz-function-error"] = outcome.error
        return outcome.payload

    _replace(LambdaFunction, "invoke", invoke)


def _batch_run(machinery: Machinery) -> None:
    from datetime import datetime

    from moto.batch.models import Job

    def run(self: Any) -> None:
        definition = self.job_definition
        strategy = definition.retry_strategy or {}
        duration = self._get_attempt_duration()
        request = JobRequest(
            job_id=self.job_id,
            name=definition.name,
            command=tuple(self._add_parameters_to_command(self._get_container_property("command", []))),
            environment={e["name"]: e["value"] for e in self._get_container_property("environment", [])},
            attempts=int(strategy.get("attempts", 1)),
            evaluate_on_exit=tuple(strategy.get("evaluateOnExit", ())),
            timeout=float(duration) if duration else None,
        )

        def started() -> None:
            self.status = "RUNNING"
            self.job_started_at = datetime.now()  # noqa: DTZ005 - moto counts in local time
            self._start_attempt()

        def stopped(attempt: Attempt) -> None:
            self.job_stopped_at = datetime.now()  # noqa: DTZ005 - moto counts in local time
            self.exit_code = attempt.exit_code
            self._stop_attempt()
            self.latest_attempt["statusReason"] = attempt.status_reason
            if attempt.exit_code is not None:
                self.latest_attempt["container"]["exitCode"] = attempt.exit_code

        self.log_stream_name = self._stream_name
        self.status = "RUNNABLE"
        last = machinery.jobs.run(request, started, stopped, lambda: bool(self.stop))
        self.job_stopped_reason = self.job_stopped_reason or last.status_reason
        self._mark_stopped(success=last.exit_code == 0)

    _replace(Job, "run", run)


def _batch_exit_code(_machinery: Machinery) -> None:
    from moto.batch.models import Job

    details = Job._container_details

    def container_details(self: Any) -> dict[str, Any]:
        result: dict[str, Any] = details(self)
        if self.exit_code is not None:
            result["exitCode"] = self.exit_code
        return result

    _replace(Job, "_container_details", container_details)


def _sfn_executes(_machinery: Machinery) -> None:
    import moto.stepfunctions.models as plain
    from moto.core.config import default_user_config
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    _replace(plain, "stepfunctions_backends", stepfunctions_parser_backends)


def _sfn_casing(_machinery: Machinery) -> None:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
        StateTaskService,
    )

    def normalise_parameters(
        self: Any,
        parameters: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = _operation(
            self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
        )
        if operation is not None and operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    def normalise_response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        operation = _operation(
            self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
        )
        if operation is not None and operation.output_shape is not None:
            self._from_boto_response(response, operation.output_shape)

    _replace(StateTaskService, "_normalise_parameters", normalise_parameters)
    _replace(StateTaskService, "_normalise_response", normalise_response)


def _sfn_status_events(machinery: Machinery) -> None:
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

    original = BaseExecutionWorkerCommunication.terminated

    def terminated(self: Any) -> None:
        original(self)
        execution = self.execution
        detail = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": execution.exec_status.value,
            "input": execution.execution_input,
            "error": execution.error,
            "cause": execution.cause,
        }
        machinery.events.publish("aws.states", "Step Functions Execution Status Change", detail)

    _replace(BaseExecutionWorkerCommunication, "terminated", terminated)


@functools.cache
def _operation(service: str, snake_case_action: str) -> Any:
    """The SDK's own model of an operation, None when there is none of that name."""
    import botocore.session
    from botocore import xform_name

    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name): name for name in model.operation_names}
    return model.operation_model(names[snake_case_action]) if snake_case_action in names else None


def _sfn_stop(_machinery: Machinery) -> None:
    from moto.batch.models import batch_backends
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
        StateTaskServiceBatch,
    )

    build, wait = StateTaskServiceBatch._build_sync_resolver, StateTaskServiceBatch._eval_sync

    def build_sync_resolver(self: Any, env: Any, *args: Any, **kwargs: Any) -> Any:
        env.job_waited_for = env.stack[-1]["JobId"]
        return build(self, env, *args, **kwargs)

    def eval_sync(self: Any, env: Any, *args: Any, **kwargs: Any) -> Any:
        outcome = wait(self, env, *args, **kwargs)
        if not env.is_running():
            batch_backends[ACCOUNT][REGION].terminate_job(env.job_waited_for, "the execution was stopped")
        return outcome

    _replace(StateTaskServiceBatch, "_build_sync_resolver", build_sync_resolver)
    _replace(StateTaskServiceBatch, "_eval_sync", eval_sync)


def _s3_event(_machinery: Machinery) -> None:
    from moto.s3 import notifications

    original = notifications._get_s3_event

    def get_s3_event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        event: dict[str, Any] = original(event_name, bucket, key, notification_id)
        for record in event["Records"]:
            record["userIdentity"] = {"principalId": f"AWS:{_uploader()}"}
            record["requestParameters"] = {"sourceIPAddress": "127.0.0.1"}
            record["responseElements"] = {
                "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
                "x-amz-id-2": "local",
            }
            record["s3"]["bucket"]["ownerIdentity"] = {"principalId": ACCOUNT}
            entry = record["s3"]["object"]
            entry["key"] = quote(key.name, safe="/").replace("%20", "+")
            entry["sequencer"] = f"{uuid.uuid1().time:016X}"
            if bucket.is_versioned:
                entry["versionId"] = key.version_id
        return event

    _replace(notifications, "_get_s3_event", get_s3_event)


def _uploader() -> str:
    """The unique id of whoever signed the request that moto is answering: in its header, or in the form."""
    from flask import has_request_context, request

    if not has_request_context():
        return ACCOUNT
    signed = request.headers.get("Authorization") or request.form.get("x-amz-credential", "")
    found = re.search(r"(\w+)/\d{8}/", signed)
    return CREDENTIALS[found[1]].user_id if found and found[1] in CREDENTIALS else ACCOUNT


def _s3_multipart(_machinery: Machinery) -> None:
    from moto.s3.models import S3Backend

    original = S3Backend.put_object

    def put_object(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("multipart") is not None:
            kwargs["disable_notification"] = True  # CompleteMultipartUpload sends its own event right after
        return original(self, *args, **kwargs)

    _replace(S3Backend, "put_object", put_object)


PATCHES = (
    Patch(
        "lambda_invoke",
        "functions are not run: without docker, moto echoes the input or fails",
        _lambda_invoke,
    ),
    Patch("batch_run", "jobs are not run: without docker, every job fails", _batch_run),
    Patch(
        "batch_exit_code",
        "describe_jobs hides a stopped job's exit code from a state machine's Catch",
        _batch_exit_code,
    ),
    Patch("sfn_executes", "a state machine made by CloudFormation never runs its states", _sfn_executes),
    Patch("sfn_casing", "submitJob's parameters stay PascalCase, so boto sends none of them", _sfn_casing),
    Patch("sfn_status_events", "an execution's end is no event, so no rule hears of it", _sfn_status_events),
    Patch("sfn_stop", "a stopped execution leaves its job running", _sfn_stop),
    Patch("s3_event", "events lack versionId, sequencer and who sent it, and write a key's slashes as %2F", _s3_event),
    Patch("s3_multipart", "a multipart upload is announced twice, as a Put and as its completion", _s3_multipart),
)


def apply_patches(machinery: Machinery, names: frozenset[str] | None = None) -> None:
    """Applies all patches (or those named) to the moto of this process, for as long as it lives."""
    for patch in PATCHES:
        if names is None or patch.name in names:
            patch.apply(machinery)
