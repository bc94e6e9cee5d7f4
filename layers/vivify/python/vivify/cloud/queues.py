"""Messages that are to be tried again, later than their queue would by itself."""

from __future__ import annotations

from vivify.cloud.aws import calls, client


def retry_later(queue_url: str, receipt_handle: str, seconds: int) -> None:
    """The message, received but not done, is delivered again in ``seconds`` (0 to 43200, SQS's most)."""
    with calls("delay a message"):
        client("sqs").change_message_visibility(QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)
