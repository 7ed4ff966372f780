"""Sweeps that are killed or interrupted, lose a worker, or share a store with another."""

import os
import shutil
import signal
import time

import psutil
import pytest
from commands import count, of_living, single_line, start, train, wait_until
from stores import launched_here, results_of, runs_of


def count_of(folder, kind, where="1"):
    return count(
        folder, f"FROM runs JOIN tags USING (run_uuid) WHERE key = 'gdlab.kind' AND value = '{kind}' AND {where}"
    )


def finished_count(folder):
    return count_of(folder, "run", "status = 'FINISHED'")


def working_seconds(process):
    """Processor time of all workers of a sweep so far; they import NumPy in less than a second of it."""
    children = psutil.Process(process.pid).children(recursive=True)
    return sum(of_living(children, lambda child: child.cpu_times().user))


LONG = ("problem=bowl", "stop.max_steps=100000", "optimizer.learning_rate=1.0")


def test_a_killed_sweep_is_taken_up_again(workplace, empty_store, monkeypatch):
    disturbed = ["-m", *LONG, "seed=range(8)", "hydra.launcher.rows=1"]
    process = start(workplace, *disturbed)
    try:
        wait_until(lambda: finished_count(workplace) >= 1, process)
    finally:
        process.kill()
        process.communicate()
    done = train(workplace, *disturbed)
    assert done.returncode == 0, done.stderr
    assert " left open by a killed process: marked KILLED\n" in done.stdout
    assert {run.info.status for run in runs_of(workplace)} == {"FINISHED", "KILLED"}
    undisturbed = workplace / "undisturbed"
    undisturbed.mkdir()
    shutil.copy(empty_store, undisturbed)
    monkeypatch.chdir(undisturbed)
    launched_here(undisturbed, *LONG, seeds=8)
    assert len(results_of(workplace)) == 8
    assert results_of(workplace) == results_of(undisturbed)


@pytest.mark.slow
def test_a_sweep_outlives_its_workers(workplace):
    process = start(workplace, "-m", *LONG, "seed=range(8)", "hydra.launcher.rows=2")
    try:
        wait_until(lambda: finished_count(workplace) >= 1, process)
        children = psutil.Process(process.pid).children(recursive=True)
        seconds = of_living(children, lambda child: (child.cpu_times().user, child.pid))
        os.kill(max(seconds)[1], signal.SIGKILL)
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "8 runs: 8 trained" in output
    assert len(results_of(workplace)) == 8


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_sweep_ends_promptly(workplace, number):
    long = ["-m", *LONG, "seed=range(8)", "stop.max_steps=100000000"]
    process = start(workplace, *long, "hydra.launcher.rows=4")
    try:
        wait_until(lambda: count_of(workplace, "sweep") and working_seconds(process) > 2, process)
        begun = time.monotonic()
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        took = time.monotonic() - begun
    finally:
        process.kill()
    assert process.returncode != 0
    assert single_line(errors).startswith(("interrupted", "terminated"))
    assert took < 30
    assert {run.info.status for run in runs_of(workplace)} == {"KILLED"}


@pytest.mark.slow
def test_two_sweeps_at_once_in_one_file(workplace):
    sweeps = [
        start(workplace, "-m", *LONG, f"seed=range({first},{first + 6})", "hydra.launcher.rows=2") for first in (0, 3)
    ]
    try:
        for process in sweeps:
            _, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
            assert "locked" not in errors
    finally:
        for process in sweeps:
            process.kill()
    assert len(results_of(workplace)) == 9  # `results_of` sees to it that none is there twice
    assert {run.info.status for run in runs_of(workplace)} == {"FINISHED"}
