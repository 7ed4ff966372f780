"""The proxy that disturbs requests: what the client sees, and what the server has done."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.faults.proxy import Proxy, errors, late, lost_replies, passed, silent


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got, and keeps it."""

    protocol_version = "HTTP/1.1"
    acts: list[str]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.acts.append(f"{self.path} {content.decode()}")
        self.send_response(201)
        self.send_header("Kind", self.headers["Kind"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def acts() -> list[str]:
    """What the server has done."""
    return []


@pytest.fixture
def proxy(acts: list[str]) -> Iterator[Proxy]:
    """A proxy before a server that echoes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Echo,), {"acts": acts}))
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    try:
        with Proxy(f"http://127.0.0.1:{server.server_port}") as running:
            yield running
    finally:
        server.shutdown()
        server.server_close()


def post(proxy: Proxy, path: str = "/runs/create", content: object = b"six runs") -> tuple[int, str, bytes]:
    """Post to a proxy: the status, a header that the server repeats, the content."""
    request = urllib.request.Request(proxy.uri + path, content, {"Kind": "sweep"})  # type: ignore[arg-type]
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.headers["Kind"], answer.read()


def test_requests_and_answers_are_passed_on(proxy: Proxy, acts: list[str]) -> None:
    assert post(proxy) == (201, "sweep", b"six runs")
    assert post(proxy, content=iter([b"six", b" runs"])) == (201, "sweep", b"six runs")  # in chunks
    assert acts == ["/runs/create six runs"] * 2


def test_a_late_answer_is_whole(proxy: Proxy, acts: list[str]) -> None:
    proxy.rule = late(0.01)
    assert post(proxy) == (201, "sweep", b"six runs")
    assert proxy.counts == {"late": 1}


def test_errors_keep_requests_from_the_server(proxy: Proxy, acts: list[str]) -> None:
    proxy.rule = errors(1, under="/artifacts")
    assert post(proxy)[0] == 201
    with pytest.raises(urllib.error.HTTPError, match="500") as failed:
        post(proxy, "/artifacts/theta")
    failed.value.close()
    assert acts == ["/runs/create six runs"]


def test_a_share_of_the_requests_is_disturbed_the_same_with_each_seed(proxy: Proxy) -> None:
    fates = []
    for _ in range(2):
        rule = errors(1 / 3, seed=7)
        fates.append([rule("POST", "/").status for _ in range(300)])
    assert fates[0] == fates[1]
    assert 80 < sum(status == 500 for status in fates[0]) < 120


def test_a_lost_reply_leaves_the_act(proxy: Proxy, acts: list[str]) -> None:
    proxy.rule = lost_replies(1)
    with pytest.raises(http.client.RemoteDisconnected):
        post(proxy)
    assert acts == ["/runs/create six runs"]
    proxy.rule = passed
    assert post(proxy)[0] == 201


def test_silence_ends_with_the_rule_and_reaches_no_server(proxy: Proxy, acts: list[str]) -> None:
    proxy.rule = silent
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(post, proxy)
        while not proxy.counts["silent"]:
            assert not waiting.done()
        proxy.rule = passed
        with pytest.raises(http.client.RemoteDisconnected):
            waiting.result()
    assert acts == []


def test_a_server_that_is_gone_gives_no_answer() -> None:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    listener.server_close()  # its port is free, and refuses connections
    with Proxy(f"http://127.0.0.1:{listener.server_port}") as proxy, pytest.raises(http.client.RemoteDisconnected):
        post(proxy)
