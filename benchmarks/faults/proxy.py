"""A reverse proxy on the loopback interface that disturbs HTTP requests on their way to a server.

with Proxy("http://127.0.0.1:5000") as proxy:
    proxy.rule = errors(1 / 3, seed=0)  # from now on; `passed` ends it
    ...                                 # clients use proxy.uri
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
SERVER_SECONDS = 120  # within which the server must answer
REFUSAL = b'{"error_code": "INTERNAL_ERROR", "message": "an error made by the proxy"}'


@dataclass(frozen=True)
class Fate:
    """The fate of a request; by default it is passed on, and so is its answer.

    `status` is answered in the server's place. `late` is how many seconds the answer is held back. `lost`: the server
    acts, and the client's connection is closed without an answer. `silent`: neither happens.
    """

    name: str = "passed"
    status: int | None = None
    late: float = 0.0
    lost: bool = False
    silent: bool = False


Rule = Callable[[str, str], Fate]  # from a request's method and path
PASSED = Fate()


def passed(method: str, path: str) -> Fate:
    """Pass every request."""
    return PASSED


def sometimes(fate: Fate, share: float, seed: int, under: str = "/") -> Rule:
    """Apply a fate to a random share of the requests whose path begins with `under`."""
    rng = random.Random(seed)  # noqa: S311
    return lambda method, path: fate if path.startswith(under) and rng.random() < share else PASSED


def errors(share: float, seed: int = 0, under: str = "/") -> Rule:
    """Answer a share of the requests with the status 500, without asking the server."""
    return sometimes(Fate("error 500", status=500), share, seed, under)


def lost_replies(share: float, seed: int = 0) -> Rule:
    """Let the server act on a share of the requests, and lose its answer."""
    return sometimes(Fate("lost", lost=True), share, seed)


def late(seconds: float) -> Rule:
    """Hold every answer back."""
    fate = Fate("late", late=seconds)
    return lambda method, path: fate


def silent(method: str, path: str) -> Fate:
    """Accept every request and never answer it."""
    return Fate("silent", silent=True)


class Proxy:
    """A running proxy: `uri` is its address, `counts` how many requests met each fate."""

    def __init__(self, server: str) -> None:
        self.server = urlsplit(server)
        self.counts: Counter[str] = Counter()
        self._rule: Rule = passed
        self._changed = threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), _Handler)
        self._listener.proxy = self
        self.uri = f"http://127.0.0.1:{self._listener.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rule = passed
        self._listener.shutdown()
        self._listener.server_close()

    @property
    def rule(self) -> Rule:
        """The rule in force."""
        return self._rule

    @rule.setter
    def rule(self, rule: Rule) -> None:
        """Replace the rule; requests that the old one holds back are dropped."""
        self._rule, changed = rule, self._changed
        self._changed = threading.Event()
        changed.set()

    def fate(self, method: str, path: str) -> tuple[Fate, threading.Event]:
        """The fate of a request, and the event that ends the rule that decided it."""
        changed = self._changed
        fate = self._rule(method, path)
        self.counts[fate.name] += 1
        return fate, changed

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The server's answer: status, headers, content."""
        connection = http.client.HTTPConnection(self.server.hostname or "", self.server.port, timeout=SERVER_SECONDS)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are part of the trial."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and content in one packet
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        proxy, body = self.server.proxy, self._body()
        fate, changed = proxy.fate(self.command, self.path)
        if fate.silent:
            changed.wait()
            self.close_connection = True
        elif fate.status is not None:
            self._answer(fate.status, {"Content-Type": "application/json"}, REFUSAL)
        else:
            self._pass_on(body, fate)

    def _pass_on(self, body: bytes, fate: Fate) -> None:
        headers = {name: text for name, text in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            answer = self.server.proxy.ask(self.command, self.path, body, headers)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # without an answer, as if the server itself had gone away
            return
        time.sleep(fate.late)
        if fate.lost:
            self.close_connection = True
        else:
            self._answer(*answer)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        with suppress(OSError):  # the client may have gone
            self.send_response(status)
            for name, text in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815
