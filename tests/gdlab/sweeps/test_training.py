"""Training in worker processes: one bad run takes only itself down."""

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from contextlib import closing
from functools import partial

import psutil
import pytest
import workers
from commands import of_living
from messages import exactly

import gdlab
from gdlab.sweeps.configuration import train_stack
from gdlab.sweeps.remote import EngineError
from gdlab.sweeps.stacks import stacks
from gdlab.sweeps.training import Failure, ReadyWorkers, StackLost, Training
from gdlab.sweeps.worker import WorkerProcess


def outcomes(configs, parts, task, count=2, **settings):
    """What each run came to, by its place."""
    came = {}
    with closing(Training(configs, parts, workers=count, train_stack=task, **settings)) as training:
        for delivery in training:
            for place, outcome in zip(delivery.places, delivery.outcomes, strict=True):
                assert place not in came
                came[place] = outcome
    return came


def numbered(count, bad=()):
    return [{"number": number, "bad": number in bad} for number in range(count)]


def good(came):
    return sorted(int(outcome.columns["cost"][0]) for outcome in came.values() if not isinstance(outcome, Failure))


def test_every_stack_is_delivered_by_a_worker():
    begun = []
    came = outcomes(numbered(10), [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]], workers.count, on_begin=begun.extend)
    assert good(came) == list(range(10))
    assert sorted(begun) == list(range(10))
    assert str(os.getpid()) not in {outcome.outcome for outcome in came.values()}


def test_a_run_that_raises_takes_only_itself_down():
    begun = []
    came = outcomes(
        numbered(9, bad=[3]), [[0, 1, 2, 3, 4], [5, 6, 7, 8]], workers.count_or_raise, on_begin=begun.extend
    )
    assert good(came) == [0, 1, 2, 4, 5, 6, 7, 8]
    assert came[3].message == "ArithmeticError: number 3 does not add up"
    assert "count_or_raise" in came[3].traceback
    assert sorted(begun) == list(range(9))  # told once of each, however often a stack was cut


def test_a_run_that_kills_its_worker_is_found():
    came = outcomes(numbered(6, bad=[2]), [[0, 1, 2], [3, 4, 5]], workers.count_or_die)
    assert good(came) == [0, 1, 3, 4, 5]
    assert came[2].message == "the worker process ended with SIGKILL, 2 times, while it trained this run alone"


def test_a_stack_whose_worker_was_killed_by_accident_is_tried_again(tmp_path):
    configs = [{"number": number, "marker": str(tmp_path / "died")} for number in range(4)]
    assert good(outcomes(configs, [[0, 1], [2, 3]], workers.die_once, count=1)) == [0, 1, 2, 3]


def test_workers_end_when_training_is_closed():
    before = set(multiprocessing.active_children())
    training = Training(numbered(2), [[0], [1]], workers=2, train_stack=workers.count)
    started = [child.pid for child in set(multiprocessing.active_children()) - before]
    assert len(started) == 2
    training.close()
    await_end(started)


def test_workers_end_with_a_killed_parent():
    code = (
        "import os, signal, sys, time; sys.path.insert(0, 'tests')\n"
        "import psutil, workers\n"
        "from gdlab.sweeps.training import Training\n"
        "if __name__ == '__main__':\n"
        "    training = Training([{'number': 0}], [[0]], workers=1, train_stack=workers.count)\n"
        "    list(training)\n"
        "    print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    children = [int(number) for number in done.stdout.split()]
    assert children, done.stderr
    await_end(children)


def await_end(processes):
    deadline = time.monotonic() + 30
    while set(of_living(processes, lambda process: psutil.Process(process).status())) - {psutil.STATUS_ZOMBIE}:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_however_a_sweep_is_cut_its_results_are_the_same(rows):
    configs = [
        gdlab.config(
            {"name": "network", "data": "digits", "examples": 100},
            {"name": "gradient_descent", "learning_rate": rate},
            stop={"max_epochs": None, "max_steps": 5},
            record={"points": 3},
            seed=seed,
        )
        for rate in (0.1, 30.0)
        for seed in range(4)
    ]
    alone = [train_stack([config])[0] for config in configs]
    came = outcomes(configs, stacks(configs, workers=2, rows=rows), train_stack)
    for place, trajectory in enumerate(alone):
        assert came[place].end.tobytes() == trajectory.end.tobytes()
        assert str(came[place].columns) == str(trajectory.columns)
        assert came[place].final == trajectory.final


def test_a_worker_imports_neither_mlflow_nor_what_draws_or_composes():
    worker = WorkerProcess()
    try:
        (run,) = worker.submit(train_stack, [gdlab.config("parabola")]).result()
        assert run.outcome == "converged"
        heavy = ("mlflow", "pandas", "pyarrow", "hydra", "omegaconf", "matplotlib", "sklearn", "scipy")
        assert worker.submit(workers.imported, heavy).result() == []
        assert worker.submit(workers.imported, ["numpy"]).result() == ["numpy"]
    finally:
        worker.shutdown(cancel_futures=True)


def pid_of(worker):
    return worker.submit(os.getpid).result()


def test_ready_workers_are_handed_out_before_new_ones_start():
    before = set(multiprocessing.active_children())
    with closing(ReadyWorkers(2)) as ready:
        started = {child.pid for child in set(multiprocessing.active_children()) - before}
        given = [ready() for _ in range(3)]
        pids = [pid_of(worker) for worker in given]
        assert set(pids[:2]) == started and pids[2] not in started
    assert [pid_of(worker) for worker in given] == pids  # they belong to who has them
    for worker in given:
        worker.shutdown(cancel_futures=True)


def test_ready_workers_end_unless_they_are_kept():
    before = set(multiprocessing.active_children())
    with closing(ReadyWorkers(3)) as ready:
        started = {child.pid for child in set(multiprocessing.active_children()) - before}
        ready.keep(5)
        ready.keep(1)
        kept = ready()
        await_end(started - {pid_of(kept)})
        kept.shutdown(cancel_futures=True)
    await_end(started)


def test_ready_workers_load_data_and_leave_errors_to_the_plan():
    network = gdlab.config({"name": "network", "data": "digits"})
    with closing(ReadyWorkers(1)) as ready:
        ready.load({"problem": {"name": "no such problem"}})
        ready.load(network)
        worker = ready()
        assert worker.submit(workers.problems_loaded).result() == 1
        worker.shutdown(cancel_futures=True)


def test_workers_tell_of_all_steps_also_of_those_that_a_run_did_not_need():
    steps = [10_000, 10_000, 3]
    configs = [
        gdlab.config("bowl", {"name": "gradient_descent", "learning_rate": rate}, stop={"max_steps": most})
        for rate, most in zip((1e-6, 1e9, 1e-6), steps, strict=True)
    ]
    reported = []
    with closing(ReadyWorkers(1)) as ready:
        ready.on_steps = reported.append
        came = outcomes(configs, [[0, 1], [2]], train_stack, new_executor=ready)
    assert [came[place].outcome for place in range(3)] == ["budget", "diverged", "budget"]
    assert sum(reported) == sum(steps)


class Shared(Executor):
    """Executors that share workers, whose number is set from outside; a stack ends when `end` is called."""

    def __init__(self):
        self.number, self.calls = 1, {}

    def __call__(self):
        return self

    def workers(self):
        return self.number

    def submit(self, function, train_stack, configs):
        future = Future()
        self.calls[configs[0]["number"]] = (future, partial(function, train_stack, configs))
        return future

    def end(self, number, error=None):
        future, call = self.calls.pop(number)
        if error:
            future.set_exception(error)
        else:
            future.set_result(call())

    def shutdown(self, wait=True, *, cancel_futures=False):
        pass


def test_stacks_in_flight_follow_the_number_of_workers():
    shared = Shared()
    training = Training(
        numbered(20), [[n] for n in range(20)], workers=1, train_stack=workers.count, new_executor=shared
    )
    found = iter(training)
    assert sorted(shared.calls) == [0, 1]  # one in training, one waiting
    shared.end(1)
    assert next(found).places == [1]
    assert sorted(shared.calls) == [0, 2]
    shared.number = 3
    shared.end(0)
    assert next(found).places == [0]
    assert sorted(shared.calls) == [2, 3, 4, 5, 6, 7]
    shared.number = 1
    for number in (2, 3, 4, 5):
        shared.end(number)
        next(found)
    assert len(shared.calls) == 2
    while shared.calls:
        shared.end(min(shared.calls))
        next(found)
    assert list(found) == []


class Fated(Shared):
    """The same, of which the first calls end in errors, and the others at once."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)

    def submit(self, function, train_stack, configs):
        future = super().submit(function, train_stack, configs)
        self.end(configs[0]["number"], self.errors.pop(0) if self.errors else None)
        return future


def test_a_stack_is_submitted_again_as_often_as_its_connection_is_lost():
    fated = Fated(*[StackLost("no connection", deaths=0)] * 5)
    came = outcomes(numbered(1), [[0]], workers.count, new_executor=fated)
    assert good(came) == [0] and fated.errors == []


def test_deaths_that_an_engine_has_seen_count():
    came = outcomes(
        numbered(2), [[0, 1]], workers.count, new_executor=Fated(*[StackLost("the worker ended", deaths=4)] * 2)
    )
    assert came[0].message == "the worker ended, 4 times, while it trained this run alone"
    assert came[1].outcome


def test_an_engine_that_fails_ends_the_training():
    with pytest.raises(EngineError, match=exactly("no workers")):
        outcomes(numbered(2), [[0, 1]], workers.count, new_executor=Fated(EngineError("no workers")))


def test_a_long_stack_is_reported_while_it_trains(monkeypatch):
    monkeypatch.setattr("gdlab.sweeps.progress.SECONDS", 0.0)
    seen = []
    monkeypatch.setattr("gdlab.sweeps.progress._listeners", [seen.append])
    train_stack([gdlab.config("bowl", stop={"max_steps": 100, "gradient_tolerance": 0.0})] * 2)
    assert len(seen) > 2 and sum(seen) == 200
