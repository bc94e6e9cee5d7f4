"""What the steps need of their environment."""

from __future__ import annotations

import pytest

from vivify.cloud import settings
from vivify.errors import SettingsInvalid

from .handlers import load

NEEDED = {
    "serve_api": [
        "CLIPS_BUCKET",
        "LINK_ROLE",
        "TABLE_NAME",
        "CALLERS_TABLE",
        "UPLOADS_BUCKET",
        "WORK_BUCKET",
        "STATE_MACHINE_ARN",
        "DOCS_URL",
    ],
    "detect_face": ["TABLE_NAME", "WORK_BUCKET", "STATE_MACHINE_ARN"],
    "publish_clip": ["TABLE_NAME", "WORK_BUCKET", "CLIPS_BUCKET", "CLIP_DAYS"],
    "sweep_photos": ["UPLOADS_BUCKET", "PHOTO_HOURS"],
    "notify": ["CLIPS_BUCKET", "LINK_ROLE", "GPU_HOUR_PRICE", "TABLE_NAME", "WORK_BUCKET", "TOPIC_ARN"],
    "deliver_webhook": ["CLIPS_BUCKET", "LINK_ROLE", "TABLE_NAME", "WEBHOOK_QUEUE", "WEBHOOK_SECRET"],
    "reconcile": [
        "TABLE_NAME",
        "UPLOADS_BUCKET",
        "WORK_BUCKET",
        "CLIPS_BUCKET",
        "STATE_MACHINE_ARN",
        "DETECT_FUNCTION",
        "NOTIFY_FUNCTION",
    ],
}


@pytest.mark.parametrize("function", NEEDED)
def test_all_that_is_missing_is_named_at_once(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without its environment fails before its first event, naming every variable, empty ones too."""
    for name in NEEDED[function]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(NEEDED[function][0], "")
    with pytest.raises(SettingsInvalid) as caught:
        load(f"functions/{function}/handler.py")
    assert caught.value.details["missing"] == NEEDED[function]
    assert all(name in caught.value.message for name in NEEDED[function])


def test_missing_and_wrong_are_told_together() -> None:
    """A number that is none is named beside what is missing."""
    with pytest.raises(SettingsInvalid) as caught:
        settings.load(settings.Notify, {"TABLE_NAME": "clips", "URL_SECONDS": "an hour"})
    missing = ["CLIPS_BUCKET", "LINK_ROLE", "GPU_HOUR_PRICE", "WORK_BUCKET", "TOPIC_ARN"]
    assert caught.value.details == {"missing": missing, "wrong": ["URL_SECONDS"]}


def test_a_word_is_one_of_those_there_are() -> None:
    """A switch that is neither yes nor no is named, and not taken for either."""
    environ = {**dict.fromkeys(NEEDED["detect_face"], "x"), "ACCEPT_WORK": "off"}
    with pytest.raises(SettingsInvalid) as caught:
        settings.load(settings.DetectFace, environ)
    assert caught.value.details == {"missing": [], "wrong": ["ACCEPT_WORK"]}


def test_numbers_are_numbers() -> None:
    """Fields have the types they declare, and defaults where the environment is silent."""
    environ = {**dict.fromkeys(NEEDED["serve_api"], "x"), "DAILY_CLIPS": "7", "URL_SECONDS": "60"}
    loaded = settings.load(settings.ServeApi, environ)
    assert (loaded.daily_clips, loaded.url_seconds) == (7, 60)
    del environ["URL_SECONDS"]
    assert settings.load(settings.ServeApi, environ).url_seconds == 3600
