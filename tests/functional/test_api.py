"""What holds for every route: who is let in, what an error looks like, and what the OpenAPI document says."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from vivify import errors
from vivify.api.errors import ROUTE_NOT_FOUND, STATUS
from vivify.api.schemas import Clip, ClipTicket, State
from vivify.errors import CloudUnavailable
from vivify.service import get_clip, news
from vivify.service.reconcile import NEVER_UPLOADED

from .handlers import Answer, Event
from .stack import ROOT, Stack

Ask = Callable[..., Answer]
Invoke = Callable[[str, Event], Any]
Events = Callable[[str], Event]
POST = "http_create_clip"


def test_nobody_is_served_without_a_name(stack: Stack, invoke: Invoke, event: Events, subtests: pytest.Subtests) -> None:
    """Whatever a gateway lets through: without an authorizer's word for who is calling it is 401, on every route."""
    for name in ("http_create_clip", "http_get_clip", "http_list_clips", "http_delete_clip"):
        for authorizer in (None, {}, {"iam": None}, {"iam": {"userId": ""}}, {"jwt": {"claims": {"sub": "me"}}}):
            with subtests.test(f"{name} {authorizer}"):
                request = event(name)
                request["requestContext"]["authorizer"] = authorizer
                answer = Answer.of(invoke("serve_api", request))
                assert (answer.status, answer.body["code"]) == (401, "not_authenticated")
    assert stack.records() == []


def test_a_body_that_is_no_json(stack: Stack, ask: Ask) -> None:
    """415 by its declared type, 413 by its size, before anybody reads it."""
    form = ask(POST, content_type="application/x-www-form-urlencoded")
    assert (form.status, form.body["code"]) == (415, "body_not_json")
    large = ask(POST, body=json.dumps({"content_type": "image/png", "motions": ["nod" * 10_000]}))
    assert (large.status, large.body["code"]) == (413, "body_too_large")
    assert ask(POST, content_type="application/json ; charset=utf-8").status == 201
    assert ask(POST, content_type="Application/JSON").status == 415


def test_how_large_a_body_may_be(stack: Stack, invoke: Invoke, event: Events, subtests: pytest.Subtests) -> None:
    """16 KB as the caller wrote it, in letters of any size, in base64 or plain from the gateway; not a byte more."""
    request = event(POST)
    for letter in ("x", "é"):
        for size, status in ((16_384, 422), (16_385, 413)):
            body = json.dumps({"content_type": "image/png", "x": ""}, ensure_ascii=False)
            left = size - len(body)
            body = body.replace(
                '""', '"' + letter * (left // len(letter.encode())) + "x" * (left % len(letter.encode())) + '"'
            )
            assert len(body.encode()) == size
            for encoded in (False, True):
                with subtests.test(f"{letter} {size} {encoded}"):
                    text = base64.b64encode(body.encode()).decode() if encoded else body
                    answer = Answer.of(invoke("serve_api", request | {"body": text, "isBase64Encoded": encoded}))
                    assert answer.status == status


def test_a_path_that_is_none(stack: Stack, ask: Ask) -> None:
    """404 in the same form as any other error."""
    for path in ("/v1/clip", "/v1/clips/x/y", "/v1/"):
        answer = ask("http_get_clip", path=path)
        assert (answer.status, answer.body["code"]) == (404, "route_not_found")
    assert ask("http_get_clip", path="/v1/clips/not-an-id").status == 422


def test_every_error_has_one_form(stack: Stack, ask: Ask) -> None:
    """Code, message and a link to the code's explanation; nobody may keep it, as nothing else that we answer."""
    for answer in (
        ask(POST, body="{"),
        ask(POST, body={}),
        ask(POST, content_type="text/plain"),
        ask("http_get_clip"),
        ask("http_get_clip", path="/v1/x"),
    ):
        assert answer.body.keys() == {"code", "message", "docs"}
        assert answer.body["docs"] == f"infra/api.md#{answer.body['code']}"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
    assert ask(POST).headers["cache-control"] == "no-store"


def test_when_to_try_again(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS cannot answer: 503, and after how many seconds another try may be answered."""

    def fail(*_: Any) -> None:
        raise CloudUnavailable("AWS could not read a record just now.")

    monkeypatch.setattr(get_clip.Records, "get", fail)
    answer = ask("http_get_clip")
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "cloud_unavailable", "5")


def test_every_code_is_explained() -> None:
    """infra/api.md has a heading for each code that the API may answer, with its status, and for no other."""
    text = (ROOT / "infra" / "api.md").read_text(encoding="utf-8")
    explained = {code: int(status) for code, status in re.findall(r"^### (\w+)\n(\d{3})\. ", text, re.MULTILINE)}
    told = {kind.code: int(status) for kind, status in STATUS.items()}
    assert explained == told | {ROUTE_NOT_FOUND: 404, errors.VivifyError.code: 500}


def test_every_answer_is_shown() -> None:
    """infra/api.md shows the answers to POST and GET with every field they have, and names every status."""
    page = (ROOT / "infra" / "api.md").read_text(encoding="utf-8")
    shown = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
    ticket, clip = (block for block in shown if "clip_id" in block)
    assert ClipTicket.model_validate(ticket).model_dump().keys() == ticket.keys()
    read = Clip.model_validate(clip).model_dump()
    for part, whole in ((clip, read), (clip["options"], read["options"]), (clip["clip"], read["clip"])):
        assert part.keys() == whole.keys()
    assert set(get_args(State)) <= set(re.findall(r"`(\w+)`", page.split("## What became of it")[1]))


def test_the_document(stack: Stack, ask: Ask) -> None:
    """It is served, names every route and its errors, both ways in, and the schemas that requests are checked against."""
    answer = ask("http_get_clip", path="/v1/openapi.json")
    document = answer.body
    assert answer.status == 200
    assert document["openapi"].startswith("3.1")
    operations = {
        operation["operationId"]: operation["responses"].keys()
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert "content" not in document["paths"]["/v1/clips/{clip_id}"]["delete"]["responses"]["204"]
    always = {"401", "403", "413", "429", "500", "503"}
    assert operations == {
        "createClip": {"201", "400", "409", "415", "422"} | always,
        "listClips": {"200", "422"} | always,
        "getClip": {"200", "404", "422"} | always,
        "deleteClip": {"204", "404", "422"} | always,
        "getOpenApi": {"200"} | always,
    }
    assert document["security"] == [{"sigv4": []}, {"token": []}]
    assert set(document["components"]["securitySchemes"]) == {"sigv4", "token"}
    asked = document["components"]["schemas"]["ClipRequest"]
    assert asked["additionalProperties"] is False
    assert asked["required"] == ["content_type"]
    assert "gentle-smile" in asked["properties"]["motions"]["items"]["enum"]


def test_every_verdict_can_be_looked_up() -> None:
    """infra/api.md tells of each code that a failed clip may have, and which of them the same photo may outlive."""
    page = (ROOT / "infra" / "api.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.*) \|$", page.split("## Why a clip failed")[1].split("## Errors")[0], re.MULTILINE)
    )
    of_photos = {kind.code for kind in _leaves(errors.PhotoRejected)}
    of_requests = {kind.code for kind in (errors.NoFaceInVideo, errors.RequestInvalid, errors.NotAccepting)}
    assert rows.keys() == of_photos | of_requests | {NEVER_UPLOADED["code"], news.OUR_FAULT["code"]}
    assert {code for code, means in rows.items() if means.endswith(": retryable")} == news._RETRYABLE


def _leaves(kind: type[errors.VivifyError]) -> set[type[errors.VivifyError]]:
    below = kind.__subclasses__()
    return {leaf for child in below for leaf in _leaves(child)} if below else {kind}
