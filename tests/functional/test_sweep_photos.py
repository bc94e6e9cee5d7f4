"""Photos go when their hours are over, whatever became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from vivify.cloud import aws
from vivify.errors import CloudUnavailable

from .handlers import Event
from .stack import Stack

Invoke = Callable[[str, Event], Any]


def sweep(invoke: Invoke, hours: float) -> None:
    """The scheduled event, so long from now."""
    time = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    invoke("sweep_photos", {"source": "aws.events", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ")})


def versions(stack: Stack) -> list[str]:
    """The keys of everything in the bucket: versions, and marks of deletions."""
    found = boto3.client("s3").list_object_versions(Bucket=stack.uploads)
    return sorted(thing["Key"] for kind in ("Versions", "DeleteMarkers") for thing in found.get(kind, []))


def test_before_their_hours_are_over_photos_stay(stack: Stack, invoke: Invoke) -> None:
    """A photo of five hours ago may still be on its way to a clip; and one that was deleted does not come back, as it would
    if the mark of its deletion went before it.
    """
    stack.put_photo("photos/a.jpg", b"a")
    stack.put_photo("photos/b.jpg", b"b")
    boto3.client("s3").delete_object(Bucket=stack.uploads, Key="photos/b.jpg")
    sweep(invoke, 5)
    assert versions(stack) == ["photos/a.jpg", "photos/b.jpg", "photos/b.jpg"]


def test_afterwards_nothing_is_left(stack: Stack, invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    """Versions that were overwritten, photos that were deleted and the marks of it go too, for good; and it is counted."""
    for body in (b"a", b"b"):
        stack.put_photo("photos/a.jpg", body)
    stack.put_photo("photos/folder/b.jpg", b"c")
    boto3.client("s3").delete_object(Bucket=stack.uploads, Key="photos/folder/b.jpg")
    sweep(invoke, 6.1)
    assert versions(stack) == []
    assert '"PhotosSwept":[3.0]' in capsys.readouterr().out


def test_a_name_that_xml_cannot_hold(stack: Stack, invoke: Invoke) -> None:
    """S3 refuses a whole page of deletions for one key that XML has no way to write: such a key goes by itself."""
    client, odd = aws.client("s3"), "photos/bell-\x07.jpg"
    old = dt.datetime.now(dt.UTC)
    with Stubber(client) as s3:
        things = [{"Key": key, "VersionId": "1", "LastModified": old} for key in ("photos/a\n\u00e9\U0001f600", odd)]
        s3.add_response("list_object_versions", {"Versions": things}, {"Bucket": stack.uploads})
        s3.add_response("delete_object", {}, {"Bucket": stack.uploads, "Key": odd, "VersionId": "1"})
        rest = {"Objects": [{"Key": things[0]["Key"], "VersionId": "1"}], "Quiet": True}
        s3.add_response("delete_objects", {}, {"Bucket": stack.uploads, "Delete": rest})
        sweep(invoke, 6.1)
        s3.assert_no_pending_responses()


def test_what_could_not_be_deleted_is_an_error(stack: Stack, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 answers 200 and names the objects it kept: the sweep fails, is tried again, and is heard of."""
    stack.put_photo("photos/a.jpg", b"a")
    answer = {"Errors": [{"Key": "photos/a.jpg", "Code": "InternalError"}]}
    monkeypatch.setattr(aws.client("s3"), "delete_objects", lambda **_: answer)
    with pytest.raises(CloudUnavailable):
        sweep(invoke, 6.1)
