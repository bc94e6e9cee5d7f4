"""Telling people through the topic. Delivered at least once: the clip_id and event say whether it is news."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vivify.cloud.aws import calls, client


def publish(topic_arn: str, message: Mapping[str, Any]) -> None:
    """Publishes ``message`` as JSON. Its "event" is an attribute too, so that subscriptions can filter on it."""
    with calls("publish a notification"):
        client("sns").publish(
            TopicArn=topic_arn,
            Message=json.dumps(message),
            MessageAttributes={"event": {"DataType": "String", "StringValue": message["event"]}},
        )
