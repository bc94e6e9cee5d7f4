"""The routes of /v1. Each asks one use case, and shows of its answer what is the caller's to see."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from vivify.api import door, views
from vivify.api.openapi import document
from vivify.api.schemas import Clip, ClipPage, ClipRequest, ClipTicket
from vivify.cloud.settings import ServeApi
from vivify.service.clip_options import ClipOptions, StoredOptions
from vivify.service.create_clip import Order, create_clip
from vivify.service.delete_clip import delete_clip
from vivify.service.get_clip import get_clip, list_clips

ClipId = Annotated[str, Path(description="As POST /v1/clips gave it, or a notification.", pattern="^[cd][0-9a-f]{25}$")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="Of your own choosing. For 24 hours the same request with the same key is the same clip.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="Clips a page.")]
Cursor = Annotated[
    str | None, Query(pattern="^[0-9a-f]{11}[cd][0-9a-f]{25}$", description="next_cursor of the page before.")
]
logger = Logger()


def add_routes(app: APIGatewayHttpResolver, settings: ServeApi) -> None:
    """The whole API, with ``settings`` behind it."""

    def caller() -> str:
        return door.caller_of(app.current_event.raw_event)

    @app.post("/v1/clips", operation_id="createClip", summary="Ask for a clip", status_code=HTTPStatus.CREATED)
    def create(request: ClipRequest, idempotency_key: Key = None) -> ClipTicket:
        """Answers with a form to upload the photo with. The work begins when the photo is there."""
        options = request.model_dump(include=set(ClipOptions.model_fields))
        order = Order(
            caller=caller(),
            content_type=request.content_type,
            options=StoredOptions.model_validate(options),
            driver_content_type=request.driver_content_type,
            webhook=request.notify.webhook if request.notify else None,
            key=idempotency_key,
            digest=hashlib.sha256(request.model_dump_json().encode()).hexdigest(),
        )
        made = create_clip(order, settings)
        logger.append_keys(clip_id=made.clip_id)
        logger.info("clip asked for")
        return views.ticket(made)

    @app.get("/v1/clips", operation_id="listClips", summary="Your clips, newest first")
    def list_(limit: Limit = 20, cursor: Cursor = None) -> ClipPage:
        """A clip that began or was deleted a moment ago may be missing or still be there."""
        return views.page(list_clips(caller(), limit, views.place(cursor), settings))

    @app.get("/v1/clips/<clip_id>", operation_id="getClip", summary="Where a clip stands")
    def get(clip_id: ClipId) -> Clip:
        """Its progress; once it is ready links that are made for this answer, until it expires; once it has failed, why."""
        logger.append_keys(clip_id=clip_id)
        return views.clip(get_clip(clip_id, caller(), settings), settings)

    @app.delete("/v1/clips/<clip_id>", operation_id="deleteClip", summary="Erase a clip", status_code=HTTPStatus.NO_CONTENT)
    def delete(clip_id: ClipId) -> None:
        """Stops its work and erases its photo, driver, face, frames, clip and record. Done again, it changes nothing."""
        logger.append_keys(clip_id=clip_id)
        delete_clip(clip_id, caller(), settings)
        logger.info("clip deleted")

    @app.get("/v1/openapi.json", operation_id="getOpenApi", summary="This document")
    def openapi() -> dict[str, Any]:
        return document(app)
