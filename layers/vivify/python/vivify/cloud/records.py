"""One record a clip, and the only ways its state may change.

    created ──> detecting ──> animating ──> publishing ──> ready
        └───────────┴─────────────┴─────────────┴────────> failed

A step may enter its own state again (it is being retried). ``ready`` and ``failed`` are terminal: no write ever
leaves them. Every change is one conditional write, so of two racing deliveries one wins and the other is told.

A record is ``pending`` from its beginning until people have been told of its end. The table's index of pending records,
by when they last changed, is how :mod:`vivify.service.reconcile` finds the clips that nobody works on any more.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vivify.cloud.aws import calls, client
from vivify.cloud.storage import ObjectPointer
from vivify.errors import ClipNotFound, CloudError, CloudUnavailable, TransitionRefused

# As long as Step Functions remembers an execution's name: a late duplicate event meets the record or the name.
KEPT_SECONDS = 90 * 24 * 3600

TERMINAL = frozenset({"ready", "failed"})
_FROM = {
    "detecting": ("created", "detecting"),
    "animating": ("detecting", "animating"),
    "publishing": ("animating", "publishing"),
    "ready": ("publishing",),
    "failed": ("created", "detecting", "animating", "publishing"),
}
# A clip has one photo and one execution: who has neither, or comes with the same photo, may begin.
_FREE = "attribute_not_exists(execution) AND (attribute_not_exists(photo) OR photo = :photo)"
_PENDING_INDEX = "pending"
_BATCH = 100  # the most keys that one BatchGetItem takes
_to_item, _from_item = TypeSerializer().serialize, TypeDeserializer().deserialize

Record = dict[str, Any]
"""clip_id, state, created_at and updated_at (ISO 8601, UTC), options, pending (until its end is told), and what the
steps have added: photo, arrived_at, execution, gpu_seconds, restarts, verdict, failure, clip_key, poster_key, preview_key,
clip (its figures, as text), notified_at."""


@dataclass(frozen=True)
class Records:
    table_name: str

    def create(self, clip_id: str, options: dict[str, str]) -> None:
        """A new record in state ``created``. Ids are minted at random: one that exists is a fault, not a retry."""
        record = {"clip_id": clip_id, "state": "created", "options": options, "updated_at": now(), **_beginning()}
        with calls("write a new record"):
            client("dynamodb").put_item(
                TableName=self.table_name,
                Item={name: _to_item(value) for name, value in record.items()},
                ConditionExpression="attribute_not_exists(clip_id)",
            )

    def get(self, clip_id: str) -> Record:
        """Raises ClipNotFound."""
        with calls("read a record"):
            answer = client("dynamodb").get_item(
                TableName=self.table_name, Key={"clip_id": {"S": clip_id}}, ConsistentRead=True
            )
        if "Item" not in answer:
            raise ClipNotFound("There is no clip with this id.")
        return _record(answer["Item"])

    def claim(self, clip_id: str, photo: ObjectPointer, *, new: bool, options: dict[str, str]) -> Record:
        """``detecting``, for this version of the photo; no other version may have the clip afterwards.

        ``new``: the photo was dropped, so the record may begin here, with ``options``. Otherwise it must exist.
        Raises ClipNotFound, or TransitionRefused when the clip has its execution or another version already.
        """
        condition = f"{_comes_from('detecting')} AND {_FREE}"
        return self._update(
            clip_id,
            {"state": "detecting", "photo": photo.as_dict()},
            f"attribute_not_exists(clip_id) OR ({condition})" if new else condition,
            at_first={"options": options, "arrived_at": now(), **_beginning()},
        )

    def restart(self, clip_id: str, photo: ObjectPointer, *, most: int) -> Record:
        """``detecting`` once more, counted in ``restarts``; whoever claims the photo then brings its options.

        The record may begin here: nothing says that the photo's event ever came.
        Raises TransitionRefused when it was restarted ``most`` times, or has its execution or another version already.
        """
        condition = f"{_comes_from('detecting')} AND {_FREE} AND (attribute_not_exists(restarts) OR restarts < :most)"
        return self._update(
            clip_id,
            {"state": "detecting", "photo": photo.as_dict()},
            f"attribute_not_exists(clip_id) OR ({condition})",
            at_first=_beginning(),
            count="restarts",
            values={":most": most},
        )

    def advance(self, clip_id: str, to: str, **attributes: Any) -> Record:
        """Moves the record to state ``to`` with ``attributes``. Raises ClipNotFound, TransitionRefused."""
        return self._update(clip_id, {"state": to, **attributes}, _comes_from(to))

    def note(self, clip_id: str, **attributes: Any) -> Record:
        """Adds ``attributes`` whatever the state is, and never the state itself. Raises ClipNotFound."""
        return self._update(clip_id, attributes, "attribute_exists(clip_id)")

    def spend(self, clip_id: str, gpu_seconds: float) -> None:
        """Adds what an attempt at the clip took of a GPU, to the millisecond. Raises ClipNotFound."""
        self._update(clip_id, {}, "attribute_exists(clip_id)", count="gpu_seconds", by=Decimal(f"{gpu_seconds:.3f}"))

    def told(self, clip_id: str) -> Record:
        """People know of the clip's end: nothing is pending any more. Raises ClipNotFound."""
        return self._update(clip_id, {"notified_at": now()}, "attribute_exists(clip_id)", remove="pending")

    def pending(self, before: dt.datetime) -> Iterator[Record]:
        """Records whose end has not been told and that nobody has changed since ``before`` (UTC), oldest first."""
        query = {
            "TableName": self.table_name,
            "IndexName": _PENDING_INDEX,
            "KeyConditionExpression": "pending = :yes AND updated_at < :before",
            "ExpressionAttributeValues": {":yes": {"S": "yes"}, ":before": {"S": timestamp(before)}},
        }
        with calls("list pending records"):
            pages = client("dynamodb").get_paginator("query").paginate(**query)
            for page in pages:
                yield from map(_record, page["Items"])

    def existing(self, clip_ids: Collection[str]) -> set[str]:
        """Those of ``clip_ids`` that have a record."""
        wanted = sorted(set(clip_ids))
        found: set[str] = set()
        for start in range(0, len(wanted), _BATCH):
            keys = [{"clip_id": {"S": clip_id}} for clip_id in wanted[start : start + _BATCH]]
            ask = {self.table_name: {"Keys": keys, "ProjectionExpression": "clip_id", "ConsistentRead": True}}
            with calls("look for records"):
                answer = client("dynamodb").batch_get_item(RequestItems=ask)
            if answer["UnprocessedKeys"]:
                raise CloudUnavailable("AWS could not look for all records just now.")
            found |= {item["clip_id"]["S"] for item in answer["Responses"][self.table_name]}
        return found

    def _update(
        self,
        clip_id: str,
        attributes: dict[str, Any],
        condition: str,
        *,
        at_first: dict[str, Any] | None = None,
        count: str | None = None,
        by: Decimal = Decimal(1),
        remove: str | None = None,
        values: dict[str, Any] | None = None,
    ) -> Record:
        """``at_first``: attributes that stay as they are where the record has them. ``values``: the condition's own."""
        given = {**attributes, **(at_first or {})}
        bound = {f":{name}": value for name, value in given.items()} | {":now": now()} | (values or {})
        bound |= {f":was_{state}": state for state in re.findall(r":was_(\w+)", condition)}
        # "state" and "options" are among DynamoDB's reserved words, so no name goes in bare.
        names = {f"#{name}": name for name in given}
        sets = [f"#{name} = :{name}" for name in attributes] + ["updated_at = :now"]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in at_first or {}]
        expression = f"SET {', '.join(sets)}"
        if count:
            expression += f" ADD {count} :by"
            bound[":by"] = by
        if remove:
            expression += f" REMOVE {remove}"
        try:
            with calls("change a record"):
                answer = client("dynamodb").update_item(
                    TableName=self.table_name,
                    Key={"clip_id": {"S": clip_id}},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={name: _to_item(value) for name, value in bound.items()},
                    ReturnValues="ALL_NEW",
                )
        except CloudError as error:
            if error.details.get("aws_code") == "ConditionalCheckFailedException":
                state = self.get(clip_id)["state"]  # or ClipNotFound, which says it better
                raise TransitionRefused(f"The clip is {state}.", clip_id=clip_id, state=state) from error
            raise
        return _record(answer["Attributes"])


def now() -> str:
    """The time, as records tell it."""
    return timestamp(dt.datetime.now(dt.UTC))


def timestamp(moment: dt.datetime) -> str:
    """A moment (UTC) as records tell it: ISO 8601, milliseconds, so that the order of texts is the order of times."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(item: dict[str, Any]) -> Record:
    return {name: _from_item(value) for name, value in item.items()}


def _beginning() -> Record:
    """What every record has from its first write on."""
    return {"pending": "yes", "created_at": now(), "expires_on": int(time.time()) + KEPT_SECONDS}


def _comes_from(state: str) -> str:
    """The condition that a record may move to ``state``."""
    return f"#state IN ({', '.join(f':was_{before}' for before in _FROM[state])})"
