"""The whole stack as one object: up, its names, its inbox of notifications, down."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from .settings import DEFAULT_PATHS, PERSON, REGION, TEMPLATE, Paths, child_environment

# The template's parameters here. No GPU: the engine runs on the CPU, exactly the same code. Both doors of the API are made.
LOCAL_PARAMETERS: Mapping[str, str] = {
    "Provider": "cpu",
    "DailyClips": "10000",
    "JwtIssuer": "https://issuer.local",
    "JwtAudience": "vivify-local",
    "BrowserOrigin": "https://pages.local",
}


class Stack:
    """A running stack; use it as a context manager, or call ``close``.

    One to a process: moto's state, its patches and the AWS_* variables belong to the process.
    """

    def __init__(
        self,
        template: Path = TEMPLATE,
        parameters: Mapping[str, str] = LOCAL_PARAMETERS,
        paths: Paths = DEFAULT_PATHS,
        port: int = 0,
    ) -> None:
        # moto takes seconds to import: only when a stack is really made.
        from .batch import JobRunner
        from .deploy import deploy
        from .event_bus import EventBus
        from .lambda_runtime import LambdaRuntime
        from .patches import Machinery, apply_patches
        from .queue_poller import QueuePoller
        from .server import LocalServer

        paths.make().scratch.mkdir(exist_ok=True)
        self.paths = paths
        self.server = LocalServer(port)
        self.endpoint = self.server.endpoint
        os.environ.update(PERSON.environment())
        os.environ.update(
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_DEFAULT_REGION=REGION,
            AWS_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
        )
        os.environ.pop("AWS_SESSION_TOKEN", None)
        os.environ.pop("AWS_PROFILE", None)
        environment = child_environment(self.endpoint, paths.scratch)
        self.lambdas = LambdaRuntime(environment, paths.logs, _deliver)
        self.jobs = JobRunner(environment, paths.logs)
        self.events = EventBus(self.lambdas.invoke_event)
        self.pollers: tuple[QueuePoller, ...] = ()
        # Its warnings print states with their data; a failed execution says in its history what is needed.
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        try:
            apply_patches(Machinery(self.lambdas, self.jobs, self.events))
            self.deployment = deploy(template, parameters, self.lambdas, self.events, self.server.front, self.endpoint)
            self.pollers = tuple(QueuePoller(mapping, self.lambdas) for mapping in self.deployment.mappings)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends what invokes, jobs, functions and the server, in this order: nothing outlives the stack."""
        self.events.close()
        for poller in self.pollers:
            poller.close()
        self.jobs.close()
        self.lambdas.close()
        self.server.close()
        shutil.rmtree(self.paths.scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _deliver(queue_arn: str, body: str) -> None:
    """Sends what a function's asynchronous invocation left to its destination."""
    import boto3

    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)
