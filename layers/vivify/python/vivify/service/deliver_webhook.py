"""The news of a clip's end, to the address that its owner gave: signed, tried for a day, off every clip's own way.

    Vivify-Event-Id:   the same for every try, so that the receiver can tell what it knows already
    Vivify-Signature:  t=1768469412,v1=<hex>   HMAC-SHA256 over "<t>.<body>" with the shared secret

For two days after a rotation there are two v1, of the new secret and of the one before: a receiver accepts either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence

from vivify.cloud import keys, queues
from vivify.cloud.records import Records
from vivify.cloud.settings import DeliverWebhook
from vivify.errors import ClipNotFound, WebhookFailed
from vivify.service import news
from vivify.service.links import has_expired
from vivify.service.outside import Outside

# Seconds before the second try, the third and so on: ten tries in 23.7 hours, as many as the queue lets a message have.
DELAYS = (30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
OVERLAP_SECONDS = 2 * 24 * 3600


def deliver_webhook(clip_id: str, settings: DeliverWebhook, outside: Outside) -> bool:
    """True once the receiver has said 2xx; False where nobody asked to be called, or the clip is gone meanwhile.

    The body is made anew from the record, so that a late try brings links that work. Raises WebhookFailed.
    """
    try:
        record = Records(settings.table_name).get(clip_id)
    except ClipNotFound:
        return False
    url = record.get("notify", {}).get("webhook") or settings.default_webhook
    if not url or has_expired(record):
        return False
    message = news.compose(record, settings)
    body = json.dumps(message).encode()
    secrets = keys.rotating_secret(settings.webhook_secret, OVERLAP_SECONDS)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Vivify-Webhook/1",
        "Vivify-Event-Id": message["event_id"],
        "Vivify-Signature": signature(body, secrets, int(time.time())),
    }
    status = outside.post(url, body, headers)
    if not 200 <= status < 300:
        raise WebhookFailed(f"The webhook answered {status}.", status=status)
    return True


def signature(body: bytes, secrets: Sequence[str], at: int) -> str:
    """The header's value at ``at`` (seconds since the epoch): one v1 for each secret."""
    signed = f"{at}.".encode() + body
    marks = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={at}", *marks])


def put_off(receipt_handle: str, tries: int, settings: DeliverWebhook) -> int:
    """Keeps a message that failed for the ``tries``-th time (from 1) in the queue; gives the seconds until the next try.

    0 after the last: the queue then puts the message aside.
    """
    seconds = DELAYS[tries - 1] if tries <= len(DELAYS) else 0
    queues.retry_later(settings.webhook_queue, receipt_handle, seconds)
    return seconds
