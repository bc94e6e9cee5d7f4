"""What callers have asked lately: their idempotency keys, and how many clips they have begun today.

Items of one table, each forgotten by itself: ``key#...`` names the clip that a key made, ``day#...`` counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass

from vivify.cloud.aws import calls, client
from vivify.errors import CloudError, KeyReused, QuotaSpent

KEY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Callers:
    """The table of what callers have asked lately."""

    table_name: str

    def clip_for(self, caller: str, key: str, request: str, new_id: str) -> str:
        """The clip that ``caller``'s ``key`` stands for: ``new_id``, or the one it was first used for.

        ``request``: a digest of what is asked. One conditional write: of requests that race, all get the winner's clip.
        Raises KeyReused if the key was used for another request in the last 24 hours.
        """
        item_id = "key#" + hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()
        now = int(time.time())
        try:
            with calls("remember a key"):
                client("dynamodb").put_item(
                    TableName=self.table_name,
                    Item={
                        "id": {"S": item_id},
                        "clip_id": {"S": new_id},
                        "request": {"S": request},
                        "expires_on": {"N": str(now + KEY_SECONDS)},
                    },
                    # DynamoDB forgets some time after it should: an item past its time counts as gone.
                    ConditionExpression="attribute_not_exists(id) OR expires_on <= :now",
                    ExpressionAttributeValues={":now": {"N": str(now)}},
                )
        except CloudError as error:
            if error.details.get("aws_code") != "ConditionalCheckFailedException":
                raise
        else:
            return new_id
        with calls("recall a key"):
            answer = client("dynamodb").get_item(TableName=self.table_name, Key={"id": {"S": item_id}}, ConsistentRead=True)
        first = answer["Item"]
        if first["request"]["S"] != request:
            raise KeyReused("This Idempotency-Key was used for another request. Use a new key for a new clip.")
        return str(first["clip_id"]["S"])

    def spend(self, caller: str, limit: int) -> str:
        """Counts one clip for today (UTC); gives the receipt. Raises QuotaSpent where ``limit`` are counted already."""
        now = dt.datetime.now(dt.UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        count_id = f"day#{now:%Y-%m-%d}#{hashlib.sha256(caller.encode()).hexdigest()}"
        try:
            with calls("count a clip"):
                client("dynamodb").update_item(
                    TableName=self.table_name,
                    Key={"id": {"S": count_id}},
                    UpdateExpression="ADD clips :one SET expires_on = :end",
                    ConditionExpression="attribute_not_exists(clips) OR clips < :limit",
                    ExpressionAttributeValues={
                        ":one": {"N": "1"},
                        ":limit": {"N": str(limit)},
                        ":end": {"N": str(int(midnight.timestamp()) + KEY_SECONDS)},
                    },
                )
        except CloudError as error:
            if error.details.get("aws_code") != "ConditionalCheckFailedException":
                raise
            seconds = int((midnight - now).total_seconds()) + 1
            raise QuotaSpent(
                f"You have begun {limit} clips today, the most a day. The count starts again at midnight UTC.",
                retry_after=seconds,
            ) from error
        return count_id

    def refund(self, receipt: str) -> None:
        """Takes back the ``spend`` of this receipt: the clip had been begun by another request with the same key."""
        with calls("count a clip"):
            client("dynamodb").update_item(
                TableName=self.table_name,
                Key={"id": {"S": receipt}},
                UpdateExpression="ADD clips :less",
                ExpressionAttributeValues={":less": {"N": "-1"}},
            )
