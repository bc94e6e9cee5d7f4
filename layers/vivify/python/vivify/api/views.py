"""Use cases' answers as the API shows them: never a bucket, a key, an owner or a photo's name."""

from __future__ import annotations

import datetime as dt
import json

from vivify.api.schemas import AskedOptions, Clip, ClipPage, ClipSummary, ClipTicket, Links, Progress, Upload, Verdict
from vivify.cloud.records import Page, Record, timestamp
from vivify.cloud.settings import ServeApi
from vivify.service.clip_options import DEFAULTS
from vivify.service.create_clip import Ticket
from vivify.service.get_clip import progress
from vivify.service.links import links

_EPOCH, _MILLISECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(milliseconds=1)


def ticket(made: Ticket) -> ClipTicket:
    return ClipTicket(
        clip_id=made.clip_id,
        upload=Upload(url=made.upload.url, fields=made.upload.fields),
        driver_upload=Upload(url=made.driver_upload.url, fields=made.driver_upload.fields) if made.driver_upload else None,
        expires_at=made.expires_at,
    )


def summary(record: Record) -> ClipSummary:
    made = Progress(**progress(record))
    return ClipSummary(
        clip_id=record["clip_id"],
        status=made.stage,
        progress=made,
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def clip(record: Record, settings: ServeApi) -> Clip:
    """The whole of it. The verdict shows once the clip has failed, the links once it is ready."""
    options = json.loads(record.get("options", DEFAULTS))  # a photo never claimed has none
    driver = options.pop("driver")
    if driver is not None:
        options["motions"] = None
    shown = summary(record)
    return Clip(
        **shown.model_dump(),
        options=AskedOptions.model_construct(**options),  # as they were when asked: what may be asked may have changed
        driver=driver is not None,
        verdict=Verdict(code=record["verdict"]["code"], message=record["verdict"]["message"])
        if shown.status == "failed"
        else None,
        faces=record.get("faces"),
        kept_until=record.get("kept_until") if shown.status in ("ready", "expired") else None,
        clip=Links(**links(record, settings)) if shown.status == "ready" else None,
    )


def page(found: Page) -> ClipPage:
    return ClipPage(clips=[summary(record) for record in found.records], next_cursor=_cursor(found.after))


def _cursor(after: dict[str, str] | None) -> str | None:
    """Says where the list goes on, and nothing of whose: the list is always the caller's own."""
    if after is None:
        return None
    moment = dt.datetime.fromisoformat(after["created_at"])
    return f"{(moment - _EPOCH) // _MILLISECOND:011x}{after['clip_id']}"


def place(cursor: str | None) -> dict[str, str] | None:
    """What ``page`` wrapped. ``cursor``: follows vivify.api.routes.Cursor."""
    if cursor is None:
        return None
    moment = _EPOCH + int(cursor[:11], 16) * _MILLISECOND
    return {"clip_id": cursor[11:], "created_at": timestamp(moment)}
