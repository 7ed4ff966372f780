"""gdlab's commands, in the background, as a person would start them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
TRAIN, SYNC = ROOT / "experiments" / "train.py", ROOT / "experiments" / "sync.py"
LINGER_SECONDS = 10  # within which the processes of a command must have followed it


@dataclass(frozen=True)
class Sweep:
    """What a sweep trains: its overrides, and how many runs they make."""

    name: str
    overrides: Sequence[str]
    runs: int


def standard(runs: int) -> Sweep:
    """Networks on mnist_5k, 16 epochs each, ten seeds: seconds of training for two workers."""
    rates = f"optimizer.learning_rate=geomspace:0.01:100:{runs // 10}"
    return Sweep("networks", [rates, "seed=range(10)", "stop.max_epochs=16"], runs)


SMALL = Sweep("parabolas", ["problem=parabola", "problem.start=[5.0]", "stop.max_steps=7", "seed=range(6)"], 6)


class Command:
    """A command in the background, as a process group of its own; its output goes to files."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path, log: Path) -> None:
        self.name, self.folder = name, folder
        self._streams = log.with_suffix(".stdout"), log.with_suffix(".stderr")
        self.began = time.monotonic()
        self.ended: float | None = None
        self.late_seconds: float | None = None  # after which it was ended by force
        with self._streams[0].open("wb") as stdout, self._streams[1].open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=folder, stdout=stdout, stderr=stderr, start_new_session=True
            )
        self._family: dict[int, psutil.Process] = {}
        self._done = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        self.process.wait()
        self.ended = time.monotonic()
        self._done.set()

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._done.is_set()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended or time.monotonic()) - self.began

    @property
    def code(self) -> int | None:
        """Its exit code."""
        return self.process.returncode

    @property
    def stdout(self) -> str:
        return self._streams[0].read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self._streams[1].read_text(errors="replace")

    @property
    def lines(self) -> list[str]:
        """The lines of stderr."""
        return [line for line in self.stderr.splitlines() if line.strip()]

    @property
    def trained(self) -> int | None:
        """How many runs it says it trained."""
        found = re.search(r"(\d+) trained", self.stdout)
        return int(found[1]) if found else None

    @property
    def says_waiting(self) -> int | None:
        """How many runs it says are waiting to be sent."""
        found = re.search(r"(\d+) (?:\w+ )*?runs? (?:\w+ )*?wait", self.stderr)
        return int(found[1]) if found else None

    def children(self) -> list[psutil.Process]:
        """Its processes now; they are remembered."""
        with suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self._family[child.pid] = child
        return list(self._family.values())

    def workers(self) -> list[psutil.Process]:
        """Its living worker processes."""
        return [child for child in self.children() if _lives(child) and "spawn_main" in _arguments(child)]

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False if it takes longer."""
        self.children()
        return self._done.wait(seconds)

    def signal(self, number: int) -> None:
        """Send a signal: SIGINT to the whole group, as the terminal does, any other to the command alone."""
        self.children()
        with suppress(ProcessLookupError):
            if number == signal.SIGINT:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def stop(self) -> None:
        """End it whatever it does: first by SIGINT, then by force."""
        if self.running:
            self.late_seconds = self.seconds
            self.signal(signal.SIGINT)
        if not self.wait(LINGER_SECONDS):
            self.signal(signal.SIGKILL)
            self.wait(LINGER_SECONDS)
        self.left_over()

    def left_over(self) -> int:
        """How many of its processes outlive it; they are killed."""
        deadline = time.monotonic() + LINGER_SECONDS
        while (alive := [child for child in self._family.values() if _lives(child)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        self._family.clear()
        return len(alive)


def _lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _arguments(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
