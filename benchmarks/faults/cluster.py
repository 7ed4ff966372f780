"""A Dask cluster of the trials' own: a scheduler and workers as processes, and a line to it that can be cut."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from benchmarks.faults.services import Service, free_port

PIECE = 2**16  # bytes that are passed on at once
DASK = [sys.executable, "-m", "dask"]


class Line:
    """A TCP line to a port of the loopback interface; while it is cut, it refuses connections, and has none."""

    def __init__(self, port: int) -> None:
        self.port, self.target = free_port(), port
        self._ends: list[socket.socket] = []
        self.mend()

    def mend(self) -> None:
        """Let connections through."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # the target is gone
                    near.close()
                    continue
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class DaskCluster:
    """A scheduler and workers; the client reaches it through `line`, at `address`.

    Workers have no line that can be cut: one that loses the scheduler ends, as Dask has it, and is not tried here.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        port = free_port()
        listen = ["--host", "127.0.0.1", "--port", str(port), "--dashboard-address", f"127.0.0.1:{free_port()}"]
        self.scheduler = Service(
            "Dask's scheduler",
            [*DASK, "scheduler", *listen],
            folder / "scheduler.log",
            lambda: _answers(port),
            None,
        )
        self.port, self.line = port, Line(port)
        self.address = f"tcp://127.0.0.1:{self.line.port}"
        self.workers = [self._worker(number) for number in range(workers)]

    @property
    def overrides(self) -> list[str]:
        """The overrides of a sweep that is trained here."""
        return ["hydra.launcher.engine=dask", f"hydra.launcher.address={self.address}"]

    def __enter__(self) -> Self:
        self.scheduler.start()
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for service in (*self.workers, self.scheduler):
            service.kill()
        self.line.cut()

    def join(self) -> None:
        """Start one more worker."""
        self.workers.append(self._worker(len(self.workers)))
        self.workers[-1].start()

    def kill_worker(self, number: int) -> None:
        """Kill a worker's process, which its nanny starts again."""
        process = self.workers[number].process
        assert process is not None
        for child in psutil.Process(process.pid).children(recursive=True):
            if "spawn_main" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)

    def _worker(self, number: int) -> Service:
        log = self.folder / f"worker-{number}.log"
        options = ["--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self.folder)]
        return Service(
            f"Dask worker {number}",
            [*DASK, "worker", f"tcp://127.0.0.1:{self.port}", *options],
            log,
            lambda: "Registered to" in log.read_text(),
            None,
        )


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
