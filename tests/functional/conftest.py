"""The service's handlers as Lambda would load them, before an AWS that lives in this process."""

from __future__ import annotations

import functools
import hashlib
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from vivify.cloud import aws, functions, keys, signed_urls
from vivify.cloud.storage import ObjectPointer
from vivify.faces import Face, find_faces
from vivify.photos import Photo
from vivify.service import detect_face
from vivify.service.photo_events import photos_in

from .handlers import Answer, Context, Event, load
from .receiver import Receiver, listening
from .stack import REGION, ROOT, Stack, make

# Every test has clients of its own, but what they are made from (megabytes of JSON) is read once.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

_found: dict[bytes, list[Face]] = {}


@pytest.fixture(autouse=True)
def faces_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same pixels the same faces are found (tests/engine says so): of each photo here once, for all tests."""

    def find_once(photo: Photo) -> list[Face]:
        key = hashlib.sha256(photo.pixels.tobytes()).digest()
        if key not in _found:
            _found[key] = find_faces(photo)
        return list(_found[key])

    monkeypatch.setattr(detect_face, "find_faces", find_once)


@pytest.fixture
def requests_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads may mix, single requests do not: DynamoDB checks and writes an item in one step, moto in several."""
    turn, answer = threading.Lock(), BotocoreStubber.process_request

    def in_turn(stubber: BotocoreStubber, request: Any) -> Any:
        with turn:
            return answer(stubber, request)

    monkeypatch.setattr(BotocoreStubber, "process_request", in_turn)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        _forget()
        made = make()
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made
        _forget()


def _forget() -> None:
    """A cold start: no client, no credentials and no secret from before."""
    for kept in (aws.client, aws.session, signed_urls._taken, keys._secret, keys._rotating_secret):
        kept.cache_clear()


@pytest.fixture
def event() -> Callable[[str], Event]:
    """An event of events/ by its file's name."""
    return lambda name: json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def ask(event: Callable[[str], Event], invoke: Callable[[str, Event], Any]) -> Callable[..., Answer]:
    """Sends the API a request: an event of events/ with changes put in."""

    def send(like: str, *, path: str = "", body: Any = None, caller: str = "", **headers: str) -> Answer:
        request = event(like)
        if path:
            request["rawPath"] = request["requestContext"]["http"]["path"] = path
        if body is not None:
            request["body"] = body if isinstance(body, str) else json.dumps(body)
        if caller:
            request["requestContext"]["authorizer"]["iam"]["userId"] = caller
        request["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer.of(invoke("serve_api", request))

    return send


@pytest.fixture
def arrival(event: Callable[[str], Event]) -> Callable[..., Event]:
    """The event about one photo in the stack's bucket: a captured one, with the names put in."""

    def build(stack: Stack, version: str, *, key: str | None = None, like: str = "s3_photo_dropped") -> Event:
        captured = event(like)
        told = captured["Records"][0]["s3"]
        told["bucket"] |= {"name": stack.uploads, "arn": f"arn:aws:s3:::{stack.uploads}"}
        told["object"] |= {"versionId": version} | ({"key": key} if key else {})
        return captured

    return build


@pytest.fixture
def invoke() -> Callable[[str, Event], Any]:
    """Loads functions/<name>/handler.py afresh, a cold start, and hands it the event."""
    return lambda name, payload: load(f"functions/{name}/handler.py").handler(payload, Context())


@pytest.fixture
def restarted(invoke: Callable[[str, Event], Any], monkeypatch: pytest.MonkeyPatch) -> list[ObjectPointer]:
    """The photos for which detection was asked again. What notify is asked is done at once."""
    photos: list[ObjectPointer] = []

    def stand_in(name: str, event: Event) -> None:
        if name == "detect_face":
            photos.extend(arrival.photo for arrival in photos_in(event))
        else:
            invoke(name, event)

    monkeypatch.setattr(functions, "invoke_later", stand_in)
    return photos


@pytest.fixture
def job(
    stack: Stack,
    invoke: Callable[[str, Event], Any],
    arrival: Callable[..., Event],
    astronaut: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """The astronaut's execution, its pointers in the environment as the state machine and the job definition put them."""
    invoke("detect_face", arrival(stack, stack.put_photo("photos/astronaut.png", astronaut.read_bytes())))
    (execution,) = stack.executions()
    environment = {
        "CLIP_ID": execution["clip_id"],
        "PHOTO_BUCKET": execution["photo"]["bucket"],
        "PHOTO_KEY": execution["photo"]["key"],
        "PHOTO_VERSION": execution["photo"]["version"],
        "FACES_KEY": execution["faces_key"],
        "OUTPUT_PREFIX": f"frames/{execution['clip_id']}",
        "PROVIDER": "cpu",
        "AWS_BATCH_JOB_ID": "7d1c1d5c",
        "AWS_BATCH_JOB_ATTEMPT": "2",
        "OPTIONS": json.dumps(json.loads(execution["options"]) | {"seconds": 0.4}),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return execution


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The entry point, leaving this process's own signal handlers alone."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    entry: Callable[[], int] = load("functions/animate/main.py").main
    return entry


@pytest.fixture(scope="session")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A webhook's receiver, once for all tests."""
    with listening(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture
def receiver(receiving: Receiver) -> Receiver:
    """The receiver, having heard nothing yet; it answers 200."""
    receiving.calls.clear()
    receiving.answer, receiving.location, receiving.drips = lambda _call: 200, "", 0
    keys._rotating_secret.cache_clear()
    return receiving
