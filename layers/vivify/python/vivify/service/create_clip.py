"""A person asks for a clip: a record, and forms to upload the photo, and the driver if there is one, with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vivify.cloud import uploads
from vivify.cloud.callers import Callers
from vivify.cloud.records import Records
from vivify.cloud.settings import ServeApi
from vivify.cloud.uploads import UploadForm
from vivify.errors import ClipDeleted, ClipNotFound, KeyReused, NotAccepting
from vivify.service import clip_ids
from vivify.service.clip_options import StoredOptions

UPLOAD_SECONDS = 300
_TRY_AGAIN_SECONDS = 600


@dataclass(frozen=True)
class Order:
    """``content_type`` and ``driver_content_type``: what will be uploaded. ``key``: the caller's Idempotency-Key."""

    caller: str
    content_type: str
    options: StoredOptions
    driver_content_type: str | None = None
    webhook: str | None = None
    key: str | None = None
    digest: str = ""


@dataclass(frozen=True)
class Ticket:
    """``expires_at`` (UTC) is the forms'."""

    clip_id: str
    upload: UploadForm
    driver_upload: UploadForm | None
    expires_at: dt.datetime


def create_clip(order: Order, settings: ServeApi) -> Ticket:
    """The clip of this order: a new one, or the one that the caller's key stands for already, with fresh forms.

    Raises KeyReused, NotAccepting, QuotaSpent.
    """
    clip_id = clip_ids.mint()
    if order.key is not None:
        clip_id = Callers(settings.callers_table).clip_for(order.caller, order.key, order.digest, clip_id)
    if order.key is None or not _exists(clip_id, settings):
        _begin(clip_id, order, settings)
    expires_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=UPLOAD_SECONDS)
    driver = order.driver_content_type
    return Ticket(
        clip_id,
        _form(clip_ids.PHOTOS + clip_id, order.content_type, settings),
        _form(clip_ids.DRIVERS + clip_id, driver, settings) if driver else None,
        expires_at,
    )


def _exists(clip_id: str, settings: ServeApi) -> bool:
    try:
        Records(settings.table_name).get(clip_id)
    except ClipDeleted as deleted:
        raise KeyReused("The clip of this Idempotency-Key was deleted. Use a new key for a new clip.") from deleted
    except ClipNotFound:
        return False
    return True


def _begin(clip_id: str, order: Order, settings: ServeApi) -> None:
    if settings.accept_work == "no":
        raise NotAccepting("No new clips are made just now. Please try again later.", retry_after=_TRY_AGAIN_SECONDS)
    callers = Callers(settings.callers_table)
    receipt = callers.spend(order.caller, settings.daily_clips)
    driver = clip_ids.DRIVERS + clip_id if order.driver_content_type else None
    options = order.options.model_copy(update={"driver": driver}).model_dump_json()
    notify = {"webhook": order.webhook} if order.webhook else None
    if not Records(settings.table_name).create(clip_id, order.caller, options, notify):
        callers.refund(receipt)  # the same request, sent twice at once: the other has begun it


def _form(key: str, content_type: str, settings: ServeApi) -> UploadForm:
    return uploads.allow(settings.uploads_bucket, key, content_type, seconds=UPLOAD_SECONDS)
