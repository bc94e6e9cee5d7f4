"""One record a clip, and the only ways its state may change.

    created ──> detecting ──> animating ──> publishing ──> ready
        └───────────┴─────────────┴─────────────┴────────> failed
        (any of these) ──> deleted

A step may enter its own state again (it is being retried). ``ready`` and ``failed`` are terminal: no step leaves them.
Only the owner's DELETE does, and nothing leaves ``deleted``: the record stays as a tombstone, so that late events and
late writers meet it (ClipDeleted) and remove what they brought. Every change is one conditional write, so of two racing
deliveries one wins and the other is told.

A record is ``pending`` from its beginning until people have been told of its end, and from its deletion until it is buried.
The table's index of pending records, by when they last changed, is how ``vivify.service.reconcile`` finds the clips that
nobody works on any more.
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
from vivify.errors import ClipDeleted, ClipNotFound, CloudError, CloudUnavailable, TransitionRefused

# As long as Step Functions remembers an execution's name: a late duplicate event meets the record or the name. Longer than
# any clip is kept (ClipDays): what can still be seen can be deleted.
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
_WANTED = "attribute_exists(clip_id) AND #state <> :deleted"
_PENDING_INDEX, _OWNER_INDEX = "pending", "by_owner"
_BATCH = 100  # the most keys that one BatchGetItem takes
_to_item, _from_item = TypeSerializer().serialize, TypeDeserializer().deserialize

Record = dict[str, Any]
"""clip_id, owner, state, created_at and updated_at (ISO 8601, UTC), options (JSON), notify if asked for, pending (while
something is left to do), and what the steps have added: photo, arrived_at, execution, progress, gpu_seconds, restarts,
verdict, failure, faces (what became of each), clip_key, poster_key, preview_key, clip (its figures, as text), kept_until
(when its files go), notified_at."""


@dataclass(frozen=True)
class Page:
    """Some records of a list, newest first. ``after``: where the next page begins; None on the last one."""

    records: tuple[Record, ...]
    after: dict[str, str] | None


@dataclass(frozen=True)
class Records:
    """The table of clips."""

    table_name: str

    def create(self, clip_id: str, owner: str, options: str, notify: dict[str, str] | None = None) -> bool:
        """A new record in state ``created``; False if there is one with this id (the same request came twice)."""
        told = {"notify": notify} if notify else {}
        asked = {"owner": owner, "options": options, **told}
        record = {"clip_id": clip_id, "state": "created", "updated_at": now(), **asked, **_beginning()}
        try:
            with calls("write a new record"):
                client("dynamodb").put_item(
                    TableName=self.table_name, Item=_item(record), ConditionExpression="attribute_not_exists(clip_id)"
                )
        except CloudError as error:
            if error.details.get("aws_code") == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def get(self, clip_id: str) -> Record:
        """Raises ClipNotFound, and ClipDeleted of a tombstone."""
        with calls("read a record"):
            answer = client("dynamodb").get_item(
                TableName=self.table_name, Key={"clip_id": {"S": clip_id}}, ConsistentRead=True
            )
        if "Item" not in answer:
            raise ClipNotFound("There is no clip with this id.")
        record = _record(answer["Item"])
        if record["state"] == "deleted":
            raise ClipDeleted("There is no clip with this id.", clip_id=clip_id)
        return record

    def of_owner(self, owner: str, limit: int, after: dict[str, str] | None = None) -> Page:
        """At most ``limit`` records of ``owner``, newest first, from the place ``after`` of an earlier page on.

        They come from an index that lags a moment behind and holds clip_id, owner, state, progress and the times.
        """
        start = {"ExclusiveStartKey": _item({**after, "owner": owner})} if after else {}
        with calls("list records"):
            answer = client("dynamodb").query(
                TableName=self.table_name,
                IndexName=_OWNER_INDEX,
                KeyConditionExpression="#owner = :owner",
                FilterExpression="#state <> :deleted",
                ExpressionAttributeNames={"#owner": "owner", "#state": "state"},
                ExpressionAttributeValues=_item({":owner": owner, ":deleted": "deleted"}),
                ScanIndexForward=False,
                Limit=limit,
                **start,
            )
        last = _record(answer.get("LastEvaluatedKey", {}))
        last.pop("owner", None)
        return Page(tuple(_record(item) for item in answer["Items"]), last or None)

    def claim(self, clip_id: str, photo: ObjectPointer, begin: Record | None = None) -> Record:
        """``detecting``, for this version of the photo; no other version may have the clip afterwards.

        ``begin``: the photo was dropped, so the record may begin here, with these attributes. Otherwise it must exist.
        Raises ClipNotFound, or TransitionRefused when the clip has its execution or another version already.
        """
        condition = f"{_comes_from('detecting')} AND {_FREE}"
        return self._update(
            clip_id,
            {"state": "detecting", "photo": photo.as_dict()},
            condition if begin is None else f"attribute_not_exists(clip_id) OR ({condition})",
            at_first={**(begin or {}), "arrived_at": now(), **_beginning()},
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
        """Moves the record to state ``to`` with ``attributes``. Raises ClipNotFound, ClipDeleted, TransitionRefused."""
        return self._update(clip_id, {"state": to, **attributes}, _comes_from(to))

    def note(self, clip_id: str, **attributes: Any) -> Record:
        """Adds ``attributes`` whatever the state is, and never the state itself. Raises ClipNotFound, ClipDeleted."""
        return self._update(clip_id, attributes, _WANTED, values={":deleted": "deleted"})

    def give(self, clip_id: str, owner: str) -> Record:
        """Nobody's clip becomes ``owner``'s. Raises ClipNotFound, ClipDeleted, and TransitionRefused if it is somebody's."""
        condition = f"{_WANTED} AND attribute_not_exists(#owner)"
        return self._update(clip_id, {"owner": owner}, condition, values={":deleted": "deleted"})

    def delete(self, clip_id: str, owner: str) -> Record:
        """``deleted``, whatever the state was; done again, the same. Gives what is left to remove and to stop.

        It is pending until ``bury``. Raises ClipNotFound, also where the clip is another owner's.
        """
        try:
            marked = {"state": "deleted", "pending": "yes"}
            return self._update(clip_id, marked, "#owner = :owner", values={":owner": owner})
        except TransitionRefused as refused:
            raise ClipNotFound("There is no clip with this id.") from refused

    def bury(self, record: Record) -> None:
        """Reduces a ``deleted`` record to its tombstone, pending no more: that there was a clip with this id, and whose."""
        kept = {name: record[name] for name in ("clip_id", "owner", "state", "updated_at")}
        with calls("bury a record"):
            client("dynamodb").put_item(
                TableName=self.table_name,
                Item=_item({**kept, "expires_on": int(time.time()) + KEPT_SECONDS}),
                ConditionExpression="#state = :deleted",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=_item({":deleted": "deleted"}),
            )

    def spend(self, clip_id: str, gpu_seconds: float) -> None:
        """Adds what an attempt at the clip took of a GPU, to the millisecond. Raises ClipNotFound, ClipDeleted."""
        by = Decimal(f"{gpu_seconds:.3f}")
        self._update(clip_id, {}, _WANTED, count="gpu_seconds", by=by, values={":deleted": "deleted"})

    def told(self, clip_id: str) -> Record:
        """People know of the clip's end: nothing is pending any more. Raises ClipNotFound, ClipDeleted."""
        return self._update(clip_id, {"notified_at": now()}, _WANTED, remove="pending", values={":deleted": "deleted"})

    def pending(self, before: dt.datetime) -> Iterator[Record]:
        """Records that wait for their end's news, or their burial, unchanged since ``before`` (UTC), oldest first."""
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
                    Key=_item({"clip_id": clip_id}),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    # "state", "owner" and "options" are among DynamoDB's reserved words, so no name goes in bare.
                    ExpressionAttributeNames={
                        f"#{name}": name for name in re.findall(r"#(\w+)", f"{expression} {condition}")
                    },
                    ExpressionAttributeValues=_item(bound),
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


def _item(record: Record) -> dict[str, Any]:
    return {name: _to_item(value) for name, value in record.items()}


def _record(item: dict[str, Any]) -> Record:
    return {name: _from_item(value) for name, value in item.items()}


def _beginning() -> Record:
    """What every record has from its first write on."""
    return {"pending": "yes", "created_at": now(), "expires_on": int(time.time()) + KEPT_SECONDS}


def _comes_from(state: str) -> str:
    """The condition that a record may move to ``state``."""
    return f"#state IN ({', '.join(f':was_{before}' for before in _FROM[state])})"
