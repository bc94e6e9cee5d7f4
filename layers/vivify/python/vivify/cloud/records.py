"""One record a clip, and the only ways its state may change.

    created ──> detecting ──> animating ──> publishing ──> ready
        └───────────┴─────────────┴─────────────┴────────> failed

A step may enter its own state again (it is being retried). ``ready`` and ``failed`` are terminal: no write ever
leaves them. Every change is one conditional write, so of two racing deliveries one wins and the other is told.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vivify.cloud.aws import calls, client
from vivify.cloud.storage import ObjectPointer
from vivify.errors import ClipNotFound, CloudError, TransitionRefused

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
_to_item, _from_item = TypeSerializer().serialize, TypeDeserializer().deserialize

Record = dict[str, Any]
"""clip_id, state, created_at and updated_at (ISO 8601, UTC), options, and what the steps have added: photo, execution,
verdict, clip_key, poster_key, preview_key, clip (its figures, as text), notified_at."""


@dataclass(frozen=True)
class Records:
    table_name: str

    def create(self, clip_id: str, options: dict[str, str]) -> None:
        """A new record in state ``created``. Ids are minted at random: one that exists is a fault, not a retry."""
        time_now = now()
        record = {
            "clip_id": clip_id,
            "state": "created",
            "options": options,
            "created_at": time_now,
            "updated_at": time_now,
            "expires_on": int(time.time()) + KEPT_SECONDS,
        }
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
        return {name: _from_item(value) for name, value in answer["Item"].items()}

    def claim(self, clip_id: str, photo: ObjectPointer, *, new: bool, options: dict[str, str]) -> Record:
        """``detecting``, for this version of the photo; no other version may have the clip afterwards.

        ``new``: the photo was dropped, so the record may begin here, with ``options``. Otherwise it must exist.
        Raises ClipNotFound, or TransitionRefused when the clip has its execution or another version already.
        """
        allowed = (
            "#s IN (:from0, :from1) AND attribute_not_exists(execution) AND (attribute_not_exists(photo) OR photo = :photo)"
        )
        return self._update(
            clip_id,
            {"state": "detecting", "photo": photo.as_dict()},
            f"attribute_not_exists(clip_id) OR ({allowed})" if new else allowed,
            at_first={"created_at": now(), "options": options, "expires_on": int(time.time()) + KEPT_SECONDS},
            come_from=_FROM["detecting"],
        )

    def advance(self, clip_id: str, to: str, **attributes: Any) -> Record:
        """Moves the record to state ``to`` with ``attributes``. Raises ClipNotFound, TransitionRefused."""
        places = ", ".join(f":from{i}" for i in range(len(_FROM[to])))
        return self._update(clip_id, {"state": to, **attributes}, f"#s IN ({places})", come_from=_FROM[to])

    def note(self, clip_id: str, **attributes: Any) -> Record:
        """Adds ``attributes`` whatever the state is, and never the state itself. Raises ClipNotFound."""
        return self._update(clip_id, attributes, "attribute_exists(clip_id)")

    def _update(
        self,
        clip_id: str,
        attributes: dict[str, Any],
        condition: str,
        *,
        at_first: dict[str, Any] | None = None,
        come_from: tuple[str, ...] = (),
    ) -> Record:
        values = {f":{name}": value for name, value in {**attributes, **(at_first or {})}.items()}
        values |= {f":from{i}": state for i, state in enumerate(come_from)} | {":now": now()}
        # "state" and "options" are among DynamoDB's reserved words, so no name goes in bare.
        names = {f"#{name}": name for name in (*attributes, *(at_first or {}))}
        names |= {"#s": "state"} if "#s" in condition else {}
        sets = [f"#{name} = :{name}" for name in attributes] + ["updated_at = :now"]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in at_first or {}]
        try:
            with calls("change a record"):
                answer = client("dynamodb").update_item(
                    TableName=self.table_name,
                    Key={"clip_id": {"S": clip_id}},
                    UpdateExpression=f"SET {', '.join(sets)}",
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={name: _to_item(value) for name, value in values.items()},
                    ReturnValues="ALL_NEW",
                )
        except CloudError as error:
            if error.details.get("aws_code") == "ConditionalCheckFailedException":
                state = self.get(clip_id)["state"]  # or ClipNotFound, which says it better
                raise TransitionRefused(f"The clip is {state}.", clip_id=clip_id, state=state) from error
            raise
        return {name: _from_item(value) for name, value in answer["Attributes"].items()}


def now() -> str:
    """The time, as records tell it: ISO 8601, UTC, milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
