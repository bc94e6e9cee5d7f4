"""What a ready clip is to the outside: its links and its figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vivify.cloud import signed_urls
from vivify.cloud.records import Record, now, timestamp
from vivify.cloud.settings import LinkSettings

_KEYS = {"url": "clip_key", "poster_url": "poster_key", "preview_url": "preview_key"}  # links, and the record's names


def has_expired(record: Record) -> bool:
    """Whether it was ready and its days are over: S3 deletes its files, and there is nothing to link to."""
    return record["state"] == "ready" and record["kept_until"] <= now()


def links(record: Record, settings: LinkSettings) -> dict[str, Any]:
    """``{"url", "poster_url", "preview_url", "expires_at"}`` and the clip's figures: seconds, fps, width, height, frames.

    Minted anew at every call. ``expires_at`` (UTC) is when the first of them ends, or the clip.
    """
    minted = {name: _sign(record[key], settings) for name, key in _KEYS.items()}
    figures = {name: float(text) if "." in text else int(text) for name, text in record["clip"].items()}
    ends = min(dt.datetime.fromisoformat(record["kept_until"]), *(link.expires_at for link in minted.values()))
    return {**{name: link.url for name, link in minted.items()}, "expires_at": timestamp(ends), **figures}


def _sign(key: str, settings: LinkSettings) -> signed_urls.SignedUrl:
    if settings.clips_domain:
        return signed_urls.through_cloudfront(settings.clips_domain, key, settings.url_seconds, settings.clips_domain_key)
    return signed_urls.through_s3(settings.clips_bucket, key, settings.url_seconds, settings.link_role)
