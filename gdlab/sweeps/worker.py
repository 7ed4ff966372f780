"""A worker process, as an executor.

The standard library's process pool does not say which process died, and cannot be stopped at once; a sweep needs both.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from gdlab.sweeps import progress

P = ParamSpec("P")
T = TypeVar("T")
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class WorkerProcess(Executor):
    """A spawned process that makes one call after another, of functions that it can import.

    If it dies, the call in progress raises `BrokenExecutor`, and so does every later one. `on_steps` is called in a
    thread with the number of steps that the process has trained since the last call.
    """

    def __init__(self, on_steps: progress.Listener = lambda steps: None) -> None:
        self._on_steps = on_steps
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _isolated_start():
            self._process.start()
        theirs.close()
        self._calls: queue.SimpleQueue[tuple[Future[Any], Call] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a call of a function."""
        future: Future[T] = Future()
        self._calls.put((future, (function, args, kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the process after the calls in its queue; with `cancel_futures`, at once."""
        if cancel_futures:
            self._process.kill()
        self._calls.put(None)
        if wait:
            self._thread.join()

    def _pass_on(self) -> None:
        with self._pipe:
            while (item := self._calls.get()) is not None:
                future, call = item
                if future.set_running_or_notify_cancel():
                    self._answer(future, call)
        self._process.join()

    def _answer(self, future: Future[Any], call: Call) -> None:
        try:
            self._pipe.send(call)
            done, value = self._received()
            while done is None:
                self._on_steps(value)
                done, value = self._received()
        except (EOFError, OSError):
            self._process.join()
            future.set_exception(BrokenExecutor(f"the worker process ended with {_ending(self._process.exitcode)}"))
        except Exception as error:  # what cannot be sent or received
            future.set_exception(error)
        else:
            (future.set_result if done else future.set_exception)(value)

    def _received(self) -> tuple[bool | None, Any]:
        """What the process sends next: whether a call has succeeded and its value or error, or None and some steps."""
        wait([self._pipe, self._process.sentinel])
        answer: tuple[bool | None, Any] = self._pipe.recv()
        return answer


@contextmanager
def _isolated_start() -> Iterator[None]:
    """Within this context a new process does not import this program's script, and ignores interrupts, which its parent
    handles; the process could not block them itself before the first might arrive.
    """
    held = hasattr(signal, "pthread_sigmask")
    with script_hidden():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if held else set()
        try:
            yield
        finally:
            if held:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def script_hidden() -> Iterator[None]:
    """Within this context new processes do not import this program's script."""
    resource_tracker.ensure_running()  # would let interrupts through again if it had to be started below
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _serve(pipe: Connection) -> None:
    """The process's main function: make the calls received, ignore interrupts, and exit when the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    progress.listen(lambda steps: pipe.send((None, steps)))
    importlib.import_module("gdlab.sweeps.configuration")  # what training needs, before the first call asks for it
    with suppress(EOFError):
        while True:
            function, args, kwargs = pipe.recv()
            try:
                answer = True, function(*args, **kwargs)
            except Exception as error:
                error.add_note(_full_traceback(error))
                answer = False, error
            pipe.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _full_traceback(error: Exception) -> str:
    """The traceback as text, since pickling an exception loses it."""
    return "".join(traceback.format_exception(error))


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
