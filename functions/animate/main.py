"""The GPU container's entry point: environment in, S3 out, and an exit code that says what another attempt would do.

    0   done
    3   bad input: no attempt will ever succeed; the verdict is in the record, or the clip is over (deleted, given up, made)
    75  retryable: SIGTERM (Spot takes the host back) or AWS could not answer; Batch tries again
    78  no GPU on this host though one was promised
    1   anything else: a fault of ours

The job definition's retry strategy reads these.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from vivify.errors import (
    ClipDeleted,
    GpuUnavailable,
    MotionInvalid,
    PhotoRejected,
    RequestInvalid,
    TransitionRefused,
    UsageError,
    VivifyError,
)

DONE, FAULT, USELESS, RETRYABLE, NO_GPU = 0, 1, 3, 75, 78


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    # Only now what takes a second to import: a host that is taken back meanwhile must get its answer, too.
    from aws_lambda_powertools import Logger

    from vivify.cloud import settings
    from vivify.service.animate_clip import animate_clip

    logger = Logger(service="animate")
    try:
        job = settings.load(settings.AnimateClip)
        logger.append_keys(clip_id=job.clip_id, attempt=job.aws_batch_job_attempt)
        animate_clip(job)
    except VivifyError as error:
        code = exit_code(error)
        report = logger.error if code != FAULT else logger.exception  # a fault of ours wants its traceback
        report("job failed", extra={"code": error.code, "exit_code": code, "details": error.details})
        return code
    except Exception:
        logger.exception("job failed", extra={"exit_code": FAULT})
        return FAULT
    logger.info("job done")
    return DONE


def exit_code(error: VivifyError) -> int:
    """What the queue may do about ``error``."""
    match error:
        case PhotoRejected() | MotionInvalid() | UsageError() | RequestInvalid() | ClipDeleted() | TransitionRefused():
            return USELESS
        case GpuUnavailable():
            return NO_GPU
        case _:
            return RETRYABLE if error.retryable else FAULT


def _interrupted(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(RETRYABLE)  # unwinds the temporary folder; the next attempt begins afresh


if __name__ == "__main__":
    sys.exit(main())
