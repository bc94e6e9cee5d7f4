"""What each step reads from its environment, parsed once. ``load`` names everything that is missing or wrong at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from vivify.errors import SettingsInvalid


@dataclass(frozen=True, kw_only=True)
class LinkSettings:
    """What signing links takes. ``link_role``: the role whose credentials sign; with ``clips_domain``, the CloudFront
    distribution's key in the secret ``clips_domain_key`` does instead.
    """

    clips_bucket: str
    link_role: str
    url_seconds: int = 3600
    clips_domain: str = ""
    clips_domain_key: str = ""


@dataclass(frozen=True, kw_only=True)
class ServeApi(LinkSettings):
    table_name: str
    callers_table: str
    uploads_bucket: str
    work_bucket: str
    state_machine_arn: str
    docs_url: str
    daily_clips: int = 100
    accept_work: Literal["yes", "no"] = "yes"


@dataclass(frozen=True)
class DetectFace:
    table_name: str
    work_bucket: str
    state_machine_arn: str
    accept_work: Literal["yes", "no"] = "yes"


@dataclass(frozen=True)
class AnimateClip:
    """The Batch job's environment: the job definition gives the first three, the execution the others."""

    table_name: str
    work_bucket: str
    provider: Literal["cpu", "cuda"]
    clip_id: str
    photo_bucket: str
    photo_key: str
    photo_version: str
    faces_key: str
    output_prefix: str
    options: str  # JSON, as vivify.service.clip_options writes it
    # Batch sets these two; they keep two attempts from writing over each other.
    aws_batch_job_id: str = "job"
    aws_batch_job_attempt: int = 1


@dataclass(frozen=True)
class PublishClip:
    """``clip_days``: how long S3 keeps clips. ``provenance_key``: a KMS key (ARN); ``provenance_chain``: the secret with
    its certificates. Both or neither.
    """

    table_name: str
    work_bucket: str
    clips_bucket: str
    clip_days: int
    provenance_key: str = ""
    provenance_chain: str = ""


@dataclass(frozen=True, kw_only=True)
class Notify(LinkSettings):
    gpu_hour_price: float
    table_name: str
    work_bucket: str
    topic_arn: str


@dataclass(frozen=True, kw_only=True)
class DeliverWebhook(LinkSettings):
    """``webhook_secret``: what deliveries are signed with. ``default_webhook``: called where a clip names no other."""

    table_name: str
    webhook_queue: str
    webhook_secret: str
    default_webhook: str = ""


@dataclass(frozen=True)
class Reconcile:
    table_name: str
    uploads_bucket: str
    work_bucket: str
    clips_bucket: str
    state_machine_arn: str
    detect_function: str
    notify_function: str


@dataclass(frozen=True)
class SweepPhotos:
    uploads_bucket: str
    photo_hours: float


T = TypeVar("T", ServeApi, DetectFace, AnimateClip, PublishClip, Notify, DeliverWebhook, Reconcile, SweepPhotos)


def load(kind: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Reads ``kind`` from ``environ``: field ``table_name`` from ``TABLE_NAME``, and so on.

    Raises SettingsInvalid, naming every variable that is missing (or empty) and every one whose value cannot be.
    """
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    missing: list[str] = []
    wrong: list[str] = []
    for field in fields(kind):
        name = field.name.upper()
        text = environ.get(name, "")
        if not text:
            if field.default is MISSING:
                missing.append(name)
            continue
        try:
            values[field.name] = _parse(types[field.name], text)
        except ValueError:
            wrong.append(name)
    if missing or wrong:
        parts = [f"not set: {', '.join(missing)}"] if missing else []
        parts += [f"not a value it takes: {', '.join(wrong)}"] if wrong else []
        raise SettingsInvalid(f"Environment variables {'; '.join(parts)}.", missing=missing, wrong=wrong)
    return kind(**values)


def _parse(wanted: Any, text: str) -> Any:
    """``text`` as a str, int or float, or as one of the words of a Literal. Raises ValueError."""
    words = get_args(wanted)
    if not words:
        return wanted(text)
    if text not in words:
        raise ValueError(text)
    return text
