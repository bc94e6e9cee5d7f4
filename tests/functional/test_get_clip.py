"""GET /v1/clips and GET /v1/clips/{clip_id}, as the HTTP API delivers them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from vivify.cloud.records import timestamp
from vivify.service.clip_options import StoredOptions

from .handlers import Answer, Event
from .stack import KEPT_UNTIL, Stack

Ask = Callable[..., Answer]
GET = "http_get_clip"
CLIP = "c0123456789abcdef012345678"
FIGURES = {"seconds": "4.000", "fps": "25", "width": "512", "height": "512", "frames": "100"}
KEYS = {"clip_key": "clips/x/clip.mp4", "poster_key": "clips/x/poster.jpg", "preview_key": "clips/x/preview.webp"}


def test_an_unknown_clip(stack: Stack, ask: Ask) -> None:
    """404 with a code, for an id that was never given out."""
    answer = ask(GET)
    assert (answer.status, answer.body["code"]) == (404, "clip_not_found")


@pytest.mark.parametrize("method", ["http_get_clip", "http_delete_clip"])
def test_somebody_elses_clip(stack: Stack, ask: Ask, method: str) -> None:
    """It is as one that never was, to the letter; and it stays."""
    never = ask(method)
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES)
    stranger = ask(method, caller="AIDASTRANGER")
    assert (stranger.status, stranger.body) == (404, never.body)
    assert ask(GET).status == 200


def test_nobodys_clip(stack: Stack, ask: Ask) -> None:
    """A dropped photo's clip, of which S3 did not say who dropped it, is no caller's."""
    stack.put_record(CLIP, "created", owner=None)
    assert ask(GET).status == 404


PERCENT = {"created": 0, "detecting": 5, "animating": 50, "publishing": 90, "failed": 100}


def test_a_clip_on_its_way(stack: Stack, ask: Ask, subtests: pytest.Subtests) -> None:
    """Status and progress, and nothing of where things lie: no bucket, no key, no owner, no link."""
    for state, percent in PERCENT.items():
        with subtests.test(state):
            shown_as(stack, ask, state, percent)


def shown_as(stack: Stack, ask: Ask, state: str, percent: int) -> None:
    told = {"verdict": {"code": "profile_view", "message": "Turn to the camera."}, "progress": "50"}
    stack.put_record(CLIP, state, photo={"bucket": "uploads", "key": "photos/private name.png", "version": "1"}, **told)
    answer = ask(GET)
    assert answer.status == 200
    assert answer.body == {
        "clip_id": CLIP,
        "status": state,
        "progress": {"stage": state, "percent": percent},
        "created_at": "2026-01-15T09:30:12.482000Z",
        "updated_at": "2026-01-15T09:30:12.482000Z",
        "options": {
            "motions": ["turn-left", "gentle-smile"],
            "strength": 1.0,
            "seconds": None,
            "fps": 25.0,
            "size": "native",
            "frame": "photo",
            "faces": "all",
            "seed": None,
            "loop": False,
            "repair": "auto",
        },
        "driver": False,
        "verdict": told["verdict"] if state == "failed" else None,
        "faces": None,
        "kept_until": None,
        "clip": None,
    }


def test_a_clip_that_follows_a_driver(stack: Stack, ask: Ask) -> None:
    """It plays no motions, and says so."""
    stack.put_record(CLIP, "animating", options=StoredOptions(driver=f"drivers/{CLIP}").model_dump_json())
    body = ask(GET).body
    assert (body["driver"], body["options"]["motions"]) == (True, None)


def test_options_of_another_time(stack: Stack, ask: Ask) -> None:
    """A clip shows what was asked for though it may not be asked any more."""
    options = StoredOptions().model_copy(update={"motions": ["lost"], "fps": 500.0}).model_dump_json()
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES, options=options)
    shown = ask(GET).body["options"]
    assert (shown["motions"], shown["fps"]) == (["lost"], 500)


def test_what_became_of_each_face(stack: Stack, ask: Ask) -> None:
    """As the job told it: who moves, what holds them back, who cannot and why."""
    small = {"code": "face_too_small", "message": "Send a larger photo."}
    faces = [
        {"box": [10, 20, 110, 160], "animated": True, "held_back": ["head_turned"], "repaired": False, "verdict": None},
        {"box": [300, 20, 320, 45], "animated": False, "held_back": [], "repaired": False, "verdict": small},
    ]
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES, faces=faces)
    assert ask(GET).body["faces"] == faces


def test_a_ready_clip(stack: Stack, ask: Ask) -> None:
    """Links to clip, poster and preview, signed for URL_SECONDS, with an expires_at that is the signature's own."""
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES)
    answer = ask(GET)
    clip = answer.body["clip"]
    assert {name: clip[name] for name in FIGURES} == {"seconds": 4.0, "fps": 25, "width": 512, "height": 512, "frames": 100}
    query = {name: values[0] for name, values in parse_qs(urlsplit(clip["url"]).query).items()}
    signed = dt.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    ends = signed + dt.timedelta(seconds=int(query["X-Amz-Expires"]))
    assert query["X-Amz-Expires"] == "900"
    assert dt.timedelta(0) <= ends - dt.datetime.fromisoformat(clip["expires_at"]) <= dt.timedelta(seconds=2)
    assert answer.headers["cache-control"] == "no-store"
    assert urlsplit(clip["poster_url"]).path.endswith("/clips/x/poster.jpg")
    assert urlsplit(clip["preview_url"]).path.endswith("/clips/x/preview.webp")
    assert dt.datetime.fromisoformat(answer.body["kept_until"]) == dt.datetime.fromisoformat(KEPT_UNTIL)


def test_a_clip_whose_days_are_over(stack: Stack, ask: Ask, listed: Callable[..., Answer]) -> None:
    """Until then its links end with it; after, it has none and says so, in the list too, and can still be deleted."""
    soon = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(minutes=5)
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES, kept_until=timestamp(soon))
    assert dt.datetime.fromisoformat(ask(GET).body["clip"]["expires_at"]) == soon
    gone = timestamp(dt.datetime.now(dt.UTC))
    stack.put_record(CLIP, "ready", **KEYS, clip=FIGURES, kept_until=gone)
    shown = ask(GET).body
    assert (shown["status"], shown["progress"]) == ("expired", {"stage": "expired", "percent": 100})
    assert dt.datetime.fromisoformat(shown["kept_until"]) == dt.datetime.fromisoformat(gone)
    assert shown["clip"] is None
    assert [clip["status"] for clip in listed().body["clips"]] == ["expired"]
    assert ask("http_delete_clip").status == 204


# ---------------------------------------------------------------- the list


@pytest.fixture
def listed(
    stack: Stack, invoke: Callable[[str, Event], dict[str, str]], event: Callable[[str], Event]
) -> Callable[..., Answer]:
    """Asks for a page of the list."""

    def send(**query: str) -> Answer:
        request = event("http_list_clips")
        request["queryStringParameters"] = query
        return Answer.of(invoke("serve_api", request))

    return send


def id_of(number: int) -> str:
    return f"c{number:025x}"


def fill(stack: Stack, clips: int) -> None:
    """Clips of one owner, a day apart, the last the youngest, and some of somebody else's between."""
    for number in range(clips):
        at = {"created_at": f"2026-01-{number + 1:02}T00:00:00.000Z"}
        stack.put_record(id_of(number), "created", **at)
        stack.put_record(id_of(100 + number), "created", owner="iam:AIDASTRANGER", **at)


def test_pages(stack: Stack, listed: Callable[..., Answer]) -> None:
    """Newest first, at most limit a page, every clip exactly once, the last page without a cursor, nobody else's clip."""
    fill(stack, 7)
    pages, cursor = [], None
    while cursor is not None or not pages:
        page = listed(limit="3", **({"cursor": cursor} if cursor else {}))
        assert page.status == 200
        pages.append([clip["clip_id"] for clip in page.body["clips"]])
        cursor = page.body["next_cursor"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [clip for page in pages for clip in page] == [id_of(number) for number in range(6, -1, -1)]


def test_an_empty_list(stack: Stack, listed: Callable[..., Answer]) -> None:
    """No clips are a page without clips."""
    assert listed().body == {"clips": [], "next_cursor": None}


def test_a_deleted_clip_leaves_the_list(stack: Stack, ask: Ask, listed: Callable[..., Answer]) -> None:
    """Neither its tombstone is shown, nor one that is marked and still being erased."""
    fill(stack, 2)
    assert ask("http_delete_clip", path=f"/v1/clips/{id_of(0)}").status == 204
    assert [clip["clip_id"] for clip in listed().body["clips"]] == [id_of(1)]
    stack.put_record(id_of(1), "deleted")  # marked, and not buried yet
    assert listed().body["clips"] == []


def test_a_borrowed_cursor_shows_ones_own(stack: Stack, listed: Callable[..., Answer]) -> None:
    """A cursor says where to go on, not in whose list: one that points at a stranger's clip shows the caller's own."""
    fill(stack, 3)
    (last,) = listed(limit="1").body["clips"]
    cursor = listed(limit="1").body["next_cursor"].replace(last["clip_id"], id_of(102))
    shown = [clip["clip_id"] for clip in listed(cursor=cursor).body["clips"]]
    assert set(shown) <= {id_of(number) for number in range(3)}


WRONG = (
    {"limit": "0"},
    {"limit": "101"},
    {"limit": "many"},
    *({"cursor": text} for text in ("", "next", "é", "f" * 11 + "c", "0" * 37)),
)


def test_a_wrong_page_is_refused(stack: Stack, listed: Callable[..., Answer], subtests: pytest.Subtests) -> None:
    """422, naming the parameter."""
    for query in WRONG:
        with subtests.test(str(query)):
            answer = listed(**query)
            assert (answer.status, answer.body["code"]) == (422, "request_invalid")
            assert next(iter(query)) in answer.body["message"]


def test_callers_with_tokens(
    stack: Stack, invoke: Callable[[str, Event], dict[str, str]], event: Callable[[str], Event]
) -> None:
    """A token's subject, with its issuer, owns clips as a signer does: the same subject of another issuer is another."""
    request = event("http_list_clips_from_browser")
    stack.put_record(CLIP, "created", owner="jwt:9b2f7c1e-somebody@https://idp.example.org")
    assert [clip["clip_id"] for clip in Answer.of(invoke("serve_api", request)).body["clips"]] == [CLIP]
    request["requestContext"]["authorizer"]["jwt"]["claims"]["iss"] = "https://elsewhere.example.org"
    assert Answer.of(invoke("serve_api", request)).body["clips"] == []
