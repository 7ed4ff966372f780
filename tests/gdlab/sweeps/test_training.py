"""Stacks and workers: how a sweep is cut, and that one bad run takes only itself down."""

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest
import workers
import yaml
from commands import ROOT

from gdlab.sweeps import training
from gdlab.sweeps.training import Failure, Training

RECORD = yaml.safe_load((ROOT / "conf" / "train.yaml").read_text())["record"]


def config(seed=0, batch_size=32, rate=1.0, hidden=(16, 16), **sections):
    return {
        "problem": {
            "name": "network",
            "data": {"name": "digits"},
            "hidden": list(hidden),
            "activation": "sigmoid",
            "output": "sigmoid",
            "cost": "quadratic",
            "initializer": "scaled_normal",
            "batch_size": batch_size,
            "examples": 100,
        },
        "optimizer": {"name": "gradient_descent", "learning_rate": rate},
        "schedule": {"name": "constant"},
        "stop": {
            "max_epochs": None,
            "max_steps": 5,
            "diverged_above": 1000.0,
            "gradient_tolerance": 0.0,
            "cost_tolerance": None,
        },
        "record": {**RECORD, "points": 3},
        "seeds": {"init": seed, "batches": seed},
        **sections,
    }


def sizes(parts):
    return sorted(len(part) for part in parts)


def flat(parts):
    return sorted(place for part in parts for place in part)


def test_only_what_descends_together_is_stacked():
    configs = [config(batch_size=32), config(batch_size=16), config(batch_size=32, rate=0.1), config(hidden=[8])]
    assert sorted(map(sorted, training.stacks(configs, workers=2))) == [[0, 2], [1], [3]]


def test_runs_that_share_their_mini_batches_stay_together():
    configs = [config(seed=seed, rate=rate) for rate in range(1, 13) for seed in (0, 1)]
    parts = training.stacks(configs, workers=2, rows=12)
    assert sizes(parts) == [12, 12]
    for part in parts:
        assert len({configs[place]["seeds"]["batches"] for place in part}) == 1


def test_few_runs_of_each_order_share_a_stack():
    assert sizes(training.stacks([config(seed=seed) for seed in range(20)], workers=1, rows=20)) == [20]


def test_the_order_of_mini_batches_does_not_matter_without_any():
    configs = [config(seed=seed, batch_size=None) for seed in range(20)]
    assert sizes(training.stacks(configs, workers=1, rows=20)) == [20]


def test_every_worker_has_two_stacks_if_the_rows_suffice():
    assert sizes(training.stacks([config() for _ in range(64)], workers=2)) == [16] * 4
    assert sizes(training.stacks([config() for _ in range(10)], workers=2)) == [5, 5]


def test_stacks_are_no_larger_than_asked_for_and_lose_no_run():
    configs = [config(seed=seed % 3) for seed in range(31)]
    parts = training.stacks(configs, workers=2, rows=4)
    assert max(sizes(parts)) <= 4
    assert flat(parts) == list(range(31))


def test_stacks_fit_the_cache():
    wide = [config(hidden=[512]) for _ in range(200)]  # 64 features: 38,410 parameters
    assert max(sizes(training.stacks(wide, workers=1))) <= training.CACHE // (2 * 4 * 38_410)


def test_stacks_with_their_own_examples_hold_fewer_rows():
    shared = sizes(training.stacks([config(hidden=[128], batch_size=64) for _ in range(200)], workers=1))
    own = sizes(training.stacks([config(seed=seed, hidden=[128], batch_size=64) for seed in range(200)], workers=1))
    assert max(own) < max(shared)


def outcomes(configs, parts, train_stack, count=2, **settings):
    """What each run came to, by its place."""
    came = {}
    with closing(Training(configs, parts, workers=count, train_stack=train_stack, **settings)) as training:
        for delivery in training:
            for place, outcome in zip(delivery.places, delivery.outcomes, strict=True):
                assert place not in came
                came[place] = outcome
    return came


def numbered(count, bad=()):
    return [{"number": number, "bad": number in bad} for number in range(count)]


def good(came):
    return sorted(int(outcome.end[0]) for outcome in came.values() if not isinstance(outcome, Failure))


def test_every_stack_is_delivered_by_a_worker():
    begun = []
    came = outcomes(numbered(10), [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]], workers.count, begun=begun.extend)
    assert good(came) == list(range(10))
    assert sorted(begun) == list(range(10))
    assert str(os.getpid()) not in {outcome.outcome for outcome in came.values()}


def test_a_run_that_raises_takes_only_itself_down():
    begun = []
    came = outcomes(numbered(9, bad=[3]), [[0, 1, 2, 3, 4], [5, 6, 7, 8]], workers.count_or_raise, begun=begun.extend)
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
    while any(psutil.pid_exists(process) and psutil.Process(process).status() != "zombie" for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_however_a_sweep_is_cut_its_results_are_the_same(rows):
    configs = [config(seed=seed, rate=rate) for rate in (0.1, 30.0) for seed in range(4)]
    alone = [training.descend([one])[0] for one in configs]
    came = outcomes(configs, training.stacks(configs, workers=2, rows=rows), training.descend)
    for place, trajectory in enumerate(alone):
        assert came[place].end.tobytes() == trajectory.end.tobytes()
        assert str(came[place].columns) == str(trajectory.columns)
        assert came[place].final == trajectory.final
