"""The benchmarks run, at sizes that take seconds, and their tables hold what they say."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import script

from benchmarks import compare, memory, steps, writing
from gdlab.sweeps.launch import cores

pytestmark = pytest.mark.slow

PEERS = """
import argparse, json
parser = argparse.ArgumentParser()
parser.add_argument("--peer", choices=["gemm", "numpy-loop", "torch-vmap"], required=True)
for name in ("--batch-size", "--runs", "--steps", "--threads"):
    parser.add_argument(name, type=int, required=True)
options = parser.parse_args()
print(json.dumps({"peer": options.peer, "us_per_run_step": 100.0 * options.threads}))
"""


@pytest.fixture
def peers(tmp_path: Path) -> Path:
    """A script with the options of the peers' own, which takes no time: 100 µs for each of its threads."""
    path = tmp_path / "peers.py"
    path.write_text(PEERS)
    return path


def test_steps_are_timed_alone_and_in_a_sweep(tmp_path: Path) -> None:
    tiny = ["--data", "mnist_5k", "--runs", "4", "--rounds", "1", "--examples", "320", "--batch-size", "10"]
    tiny += ["--hidden", "16-16", "30"]
    done = script(tmp_path, "benchmarks/steps.py", *tiny)
    assert done.returncode == 0, done.stderr
    times = pd.read_csv(tmp_path / "benchmarks" / "results" / "steps.csv").set_index(["network", "kind", "name"])
    assert set(times.index) == {
        (network, *timed)
        for network in ("16-16", "30")
        for timed in (("lone run", "gdlab"), ("sweep", "gdlab"), ("sweep", "gdlab, own orders"))
    }
    assert times["microseconds"].between(1, 1e6).all()
    assert (times["times_gdlab"].xs("gdlab", level="name") == 1).all()
    assert (tmp_path / "benchmarks" / "results" / "steps.png").stat().st_size > 5000


def test_a_sweep_is_timed_from_command_to_prompt(tmp_path: Path) -> None:
    done = script(tmp_path, "benchmarks/sweep.py", "--rates", "2", "--seeds", "1", "--data", "mnist_5k")
    assert done.returncode == 0, done.stderr
    (row,) = pd.read_csv(tmp_path / "benchmarks" / "results" / "sweep.csv").to_dict("records")
    assert row["runs"] == 2
    assert row["wall_seconds"] > 0
    assert row["composing_and_tracking_processor_seconds"] > 0
    assert row["training_milliseconds_a_run"] > 0 and row["with_two_recorded_steps"] > 0
    assert "milliseconds_a_recorded_step" in row


def test_a_long_sweep_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["memory", "--runs", "400", "--engine", "local", "--output", str(tmp_path)])
    memory.main()
    samples = pd.read_csv(tmp_path / "memory-parabola-local.csv")
    assert samples["runs"].is_monotonic_increasing and samples["runs"].iloc[-1] >= 400
    assert samples["megabytes"].iloc[-1] > 50


def test_writing_is_timed_for_each_kind_of_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["writing", "--runs", "40", "--output", str(tmp_path)])
    writing.main()
    table = pd.read_csv(tmp_path / "writing.csv").set_index("store")
    assert list(table.index) == ["SQLite", "PostgreSQL", "MLflow's server on PostgreSQL"]
    assert (table["runs a second"] > 1).all()
    assert table["kB a run of artifacts"].between(100, 200).all()


def test_reading_back_is_timed_directly_and_by_mlflows_client(tmp_path: Path) -> None:
    done = script(tmp_path, "benchmarks/reading.py", "--runs", "3", "--summaries", "7", "--data", "digits")
    assert done.returncode == 0, done.stderr
    times = pd.read_csv(tmp_path / "benchmarks" / "results" / "reading.csv")
    assert list(zip(times["runs"], times["read"], times["way"], strict=True)) == [
        (3, "runs", "directly"),
        (3, "trajectories", "directly"),
        (3, "thetas", "directly"),
        (3, "runs", "by MLflow's client"),
        (7, "runs", "directly"),
    ]
    assert (times["seconds"] > 0).all()


@pytest.mark.parametrize(
    ("peer", "kind", "expected"),
    [
        ("gemm", steps.LONE, 100),  # on one thread
        ("numpy-loop", steps.LONE, 100 * cores()),  # on all of them
        ("numpy-loop", steps.SWEEP, 100 / cores()),  # one network at a time, on each core
        ("torch-vmap", steps.SWEEP, 100 * cores()),  # all networks at once, on all cores
    ],
)
def test_peers_are_started_with_the_threads_that_they_may_use(peers: Path, peer: str, kind: str, expected: int) -> None:
    options = argparse.Namespace(peers=peers, peers_python=sys.executable, examples=320, runs=4, data="mnist_5k")
    work = steps.Work(kind, steps.CLASSIC, 10)
    assert steps.microseconds(peer, work, options, Path("none")) == pytest.approx(expected, rel=1e-12)


def test_larger_networks_are_timed_beside_pytorch_on_every_number_of_threads(peers: Path) -> None:
    options = argparse.Namespace(peers=peers, peers_python="python", examples=320, runs=4, data="mnist_5k", only=None)
    lone, sweep = (steps.Work(kind, (128, 64), 32) for kind in (steps.LONE, steps.SWEEP))
    timed = [[*steps.commands(name, lone, options, Path("data"))] for name in steps.peers(lone, options)]
    assert [(len(commands), commands[0][-5]) for commands in timed] == [(1, str(n + 1)) for n in range(cores())]
    (name,) = steps.peers(sweep, options)
    assert len(list(steps.commands(name, sweep, options, Path("data")))) == cores()
    assert timed[0][0][2:6] == ["data", "--hidden", "128", "64"]


def test_a_peer_that_fails_is_named(peers: Path) -> None:
    options = argparse.Namespace(peers=peers, peers_python=sys.executable, examples=320, runs=4, data="mnist_5k")
    with pytest.raises(SystemExit, match="jax could not be timed: .*invalid choice"):
        steps.microseconds("jax", steps.Work(steps.LONE, steps.CLASSIC, 10), options, Path("none"))


def test_every_run_of_the_sweep_is_timed_on_one_core(tmp_path: Path) -> None:
    options = argparse.Namespace(data="mnist_5k", runs=64)
    for own_orders in (False, True):
        assert sum(map(sum, steps.stack_sizes(steps.Work(steps.SWEEP, steps.CLASSIC, 32), own_orders, options))) == 64


def test_reports_are_compared_cell_by_cell(tmp_path: Path) -> None:
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    before.write_text("run,cost\na,1.0\nb,\n")
    after.write_text("run,cost\na,1.001\nb,\n")
    assert compare.difference(before, after, tolerance=0.01) == ""
    assert compare.difference(before, after, tolerance=0) == "cost: 1 of 2 differ (1.0 became 1.001)"
    assert compare.difference(before, tmp_path / "none.csv", tolerance=0) == f"missing in {tmp_path}"
    after.write_text("run,cost\na,1.0\n")
    assert compare.difference(before, after, tolerance=0) == "2 rows became 1"


def test_trainability_is_timed_beside_a_peer(tmp_path: Path) -> None:
    peer = tmp_path / "peer"
    peer.write_text('#!/bin/sh\necho \'{"seconds": 2.0, "processor": 4.0, "trained": [1, 1, 1, 1]}\'\n')
    peer.chmod(0o755)
    tiny = ["--pixels", "2", "--steps", "25", "--rounds", "1"]
    done = script(tmp_path, "benchmarks/trainability.py", *tiny, "--jax-python", str(peer))
    assert done.returncode == 0, done.stderr
    times = pd.read_csv(tmp_path / "benchmarks" / "results" / "trainability.csv").set_index("name")
    assert list(times.index) == ["gdlab", "jax vmap"]
    assert times["us_per_pixel_step"]["jax vmap"] == 2.0 / 100 * 1e6
    assert times["processor_us_per_pixel_step"]["jax vmap"] == 4.0 / 100 * 1e6
    assert times["verdicts_equal_to_gdlab"]["gdlab"] == 1 and times["seconds"]["gdlab"] > 0
    assert 0 <= times["verdicts_equal_to_gdlab"]["jax vmap"] < 1  # the largest learning rates do not train
