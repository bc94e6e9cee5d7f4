"""The job of the small stack: ends the way the environment's DO says."""

import os
import signal
import sys
import time

attempt = int(os.environ["AWS_BATCH_JOB_ATTEMPT"])
match os.environ["DO"]:
    case "third time lucky":
        sys.exit(75 if attempt < 3 else 0)
    case "bad input":
        sys.exit(3)
    case "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    case "hang":
        time.sleep(60)
    case "need cpu":
        sys.exit(0 if os.environ["PROVIDER"] == "cpu" and os.environ["AWS_ENDPOINT_URL"] else 1)
