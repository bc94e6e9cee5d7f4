"""The functions of the small stack: do what the event says, in every way a function can end."""

import os
import time
from typing import Any, NoReturn

CALLS = 0


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    global CALLS  # noqa: PLW0603 - a warm start is seen by it
    CALLS += 1
    if "rawPath" in event:
        return {"statusCode": 200, "headers": {"x-test": "1"}, "body": repr(event.get("pathParameters"))}
    event = event.get("event", event) | {"execution": event.get("execution")}
    match event.get("do"):
        case "raise":
            raise ValueError("on purpose")
        case "exit":
            os._exit(7)
        case "sleep":
            time.sleep(30)
    return {
        "calls": CALLS,
        "pid": os.getpid(),
        "left_ms": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "provider": os.environ["PROVIDER"],
        "token": bool(os.environ.get("AWS_SESSION_TOKEN")),
        "stray": os.environ.get("STRAY_VARIABLE"),
        "execution": event["execution"],
    }


def failing(event: dict[str, Any], context: Any) -> NoReturn:
    raise RuntimeError("always")


def taking(event: dict[str, Any], context: Any) -> dict[str, Any]:
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    if "worse" in bodies.values():
        raise RuntimeError("for all of them")
    bad = [message for message, body in bodies.items() if body == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in bad]}
