"""Objects in S3: pointers to them, reading, writing and listing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivify.cloud.aws import calls, client
from vivify.errors import CloudUnavailable

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold, and a key can


@dataclass(frozen=True)
class ObjectPointer:
    """One version of one object. ``version`` is "null" where the bucket keeps no versions."""

    bucket: str
    key: str
    version: str = "null"

    def as_dict(self) -> dict[str, str]:
        return {"bucket": self.bucket, "key": self.key, "version": self.version}

    def request(self) -> dict[str, str]:
        """How S3's API is asked for it."""
        request = {"Bucket": self.bucket, "Key": self.key}
        return request if self.version in ("", "null") else {**request, "VersionId": self.version}


@dataclass(frozen=True)
class About:
    """What S3 tells of an object without giving it. ``size``: bytes. ``metadata``: without x-amz-meta-, lower case."""

    size: int
    metadata: dict[str, str]


def look(pointer: ObjectPointer) -> About:
    """About the object, without fetching it."""
    with calls("look at an object"):
        head = client("s3").head_object(**pointer.request())
    return About(int(head["ContentLength"]), {name.lower(): value for name, value in head["Metadata"].items()})


def read(pointer: ObjectPointer) -> bytes:
    """The whole object."""
    with calls("read an object"):
        data: bytes = client("s3").get_object(**pointer.request())["Body"].read()
        return data


def write(bucket: str, key: str, data: bytes, content_type: str) -> None:
    with calls("write an object"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type)


def download(pointer: ObjectPointer, path: Path) -> None:
    """Streams the object into ``path``."""
    extra: dict[str, Any] = {k: v for k, v in pointer.request().items() if k == "VersionId"}
    with calls("download an object"):
        client("s3").download_file(pointer.bucket, pointer.key, str(path), ExtraArgs=extra or None)


def upload(path: Path, bucket: str, key: str, content_type: str) -> None:
    """Streams ``path`` into the bucket."""
    # Not upload_file, which wraps what AWS says in an error that no longer tells whether another try may help.
    with path.open("rb") as file, calls("upload a file"):
        client("s3").upload_fileobj(file, bucket, key, ExtraArgs={"ContentType": content_type})


def newest(bucket: str, prefix: str, name: str) -> ObjectPointer | None:
    """The object last written among those under ``prefix`` whose key ends with ``/name``; None if there is none."""
    with calls("list objects"):
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [o for page in pages for o in page.get("Contents", []) if o["Key"].endswith(f"/{name}")]
    if not found:
        return None
    return ObjectPointer(bucket, max(found, key=lambda o: (o["LastModified"], o["Key"]))["Key"])


def latest(bucket: str, key: str) -> ObjectPointer | None:
    """The newest version of the object; None if there is none."""
    # By listing: S3 may answer HEAD with 403, and not 404, to whoever may list no more than a prefix of the bucket.
    with calls("look for an object"):
        answer = client("s3").list_object_versions(Bucket=bucket, Prefix=key, MaxKeys=1)  # the shortest key, its newest
    found = [thing for thing in answer.get("Versions", []) if thing["Key"] == key]
    return ObjectPointer(bucket, key, found[0]["VersionId"]) if found else None


def arrived(bucket: str, prefix: str, since: dt.datetime, until: dt.datetime) -> Iterator[ObjectPointer]:
    """Versions under ``prefix`` put between ``since`` and ``until`` (UTC), unless their key has been deleted since."""
    with calls("list an object's versions"):
        pages = list(client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix))
    markers = sorted((m for page in pages for m in page.get("DeleteMarkers", [])), key=lambda m: m["LastModified"])
    deleted = {marker["Key"]: marker["LastModified"] for marker in markers}  # when last
    for thing in (thing for page in pages for thing in page.get("Versions", [])):
        put = thing["LastModified"]
        if since <= put < until and (thing["Key"] not in deleted or put > deleted[thing["Key"]]):
            yield ObjectPointer(bucket, thing["Key"], thing["VersionId"])


def erase(bucket: str, prefix: str, *, but: str | None = None) -> None:
    """Deletes every object under ``prefix``, except those under ``but``. Nothing there is fine."""
    with calls("delete objects"):
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            keys = [o["Key"] for o in page.get("Contents", []) if but is None or not o["Key"].startswith(but)]
            _delete(bucket, [{"Key": key} for key in keys])


def expire(bucket: str, before: dt.datetime) -> int:
    """Deletes for good every version, and every mark of a deletion, older than ``before`` (UTC); how many versions."""
    count = 0
    with calls("delete old objects"):
        for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket):
            old = [thing for thing in page.get("Versions", []) if thing["LastModified"] < before]
            marks = [thing for thing in page.get("DeleteMarkers", []) if thing["LastModified"] < before]
            _delete(bucket, [{"Key": thing["Key"], "VersionId": thing["VersionId"]} for thing in (*old, *marks)])
            count += len(old)
    return count


def _delete(bucket: str, things: list[dict[str, str]]) -> None:
    """One page of objects, or versions of them, in one call, which succeeds even where it could not delete them all."""
    together = [thing for thing in things if not _NOT_XML.search(thing["Key"])]
    for thing in things:
        if thing not in together:  # S3 would refuse the whole page
            client("s3").delete_object(Bucket=bucket, **thing)
    if not together:
        return
    answer = client("s3").delete_objects(Bucket=bucket, Delete={"Objects": together, "Quiet": True})
    if errors := answer.get("Errors"):
        raise CloudUnavailable("AWS could not delete all objects just now.", aws_code=errors[0]["Code"])


def erase_versions(bucket: str, key: str) -> None:
    """Deletes every version of the one object, so that nothing of it is left. That there is none is fine."""
    with calls("delete an object's versions"):
        for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            for thing in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if thing["Key"] == key:
                    client("s3").delete_object(Bucket=bucket, Key=key, VersionId=thing["VersionId"])


def erase_version(pointer: ObjectPointer) -> None:
    """Deletes one version of one object. That it is not there is fine."""
    with calls("delete an object"):
        client("s3").delete_object(**pointer.request())
