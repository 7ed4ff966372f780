"""The command that draws studies."""

import shutil
import sys
from pathlib import Path

import cases
import numpy as np
import pandas as pd
import pytest
from commands import script, single_line
from mlflow import MlflowClient
from stores import keep
from studies import DIGITS, RATE, over

from analysis import figures, scripts
from analysis.studies import studies
from gdlab.descent.trajectory import Trajectory
from gdlab.sweeps import cards, configuration
from gdlab.sweeps.plan import Job
from gdlab.tracking import RunCard

STARTS = {0: 25.0, 1: 4.0}  # the cost at the start by seed
ENDS = {0.1: "budget", 0.5: "converged", 1.5: "diverged"}
STUDIES = studies()
FIGURES = ["lr_divergence_final", "lr_divergence_trajectories"]
FILES = [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "csv", "txt")]
FILES += ["lr_divergence_summary.csv", "lr_divergence_summary.md"]


class Place:
    """A folder with a store."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def uri(self):
        """In full: MLflow remembers the store of a relative address, whatever folder the next test is in."""
        return f"sqlite:///{self.folder}/mlflow.db"

    def keep(self, experiment, params, costs, outcome="budget"):
        """A finished run of w² with these costs at steps 0, 1, 2 and on."""
        card = RunCard(name="a run", config={}, params=params, key=str(params))
        columns = {"step": list(range(len(costs))), "cost": list(costs)}
        columns |= {
            "gradient_norm": [2 * cost**0.5 for cost in costs],
            "learning_rate": [params.get(RATE, 1.0)] * len(costs),
        }
        times = list(range(len(costs)))
        trajectory = Trajectory(
            start=np.zeros(1), end=np.zeros(1), columns=columns, milliseconds=times, outcome=outcome
        )
        keep(self.uri, experiment, (card, trajectory))

    def descend(self, experiment, *configs):
        """Runs as gdlab tracks them."""
        named = [(cards.card(Job(name="a run", config=config), str(config)), config) for config in configs]
        keep(self.uri, experiment, *((card, configuration.train_stack([config])[0]) for card, config in named))

    def fail(self, experiment):
        """A run that failed."""
        card = RunCard(name="a run", config={}, params={RATE: 0.1, "seed": 0}, key="failed")
        keep(self.uri, experiment, (card, "it went wrong"))


@pytest.fixture(scope="module")
def place(tmp_path_factory, empty_store):
    """Two studies in small; runs of w², whose cost after t steps is (1 - 2η)^2t of that at the start, which at η = 0.1
    go on, at 0.5 arrive in one step, at 1.5 explode, one of them to infinity; and experiments that cannot be drawn.
    """
    place = Place(tmp_path_factory.mktemp("store"))
    shutil.copy(empty_store, place.folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(place.folder)  # where MLflow puts the runs' files
        for rate, outcome in ENDS.items():
            for seed, start in STARTS.items():
                params = {RATE: rate, "seed": seed, "problem.name": "parabola"}
                costs = start * (1 - 2 * rate) ** (2.0 * np.arange(7))
                costs[-1] = np.inf if (rate, seed) == (1.5, 1) else costs[-1]
                place.keep("squares", {**params, "stop.max_steps": 6, "parameters": 1}, costs, outcome)
        place.descend("lr_divergence", *over(cases.config(*DIGITS, "stop.max_epochs=1"), [0.1, 1.0, 1e4], [0, 1]))
        place.descend("lr_parabola", *over(cases.config("experiment=lr_parabola", "stop.max_steps=6"), [0.1, 1.0, 2.0]))
        MlflowClient(place.uri).create_experiment("empty")
        place.fail("failed")
        place.keep("other", {"question": "another"}, [1.0, 0.5])
        place.keep("half", {RATE: 0.1, "seed": 0}, [1.0, 0.5])
        place.keep("half", {"seed": 1}, [1.0, 0.5])
    return place


@pytest.fixture
def run(place, monkeypatch):
    """Run a script's main with these arguments, where the store is."""

    def start(main, *arguments):
        monkeypatch.chdir(place.folder)
        monkeypatch.setattr(sys, "argv", ["script", "--uri", place.uri, *arguments])
        monkeypatch.setattr(figures, "in_parallel", map)  # in this process
        scripts.exit_plainly(main)

    return start


def test_drawing_is_the_same_each_time(run, place, capsys):
    written = {}
    for folder in ("once", "again"):
        run(figures.main, "--study", "lr_divergence", "--output", folder)
        assert sorted(capsys.readouterr().out.splitlines()) == sorted(f"wrote {folder}/{file}" for file in FILES)
        written[folder] = {file: (place.folder / folder / file).read_bytes() for file in FILES}
    assert written["once"] == written["again"]


def test_csv_has_exact_costs(run, place):
    run(figures.main, "--study", "lr_divergence", "--experiment", "squares", "--output", "exact")
    folder = place.folder / "exact"
    final = pd.read_csv(folder / "lr_divergence_final.csv").set_index([RATE, "seed"])["final_cost"]
    assert final[1.5, 1] == np.inf  # which MLflow has not
    assert final[1.5, 0] == 25 * 4.0**6
    steps = pd.read_csv(folder / "lr_divergence_trajectories.csv")
    assert len(steps) == 6 * 7
    assert steps.groupby("seed")["cost"].first().to_dict() == {0: 25, 1: 4}


def test_studies_that_were_run_are_drawn_and_the_others_are_named(run, place, capsys):
    run(figures.main, "--output", "all")
    lines = capsys.readouterr().out.splitlines()
    written = {Path(line.removeprefix("wrote ")).name for line in lines if line.startswith("wrote ")}
    assert written == {path.name for path in (place.folder / "all").iterdir()} > set(FILES)
    assert "lr_parabola_walks.png" in written
    absent = [line for line in lines if not line.startswith("wrote ")]
    assert absent == [
        f"{name} is not in {place.uri}; to run it: python experiments/train.py -m experiment={name}"
        for name in STUDIES
        if name not in ("lr_divergence", "lr_parabola")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--study lr_divergence --experiment absent", "experiment 'absent' is not in {uri}"),
        ("--study lr_batch", "lr_batch is not in {uri}; to run it: "),
        ("--study lr_divergence --experiment empty", "experiment 'empty' in {uri} has no finished runs"),
        ("--study lr_divergence --experiment failed", "experiment 'failed' in {uri} has no finished runs"),
        ("--study lr_divergence --experiment other", f"experiment 'other' in {{uri}} lacks {RATE}, seed; this study "),
        ("--study lr_divergence --experiment half", f"experiment 'half' in {{uri}}: 1 of 2 runs have no {RATE}"),
        ("--study lr_batch --experiment squares", "experiment 'lr_batch' lacks problem.batch_size; this study needs "),
        (
            "--study lr_border --experiment squares",
            "experiment 'lr_border' lacks start_sharpness; this study needs ",
        ),
        ("--study lr_schedules --experiment squares", "experiment 'lr_schedules' lacks schedule.name; this "),
        ("--experiment squares", "--experiment needs --study, which says what to draw of its runs"),
    ],
)
def test_an_error_is_one_line(run, place, arguments, message):
    with pytest.raises(SystemExit) as stop:
        run(figures.main, *arguments.split(), "--output", "none")
    assert single_line(stop.value.code).startswith(f"error: {message.format(uri=place.uri)}")
    assert not (place.folder / "none").exists()


def test_output_that_is_a_file(run):
    with pytest.raises(SystemExit, match="^error: --output=mlflow.db is a file, not a folder$"):
        run(figures.main, "--study", "lr_parabola", "--output", "mlflow.db")


def test_no_study_at_all(run, empty_store):
    with pytest.raises(SystemExit) as stop:
        run(figures.main, "--uri", f"sqlite:///{empty_store}")
    assert stop.value.code == (
        f"error: none of these studies is in sqlite:///{empty_store}; "
        "begin with: python experiments/train.py -m experiment=gallery"
    )


@pytest.mark.parametrize(("name", "first"), [("figures.py", "gallery"), ("lr_divergence.py", "lr_divergence")])
def test_a_missing_store_as_a_person_sees_it(tmp_path, name, first):
    done = script(tmp_path, f"analysis/{name}")
    assert (done.returncode, done.stdout) == (1, "")
    assert single_line(done.stderr) == (
        "error: none of these studies is in sqlite:///mlflow.db; "
        f"begin with: python experiments/train.py -m experiment={first}"
    )
    assert list(tmp_path.iterdir()) == []
