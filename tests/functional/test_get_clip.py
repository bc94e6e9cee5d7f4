"""GET /v1/clips/{clip_id}, as the HTTP API delivers it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Event, Stack

Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]

CLIP = "c0123456789abcdef012345678"
FIGURES = {"seconds": "4.000", "fps": "25", "width": "512", "height": "512", "frames": "100"}


def test_an_unknown_clip(stack: Stack, invoke: Invoke, event: Events) -> None:
    """404 with a code, for an id that was never given out."""
    answer = invoke("get_clip", event("http_get_clip"))
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["error"]["code"] == "clip_not_found"


@pytest.mark.parametrize("state", ["created", "detecting", "animating", "publishing"])
def test_a_clip_on_its_way(stack: Stack, invoke: Invoke, event: Events, state: str) -> None:
    """The state and nothing of where things lie: no bucket, no key, no link."""
    stack.put_record(CLIP, state, photo={"bucket": "uploads", "key": "photos/private name.png", "version": "1"})
    answer = invoke("get_clip", event("http_get_clip"))
    view = json.loads(answer["body"])
    assert (answer["statusCode"], view["state"]) == (200, state)
    assert set(view) == {"clip_id", "state", "created_at", "updated_at", "options"}


def test_a_ready_clip(stack: Stack, invoke: Invoke, event: Events) -> None:
    """Links to the clip and its poster, signed for URL_SECONDS, with an expires_at that is the signature's own."""
    keys = {"clip_key": "clips/x/clip.mp4", "poster_key": "clips/x/poster.jpg", "preview_key": "clips/x/preview.webp"}
    stack.put_record(CLIP, "ready", **keys, clip=FIGURES)
    answer = invoke("get_clip", event("http_get_clip"))
    clip = json.loads(answer["body"])["clip"]
    assert {name: clip[name] for name in FIGURES} == {
        "seconds": 4.0,
        "fps": 25,
        "width": 512,
        "height": 512,
        "frames": 100,
    }
    query = {name: values[0] for name, values in parse_qs(urlsplit(clip["url"]).query).items()}
    signed = dt.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    ends = signed + dt.timedelta(seconds=int(query["X-Amz-Expires"]))
    assert query["X-Amz-Expires"] == "900"
    assert dt.timedelta(0) <= ends - dt.datetime.fromisoformat(clip["expires_at"]) <= dt.timedelta(seconds=2)
    assert answer["headers"]["cache-control"] == "no-store"
    assert urlsplit(clip["poster_url"]).path.endswith("/clips/x/poster.jpg")
    assert urlsplit(clip["preview_url"]).path.endswith("/clips/x/preview.webp")


def test_a_failed_clip(stack: Stack, invoke: Invoke, event: Events) -> None:
    """The verdict, and no links."""
    verdict = {"code": "profile_view", "message": "Turn to the camera."}
    stack.put_record(CLIP, "failed", verdict=verdict)
    view = json.loads(invoke("get_clip", event("http_get_clip"))["body"])
    assert view["verdict"] == verdict
    assert "clip" not in view
