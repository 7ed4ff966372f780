"""A Dask cluster as the engine of a sweep: workers that a scheduler has, or a scheduler and workers on this machine.

Dask sends each stack to a worker, starts it again elsewhere when that worker dies, and gives up after some deaths; what
then happens to the stack is decided in `gdlab.sweeps.training`, as it is for worker processes.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import uuid4

import dask
from distributed import Client, KilledWorker, LocalCluster
from distributed.comm.core import connect
from distributed.versions import VersionMismatchWarning
from tornado.ioloop import IOLoop, PeriodicCallback

from gdlab.sweeps import progress
from gdlab.sweeps.configuration import Config
from gdlab.sweeps.remote import EngineError, called, origin
from gdlab.sweeps.training import TRIES, StackLost
from gdlab.sweeps.worker import script_hidden

LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application")
LOCAL = {  # Dask's settings for a cluster of its own
    "distributed.scheduler.worker-saturation": 1.0,  # no stack waits at a worker
    "distributed.worker.profile.enabled": False,  # which samples what trains a hundred times a second
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},  # and no MALLOC_TRIM_THRESHOLD_: 64 kB, with which
    # every array of a step is fetched from the system anew
}
UNREADABLE = (ImportError, AttributeError, pickle.UnpicklingError)  # of a call, on a worker without this gdlab
CLOSE_SECONDS = 5.0
MISSING_SECONDS = 5.0  # between two looks for workers that have not come back


class Cluster:
    """The workers of the Dask scheduler at an address, or, without one, `workers` processes with a scheduler here.

    Called, it returns an executor for one stack at a time: a `new_executor`. Its workers may come and go.

    Raises
    ------
    EngineError
        If no scheduler answers at the address within Dask's `distributed.comm.timeouts.connect`.

    """

    def __init__(self, address: str | None = None, workers: int = 1) -> None:
        self.on_steps: progress.Listener = lambda steps: None  # the steps of a stack are known when it ends
        self.address = address
        self._threads = 0
        self._fewest = 1 if address else workers
        self._open = ExitStack()
        with ExitStack() as opening:
            opening.enter_context(_silence())
            if address:
                _reach(address)
            cluster = address or opening.enter_context(_local_cluster(workers))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", VersionMismatchWarning)  # stacks check what they depend on
                self.client = Client(cluster, set_as_default=False)
            opening.callback(self.client.close, timeout=CLOSE_SECONDS)
            self._open = opening.pop_all()

    def __call__(self) -> Executor:
        """Return an executor for one stack."""
        return _OneStack(self)

    def workers(self) -> int:
        """The number of threads that its workers have now, each of which trains a stack; those on this machine come."""
        return max(self._fewest, self.threads())

    def threads(self) -> int:
        """The number of threads that its workers have now, or had before the connection was lost."""
        with suppress(OSError, asyncio.CancelledError):
            self._threads = int(self.client.scheduler_info(n_workers=0).get("total_threads", 0))
        return self._threads

    @property
    def dashboard(self) -> str | None:
        """The address of the dashboard, if the scheduler has one."""
        try:
            return str(self.client.dashboard_link)
        except KeyError:
            return None

    @property
    def is_lost(self) -> bool:
        """True once the scheduler has been away for so long that the client has given up."""
        return self.client.status in ("closing", "closed")

    @property
    def loss(self) -> str:
        """The message that the scheduler is gone."""
        return (
            f"the Dask scheduler at {self.address} is gone: start it again, and launch the sweep again "
            "to train what is left"
        )

    def load(self, config: Config) -> None:
        """Do nothing: workers load a data set with the first stack that needs it, and keep it."""

    def keep(self, count: int) -> None:
        """Do nothing: idle workers of a cluster cost nothing."""

    def close(self) -> None:
        """Cancel what is left, and end what was started here."""
        self._open.close()


class _OneStack(Executor):
    """An executor for one stack at a time, which raises what `gdlab.sweeps.training` expects."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._executor = cluster.client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a stack's configurations, its last argument, on a worker.

        It is Dask's thread that submits the call: there, the client is not in the midst of losing its connection.
        """
        ours: Future[Any] = Future()
        call = pickle.dumps(_Call(partial(called, origin(args[-1]), function, *args, **kwargs)))
        cast(IOLoop, self._cluster.client.loop).add_callback(self._submit, ours, call)
        return ours

    def _submit(self, ours: Future[Any], call: bytes) -> None:
        if self._cluster.is_lost:
            ours.set_exception(EngineError(self._cluster.loss))
            return
        try:
            theirs = self._executor.submit(pickle.loads, call, key=f"stack-{uuid4().hex}")
        except Exception as error:
            ours.set_exception(error)
        else:
            theirs.add_done_callback(partial(_pass_on, ours))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel the stack, or wait for it; a worker that has begun it goes on to its end."""
        with suppress(Exception):  # the scheduler may be gone, and all stacks with it
            self._executor.shutdown(wait=wait and not cancel_futures)


@dataclass(frozen=True)
class _Call:
    """A call that is made where it is unpickled.

    Dask unpickles a function in its scheduler and in a worker's event loop, which ends if the function's package is
    missing. `pickle.loads` is missing nowhere, and what goes wrong within it is the error of one stack.
    """

    function: Callable[[], Any]

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return self.function, ()


def _pass_on(ours: Future[Any], theirs: Future[Any]) -> None:
    """Pass on a result, or the error as what it means to a sweep."""
    if theirs.cancelled():
        ours.set_exception(StackLost("the connection to the Dask scheduler was lost", deaths=0))
    elif error := theirs.exception():
        ours.set_exception(_meaning(error))
    else:
        ours.set_result(theirs.result())


def _meaning(error: BaseException) -> BaseException:
    if isinstance(error, KilledWorker):
        return StackLost("the Dask worker ended", deaths=error.allowed_failures + 1)
    if isinstance(error, EngineError) or getattr(error, "__notes__", None):  # raised within the call
        return error
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, UNREADABLE):
        return EngineError(
            f"a Dask worker cannot take a stack ({reason}): install this version of gdlab, with its extra cluster, on "
            "all workers"
        )
    return StackLost(f"Dask lost the stack ({reason})", deaths=1)  # as when a worker dies in the midst of a message


def _reach(address: str) -> None:
    """Check that a scheduler answers, before there is a client, which would not end if it does not.

    In a thread of its own, since this one may have an event loop that runs, as in a notebook.
    """

    async def reach() -> None:
        connection = await connect(address)
        await connection.close()

    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, reach()).result()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`, or correct "
            "hydra.launcher.address"
        ) from error


@contextmanager
def _local_cluster(workers: int) -> Iterator[LocalCluster]:
    """A scheduler in this process and worker processes, which ignore Ctrl-C and do not import this program's script.

    A worker gets its next stack when it has trained the last, so that one that dies takes no other stack with it.
    """
    with script_hidden(), dask.config.set(LOCAL):
        cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"allowed_failures": TRIES - 1},
            silence_logs=logging.CRITICAL,
        )
        try:
            loop = cast(IOLoop, cluster.loop)
            if hasattr(signal, "pthread_sigmask"):
                loop.add_callback(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGINT})
            cluster.scale(workers)
            # Dask starts no process again that dies while it starts: see what is missing from time to time
            loop.add_callback(PeriodicCallback(partial(cluster.scale, workers), MISSING_SECONDS * 1000).start)
            yield cluster
        finally:
            cluster.close(timeout=CLOSE_SECONDS)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Dask's log off the terminal: what the user must know, this module raises."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
