"""The real handler, for which the names of tests lead to this machine and their authority is believed."""

from __future__ import annotations

import importlib.util
import os
import ssl
from pathlib import Path

from vivify.service.outside import Outside, is_public

REAL = Path(__file__).parents[3] / "functions" / "deliver_webhook" / "handler.py"
ADDRESSES = {"receiver.example": ["127.0.0.1"], "private.example": ["10.0.0.1"]}

spec = importlib.util.spec_from_file_location("deliver_webhook_handler", REAL)
assert spec is not None
assert spec.loader is not None
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
real.OUTSIDE = Outside(
    resolve=lambda host, _port: ADDRESSES[host],
    allowed=lambda address: address == "127.0.0.1" or is_public(address),
    context=ssl.create_default_context(cafile=os.environ["RECEIVER_AUTHORITY"]),
    seconds=0.5,
)
handler = real.handler
