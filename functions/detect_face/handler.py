"""S3 event: photos arrived. One bad photo never keeps the others of its event waiting."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vivify.cloud import settings
from vivify.service.detect_face import detect_face
from vivify.service.photo_events import photos_in

logger = Logger()
SETTINGS = settings.load(settings.DetectFace)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    failures: list[Exception] = []
    for arrival in photos_in(event):
        try:
            detection = detect_face(arrival, SETTINGS)
        except Exception as error:  # noqa: BLE001 - raised below, after the others; Lambda delivers the event again
            failures.append(error)
            continue
        logger.append_keys(clip_id=detection.clip_id)
        logger.info(
            "photo judged" if detection.started else "nothing new",
            extra={"code": detection.verdict["code"] if detection.verdict else None},
        )
    if failures:
        raise failures[0]  # Lambda's runtime logs it
