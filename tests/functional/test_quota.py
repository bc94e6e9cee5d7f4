"""How many clips a caller may begin a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from vivify.cloud import callers, settings
from vivify.errors import QuotaSpent
from vivify.service import create_clip
from vivify.service.clip_options import StoredOptions

from .handlers import Answer
from .stack import Stack

Ask = Callable[..., Answer]
POST = "http_create_clip"


class Tomorrow(dt.datetime):
    """The clock of a day later."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
        return dt.datetime.now(tz) + dt.timedelta(days=1)


TOMORROW = SimpleNamespace(datetime=Tomorrow, timedelta=dt.timedelta, UTC=dt.UTC)


def test_the_days_clips_are_counted(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused until midnight UTC, with no record; a replay of an earlier one, and other callers, go on."""
    monkeypatch.setenv("DAILY_CLIPS", "2")
    assert [ask(POST, idempotency_key=key).status for key in ("one", "two")] == [201, 201]
    answer = ask(POST, idempotency_key="three")
    assert (answer.status, answer.body["code"]) == (429, "quota_spent")
    now = dt.datetime.now(dt.UTC)
    midnight = (now + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert 0 <= int(answer.headers["retry-after"]) - (midnight - now).total_seconds() < 60  # never before midnight
    assert len(stack.records()) == 2
    assert ask(POST, idempotency_key="one").status == 201
    assert ask(POST, caller="AIDASOMEBODYELSE").status == 201


def test_the_count_starts_again_at_midnight(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has begun all of today's clips may begin as many tomorrow; today's count is kept apart."""
    monkeypatch.setenv("DAILY_CLIPS", "1")
    assert [ask(POST, idempotency_key=key).status for key in ("one", "two")] == [201, 429]
    monkeypatch.setattr(callers, "dt", TOMORROW)
    assert [ask(POST, idempotency_key=key).status for key in ("three", "four")] == [201, 429]
    assert stack.counted() == [1, 1]


def test_a_count_is_taken_back_from_its_own_day(stack: Stack, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request sent twice at once, around midnight: what the second was counted, yesterday's count gives back."""

    def begun_by_the_other(*_: object) -> bool:
        monkeypatch.setattr(callers, "dt", TOMORROW)
        return False

    monkeypatch.setattr(create_clip.Records, "create", begun_by_the_other)
    assert ask(POST, idempotency_key="one").status == 201
    assert stack.counted() == [0]


@pytest.mark.usefixtures("requests_take_turns")
def test_the_count_is_never_passed(stack: Stack) -> None:
    """Twelve requests at once where five are left: five clips, seven refusals."""
    configured = settings.load(settings.ServeApi, {**stack.environment(), "DAILY_CLIPS": "5"})
    order = create_clip.Order("iam:AIDA", "image/png", StoredOptions())

    def attempt(_: int) -> bool:
        try:
            create_clip.create_clip(order, configured)
        except QuotaSpent:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(attempt, range(12))) == 5
    assert len(stack.records()) == 5
