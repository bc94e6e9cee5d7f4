"""The one loopback port: the stack's HTTP API, S3's checks on presigned requests, and moto behind them."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from moto.core.utils import utcnow
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sts.models import sts_backends
from werkzeug.formparser import parse_form_data
from werkzeug.serving import BaseWSGIServer, make_server

from .http_api import ApiRequest, HttpApi
from .presigned import PresignedRequest, Refusal, check_post, check_query, is_presigned
from .settings import ACCOUNT, CREDENTIALS, HOST, Credential

TOKENS = "/local/tokens/"  # and then the subject: what a browser would get from its identity provider
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class _QuietHandler(MotoRequestHandler):
    """No access log: request lines hold signed URLs."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - named by the base class
        """Nothing is logged."""


class _Known(Mapping[str, Credential]):
    """The fixed key pairs, and those of roles that somebody has taken through moto's STS and that have not ended."""

    def __getitem__(self, access_key: str) -> Credential:
        if access_key in CREDENTIALS:
            return CREDENTIALS[access_key]
        taken = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
        if taken is None or taken.expiration <= utcnow():
            raise KeyError(access_key)
        return Credential(access_key, taken.secret_access_key, taken.session_token)

    def __iter__(self) -> Iterator[str]:
        return iter(CREDENTIALS)

    def __len__(self) -> int:
        return len(CREDENTIALS)


class Front:
    """The WSGI application. Set ``api`` once the stack is deployed."""

    def __init__(self, credentials: Mapping[str, Credential]) -> None:
        self.api: HttpApi | None = None
        self._credentials = credentials
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Lock()  # moto looks through dictionaries that another request would change meanwhile

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path, query = _raw_target(environ)
        if self.api is not None and path.startswith(TOKENS):
            return _send(start_response, 200, [("Content-Type", "text/plain")], self.api.token(path[len(TOKENS) :]).encode())
        if self.api is not None and self.api.owns(environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION", "")):
            body = _read(environ)
            request = ApiRequest(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, _headers(environ), body)
            status, headers, answer = self.api.answer(request)
            return _send(start_response, status, headers, answer)
        if refusal := self._refusal(environ, path, query):
            body = b"" if environ["REQUEST_METHOD"] == "HEAD" else refusal.body()
            return _send(start_response, refusal.status, [("Content-Type", "application/xml")], body)
        with contextlib.nullcontext() if _waits(environ) else self._turn:
            answered: Iterable[bytes] = self._moto(environ, start_response)
        return answered

    def _refusal(self, environ: Environ, path: str, query: str) -> Refusal | None:
        """What S3 would say to a request that no Authorization header signs. Other requests are moto's business."""
        if "HTTP_AUTHORIZATION" in environ or environ["REQUEST_METHOD"] == "OPTIONS":
            return None
        now = datetime.now(UTC)
        if is_presigned(query):
            request = PresignedRequest(environ["REQUEST_METHOD"], path, query, _headers(environ))
            return check_query(request, self._credentials, now)
        if environ.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
            raw = _read(environ)
            _, form, files = parse_form_data({**environ, "wsgi.input": io.BytesIO(raw)})
            environ["wsgi.input"] = io.BytesIO(raw)
            upload = files.get("file")
            size = None if upload is None else upload.stream.seek(0, os.SEEK_END)
            bucket = environ["PATH_INFO"].strip("/").split("/")[0]
            return check_post(bucket, form, size, self._credentials, now)
        return Refusal(403, "AccessDenied", "Access Denied")  # every bucket of the stack is private


class LocalServer:
    """Listens on 127.0.0.1 from the moment it is made; ``close`` gives the port back."""

    def __init__(self, port: int = 0) -> None:
        self.front = Front(_Known())
        self._http: BaseWSGIServer = make_server(HOST, port, self.front, threaded=True, request_handler=_QuietHandler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        # moto's own calls (a state machine's tasks) go to this port.
        os.environ["MOTO_PORT"] = str(self.port)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port the system gave."""
        return int(self._http.server_port)

    @property
    def endpoint(self) -> str:
        """The value for AWS_ENDPOINT_URL. An address, not a name: SDKs then use path-style bucket URLs."""
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        """Stops listening."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _waits(environ: Environ) -> bool:
    """Whether a request is one that takes long by nature: a function's work, and waiting for messages."""
    return environ["PATH_INFO"].endswith("/invocations") or environ.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage"


def _raw_target(environ: Environ) -> tuple[str, str]:
    path, _, query = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/").partition("?")
    return path, query


def _headers(environ: Environ) -> dict[str, str]:
    headers = {k[5:].replace("_", "-").lower(): str(v) for k, v in environ.items() if k.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers


def _read(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def _send(start_response: StartResponse, status: int, headers: list[tuple[str, str]], body: bytes) -> Iterable[bytes]:
    line = f"{status} {HTTPStatus(status).phrase}"
    start_response(line, [*headers, ("Content-Length", str(len(body)))])
    return [body]
