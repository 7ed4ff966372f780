"""The commands of README and the guide, the Python example, the searches and the lists of choices."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import ROOT, train

TEXT = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/guide.md"))
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
SHELL = [
    line.split("  #")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.replace("\\\n", " ").splitlines()
]
(PYTHON,) = (block for language, block in BLOCKS if language == "python")
PRINTED, SEARCHES = (block.splitlines() for language, block in BLOCKS if language == "text")

NOT_RUN = {  # each with the reason
    "make report": "takes minutes",
    "make test": "is this",
    "make ui": "serves until it is stopped",
    "make server": "serves until it is stopped; test_server.py starts it",
    "python experiments/train.py -m tracking=server": "needs that server; test_server.py launches a sweep into it",
    "python experiments/sync.py": "needs something that waits; tests/command_line/test_outages.py runs it",
    "python experiments/move.py": "needs that server; test_server.py moves runs to it",
    "MLFLOW_TRACKING_URI=sqlite:///mlflow.db mlflow models serve": "serves until it is stopped",
    "curl http://127.0.0.1:5001/invocations": "asks it; tests/gdlab/tracking/test_models.py asks in one process",
    "make bench": "takes an hour; tests/test_benchmarks.py runs it small",
    "python benchmarks/sweep.py": "takes minutes; tests/test_benchmarks.py runs it small",
    "python benchmarks/reading.py": "takes a minute; tests/test_benchmarks.py runs it small",
    "python benchmarks/trainability.py": "needs JAX; tests/test_benchmarks.py runs it small without",
    "python -m benchmarks.faults": "takes an hour; tests/faults tries some faults small",
    "python experiments/train.py experiment=lr_divergence": "takes a minute",
    "python experiments/train.py problem/data=mnist": "needs full MNIST, and takes a minute",
    "python experiments/train.py -m optimizer.learning_rate=geomspace:0.01:100:9 'seed=range(5)'": "45 networks",
    "python experiments/train.py -m hydra/sweeper=optuna": "needs an extra; test_optuna.py runs a smaller search",
    "python analysis/figures.py": "tests/analysis draws every study",
    "python -m analysis.claims": "tests/analysis/claims tests every claim",
}
RUN = [command for command in SHELL if not command.startswith(tuple(NOT_RUN))]
EMPTY = "python experiments/train.py"  # the default network

pytestmark = pytest.mark.xdist_group("readme")


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A folder to launch from, the same for all commands."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copy(empty_store, folder)
    return folder


@pytest.fixture(scope="module")
def outputs(laboratory: Path) -> dict[str, str]:
    """The output of every command that is run, in the order of the text."""
    printed = {}
    for command in RUN:
        _, _, *arguments = shlex.split(command)
        done = train(laboratory, *arguments)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed[command] = done.stdout
    return printed


def test_every_command_is_run_or_has_a_reason_why_not() -> None:
    assert all(any(command.startswith(start) for command in SHELL) for start in NOT_RUN)
    assert all(command.startswith("python experiments/train.py") for command in RUN)
    assert EMPTY in RUN


def test_every_command_prints_what_it_did(outputs: dict[str, str]) -> None:
    for command, printed in outputs.items():
        assert ("estimated time" if "dry_run=true" in command else "see it:") in printed


def test_the_walk_prints_the_line_that_is_shown(outputs: dict[str, str]) -> None:
    (command,) = (text for text in outputs if "problem=parabola" in text)
    (expected,) = PRINTED
    assert without_seconds(outputs[command].splitlines()[0]) == without_seconds(expected)


def test_the_dry_run_counts_what_has_finished(outputs: dict[str, str]) -> None:
    (command,) = (text for text in outputs if "dry_run=true" in text)
    assert "54 jobs: 45 to train" in outputs[command]  # 3 of 9 learning rates and 3 of 6 seeds have been trained above


def test_the_searches_find_runs(outputs: dict[str, str], laboratory: Path) -> None:
    from mlflow import MlflowClient

    store = MlflowClient(f"sqlite:///{laboratory / 'mlflow.db'}")
    everywhere = [experiment.experiment_id for experiment in store.search_experiments()]
    found = {text: store.search_runs(everywhere, text, max_results=1000) for text in SEARCHES}
    accurate, exploded, diverged, seeded = found.values()
    assert accurate
    assert {run.data.params["optimizer.learning_rate"] for run in accurate} == {"1"}
    assert min(run.data.metrics["final_accuracy"] for run in accurate) > 0.9
    assert min(float(run.data.params["optimizer.learning_rate"]) for run in exploded) > 1  # 2/λ
    assert {run.data.tags["gdlab.outcome"] for run in diverged} == {"diverged"}
    assert {run.data.params["seed"] for run in seeded} == {"2"}


def test_the_python_example_runs(laboratory: Path) -> None:
    shown = "frame = walks.frame\nframe.to_csv('walks.csv')\nsteps.to_csv('steps.csv')\nruns.to_csv('runs.csv')\n"
    done = subprocess.run(
        [sys.executable, "-c", PYTHON + shown], cwd=laboratory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    costs = pd.read_csv(laboratory / "walks.csv").groupby("learning_rate")["cost"].agg(list).to_dict()
    assert costs[0.1] == pytest.approx([25, 16, 10.24], rel=1e-12)  # 0.1 is no binary fraction
    assert (costs[1.0], costs[2.0]) == ([25, 25, 25], [25, 225, 2025])
    runs, steps = pd.read_csv(laboratory / "runs.csv"), pd.read_csv(laboratory / "steps.csv")
    assert sorted(runs["optimizer.learning_rate"]) == [0.001, 0.003, 0.01]
    assert set(steps["run_id"]) == set(runs["run_id"])
    assert steps.groupby("run_id")["step"].max().eq(2500).all()  # 20 epochs of 125 mini-batches


@pytest.mark.parametrize(
    "group", ["problem", "problem/data", "optimizer", "schedule", "stop", "measurement", "tracking"]
)
def test_the_choices_listed_are_there(group: str) -> None:
    (row,) = re.findall(rf"^\| `{group}=` \| (.*?)(?::|\|)", TEXT, flags=re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", row))
    assert listed and listed <= {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}


def test_every_outcome_is_explained() -> None:
    from gdlab.descent import stopping

    outcomes = {stopping.CONVERGED, stopping.BUDGET, stopping.DIVERGED, stopping.SATURATED}
    (table,) = re.findall(r"^\| outcome \|.*?\n\n", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)) == outcomes


def without_seconds(line: str) -> str:
    return re.sub(r"\([\d.]+ s\)", "", line).strip()
