"""The studies of the learning rate, and the command that draws them."""

import shutil
import sys
from pathlib import Path

import cases
import numpy as np
import pandas as pd
import pytest
from commands import ROOT, script, single_line
from studies import DIGITS, RATE, descended, over

from analysis import curves, lr_divergence, study
from analysis.study import StudyError
from gdlab.descent.trajectory import Trajectory
from gdlab.sweeps import launch, training
from gdlab.tracking import RunCard, Store

STARTS = {0: 25.0, 1: 4.0}  # the cost at the start by seed
ENDS = {0.1: "budget", 0.5: "converged", 1.5: "diverged"}
STUDIES = {each.name: each for each in lr_divergence.STUDIES}
FIGURES = ["lr_divergence_final", "lr_divergence_trajectories"]
FILES = [f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "csv", "txt")]
FILES += ["lr_divergence_summary.csv", "lr_divergence_summary.md"]


class Place:
    """A folder with a store, and what a test does with it."""

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
        trajectory = Trajectory(start=np.zeros(1), end=np.zeros(1), columns=columns, outcome=outcome)
        store = Store(self.uri, experiment)
        store.end(store.begin(card), card, trajectory)

    def descend(self, experiment, *configs):
        """Runs as gdlab makes and keeps them."""
        store = Store(self.uri, experiment)
        for config in configs:
            card = launch.card(launch.Job(name="a run", config=config), str(config))
            store.write(card, training.descend([config])[0])

    def fail(self, experiment):
        """A run that failed."""
        card = RunCard(name="a run", config={}, params={RATE: 0.1, "seed": 0}, key="failed")
        Store(self.uri, experiment).write_failure(card, "it went wrong", "Traceback")


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
        Store(place.uri, "empty")
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
        study.exit_plainly(main)

    return start


def test_every_study_is_an_experiment():
    experiments = {path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml")}
    assert STUDIES.keys() <= experiments


@pytest.fixture(scope="module")
def optimizers():
    """Two optimizers, at two learning rates, with two seeds."""
    return descended(
        *(
            one
            for name in ("adam", "gradient_descent")
            for one in over(cases.config(*DIGITS, f"optimizer={name}", "stop.max_epochs=1"), [0.01, 0.1], [0, 1])
        )
    )


def test_choices_are_told_apart_and_counted(optimizers):
    runs, steps = optimizers
    made = STUDIES["lr_optimizers"].make(runs, steps)
    (item,), (table,) = made.drawn, made.tables
    assert "2 optimizers × 2 learning rates × 2 seeds = 8 runs" in item.caption
    assert sorted(item.data["final_cost"]) == sorted(runs["final_cost"])
    usable = curves.usable(runs, "optimizer.name")
    assert table.frame["optimizer"].tolist() == ["adam", "gradient descent"]
    assert table.frame["decades"].tolist() == usable["decades"].tolist()
    assert table.frame["final cost / lowest"].min() == 1
    lowest = ["adam", "gradient descent"][int(usable["cost"].argmin())]
    assert f"lowest final cost: {lowest}." in made.findings[0]
    assert len(made.findings) == 3


ODD = {
    "one walk": lambda: [cases.config("experiment=lr_parabola")],
    "walks that stay": lambda: over(cases.config("experiment=lr_parabola", "problem.start=[0.0]"), [0.1, 1.0]),
    "a cost below zero": lambda: over(cases.config("problem=saddle", "stop.max_steps=9"), [0.1, 1.0]),
    "one network": lambda: [cases.config(*DIGITS, "stop.max_epochs=1")],
    "lost networks": lambda: over(
        cases.config(*DIGITS, "experiment=edge_of_stability", "stop.max_steps=9"), [1e10, 1e30], [0, 1]
    ),
}


@pytest.fixture(scope="module", params=ODD)
def odd(request):
    """Runs that few studies are made for."""
    return descended(*ODD[request.param]())


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_odd_runs_is_drawn_or_says_what_it_needs(name, odd):
    try:
        made = STUDIES[name].make(*odd)
        told = [item.caption for item in made.drawn]
    except StudyError as error:
        told = [str(error)]
    assert all(told) and "\n" not in "".join(told)


def test_drawing_is_the_same_each_time(run, place, capsys):
    made = {}
    for folder in ("once", "again"):
        run(lr_divergence.main, "--study", "lr_divergence", "--output", folder)
        assert sorted(capsys.readouterr().out.splitlines()) == sorted(f"wrote {folder}/{file}" for file in FILES)
        made[folder] = {file: (place.folder / folder / file).read_bytes() for file in FILES}
    assert made["once"] == made["again"]


def test_csv_has_exact_costs(run, place):
    run(lr_divergence.main, "--study", "lr_divergence", "--experiment", "squares", "--output", "exact")
    folder = place.folder / "exact"
    final = pd.read_csv(folder / "lr_divergence_final.csv").set_index([RATE, "seed"])["final_cost"]
    assert final[1.5, 1] == np.inf  # which MLflow has not
    assert final[1.5, 0] == 25 * 4.0**6
    steps = pd.read_csv(folder / "lr_divergence_trajectories.csv")
    assert len(steps) == 6 * 7
    assert steps.groupby("seed")["cost"].first().to_dict() == {0: 25, 1: 4}


def test_what_was_run_is_drawn_and_the_rest_is_told(run, place, monkeypatch, capsys):
    monkeypatch.setattr(study, "each", map)  # in this process
    run(lr_divergence.main, "--output", "all")
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
        ("--study lr_divergence --experiment other", f"experiment 'other' in {{uri}} lacks {RATE}, seed: this study "),
        ("--study lr_divergence --experiment half", f"experiment 'half' in {{uri}}: 1 of 2 runs have no {RATE}"),
        ("--study lr_batch --experiment squares", "these runs lacks problem.batch_size: this study needs "),
        ("--study lr_border --experiment squares", "these runs lacks start_sharpness: this study needs "),
        ("--study lr_schedules --experiment squares", "experiment 'lr_schedules' lacks schedule.name: this "),
        ("--experiment squares", "--experiment needs --study, to know what to draw of its runs"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(run, place, arguments, message):
    with pytest.raises(SystemExit) as stop:
        run(lr_divergence.main, *arguments.split(), "--output", "none")
    assert single_line(stop.value.code).startswith(f"error: {message.format(uri=place.uri)}")
    assert not (place.folder / "none").exists()


def test_output_that_is_a_file(run):
    with pytest.raises(SystemExit, match="^error: --output=mlflow.db is a file, not a folder$"):
        run(lr_divergence.main, "--study", "lr_parabola", "--output", "mlflow.db")


def test_no_study_at_all(run, place, monkeypatch, empty_store):
    monkeypatch.setattr(study, "each", map)
    with pytest.raises(SystemExit) as stop:
        run(lr_divergence.main, "--uri", f"sqlite:///{empty_store}")
    assert stop.value.code == (
        f"error: none of these studies is in sqlite:///{empty_store}; "
        "begin with: python experiments/train.py -m experiment=lr_divergence"
    )


def test_a_missing_store_as_a_person_sees_it(tmp_path):
    done = script(tmp_path, "analysis/lr_divergence.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert single_line(done.stderr) == (
        "error: none of these studies is in sqlite:///mlflow.db; "
        "begin with: python experiments/train.py -m experiment=lr_divergence"
    )
    assert list(tmp_path.iterdir()) == []
