"""What the comparison of two experiments finds: runs lost, doubled or changed, down to the bits of their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.faults.records import Experiment, Place, Run, differences, digests, read


def run(key: str, status: str = "FINISHED", run_id: str = "", kind: str = "run") -> Run:
    rows = {"params": [("seed", key)], "metrics": [("cost", 0, 25.0, False), ("cost", 7, 0.5, False)]}
    parent = "parent" if kind == "run" else None
    return Run(run_id or f"id-{key}", status, kind, key, parent, rows, {"theta.npz": "5f"})


PARENT = run("", run_id="parent", kind="sweep")
WHOLE = Experiment([PARENT, run("0"), run("1"), run("2")], 1.0)


def changed(**changes: object) -> list[Run]:
    """The runs of the whole experiment, one of them changed."""
    return [*WHOLE.runs[:-1], replace(WHOLE.runs[-1], **changes)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runs", "problems"),
    [
        (WHOLE.runs, []),
        ([*WHOLE.runs, run("2", "KILLED", "other")], []),
        (WHOLE.runs[:-1], ["1 keys missing"]),
        ([*WHOLE.runs, run("3")], ["1 keys of no job"]),
        ([*WHOLE.runs, run("2", run_id="other")], ["1 keys FINISHED more than once"]),
        ([*WHOLE.runs, run("2", "RUNNING", "other")], ["1 RUNNING"]),
        (changed(parent="nobody"), ["1 runs without their parent"]),
        (changed(files={}), ["1 runs differ in theta.npz (id-2 missing)"]),
        (changed(files={"theta.npz": "60"}), ["1 runs differ in theta.npz (id-2 changed)"]),
        (
            changed(rows={**WHOLE.runs[-1].rows, "metrics": [("cost", 0, 25.0, False)] * 2}),
            ["1 runs differ in rows of metrics (id-2 [('cost', 7, 0.5, False)] became [('cost', 0, 25.0, False)])"],
        ),
    ],
)
def test_every_kind_of_difference_is_named(runs: list[Run], problems: list[str]) -> None:
    assert differences(WHOLE, Experiment(runs, 1.0)) == problems


def write(folder: Path, cost: float, weight: float) -> dict[str, str]:
    """Write a table and an array; returns their digests."""
    folder.mkdir(parents=True)
    pd.DataFrame({"step": [0, 1], "cost": [25.0, cost]}).to_parquet(folder / "trajectory.parquet")
    np.savez(folder / "theta.npz", end=np.array([1.0, weight]))
    return digests(folder)


def test_files_are_compared_bit_for_bit(tmp_path: Path) -> None:
    first = write(tmp_path / "first", np.nan, 0.0)
    assert write(tmp_path / "same", np.nan, 0.0) == first
    other = write(tmp_path / "other", np.nan, -0.0)
    assert other["trajectory.parquet"] == first["trajectory.parquet"]
    assert other["theta.npz"] != first["theta.npz"]
    (tmp_path / "first" / "theta.npz").write_bytes(b"PK")
    assert digests(tmp_path / "first")["theta.npz"].startswith("unreadable: ")


def test_a_sweep_is_read_as_it_was_written(here: Path) -> None:
    from stores import launched_here

    launched_here(here, "problem=parabola", "problem.start=[5.0]", "stop.max_steps=3", seeds=2)
    place = Place("sqlite:///mlflow.db", f"sqlite:///{here}/mlflow.db")
    found = read(place, "train", here)
    assert found.statuses().keys() == {"FINISHED"}
    assert [run.kind for run in found.runs].count("sweep") == 1
    assert differences(found, found) == []
    (one, other) = (runs[0] for runs in found.finished().values())
    assert one.files.keys() == {"config.yaml", "theta.npz", "trajectory.parquet"}
    assert one.rows["metrics"] != []
    assert one.rows["params"] != other.rows["params"]
    assert read(place, "another", here).runs == []
