"""The search for a border, by made-up functions and by a sweep."""

import itertools
import math
import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from commands import single_line, train
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from mlflow import MlflowClient

from analysis import figures
from gdlab import tracking
from hydra_plugins import grid_sweeper
from hydra_plugins._search import Search, SearchSettings, between, search_all
from hydra_plugins.grid_sweeper import GridSweeperConf

RATE = "optimizer.learning_rate"


def ends(**changes):
    return SearchSettings(**{"axis": RATE, "low": 0.01, "high": 100.0, **changes})


def searched(border, objective=lambda value: 1.0, **changes):
    """A search that is over, for a function that is inf above a border; and the values of its rounds."""
    search, rounds = Search(["problem=parabola"], ends(**changes)), []
    while values := search.next_values():
        rounds.append(values)
        search.learn({value: math.inf if value > border else objective(value) for value in values})
        assert len(rounds) < 100
    return search, rounds


@pytest.mark.parametrize("border", [0.011, 0.5, 1.0, 1.00001, 77.7])
@pytest.mark.parametrize(("tolerance", "points"), [(0.1, 1), (0.01, 7), (1e-5, 1), (1e-5, 100)])
def test_a_border_is_found_to_the_tolerance(border, tolerance, points):
    search, _ = searched(border, tolerance=tolerance, points=points)
    assert search.holds <= border < search.fails <= search.holds * (1 + tolerance)
    assert search.problem is None


def test_a_round_is_log_spaced_between_what_is_known():
    search, rounds = searched(1.0, points=3)
    assert rounds[0] == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert rounds[1] == between(1.0, 10.0, 3) == pytest.approx([10**0.25, 10**0.5, 10**0.75], rel=1e-6)
    for values in rounds[1:]:
        assert search.holds <= values[0] and values[-1] >= search.fails  # none is tried that is known already
    assert len({value for values in rounds for value in values}) == sum(map(len, rounds))


def test_one_value_after_another_halves_what_is_left():
    _, rounds = searched(0.3, points=1)
    known = 100 / 0.01
    for _ in rounds:
        known **= 0.5
    assert known <= 1.01 < known**2


def test_the_border_is_the_lowest_where_there_are_several():
    search = Search([], ends(points=3))
    search.learn(dict(zip(search.next_values(), [1.0, math.inf, 1.0, math.inf, math.inf], strict=True)))
    assert (search.holds, search.fails) == (0.01, 0.1)


def test_nothing_run_is_nothing_to_go_on_from():
    for came in ({}, {0.01: math.nan, 1.0: math.inf}):
        search = Search([], ends())
        search.learn(came)
        assert search.next_values() == [] and search.problem is None


def test_values_that_failed_are_done_without():
    search = Search([], ends(points=3))
    search.learn({0.01: 1.0, 1.0: 2.0, 100.0: math.inf})
    assert search.next_values() == between(1.0, 100.0, 3)


def test_a_search_that_finds_no_border_says_why():
    assert searched(1e3)[0].problem == f"problem=parabola: no run diverged up to {RATE}=100"
    assert searched(1e-3)[0].problem == f"problem=parabola: diverged already at {RATE}=0.01"
    assert Search([], ends()).problem.startswith("the defaults: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": 0}, "search.low must be greater than 0, got 0"),
        ({"low": math.nan}, "search.low must be greater than 0, got nan"),
        ({"low": None}, "search needs low and high, between which to search"),
        ({"high": 0.001}, "search.high must be greater than low, 0.01, got 0.001"),
        ({"high": math.inf}, "search.high must be greater than low, 0.01, got inf"),
        ({"tolerance": 1e-6}, "search.tolerance must be at least 1e-05, got 1e-06"),
        ({"points": 0}, "search.points must be at least 1, got 0"),
    ],
)
def test_ends_that_cannot_be_searched_are_refused(changes, message):
    with pytest.raises(ValueError, match=rf"^hydra.sweeper.{message}$"):
        ends(**changes)


def grid(**settings):
    """A sweeper, of the class that Hydra knows by now: it reads plugins anew when it likes."""
    settings = asdict(GridSweeperConf()) | settings
    del settings["_target_"]
    return grid_sweeper.GridSweeper(**settings)


def jobs(sweeper, *overrides):
    """The jobs of a sweeper for these overrides."""
    return sweeper.jobs(OverridesParser.create(), overrides)


def test_cases_cross_with_axes():
    sweeper = grid(cases=["problem=bowl problem.curvature=0.1", "problem=ravine problem.condition=2,20"])
    cases = [["problem=bowl", "problem.curvature=0.1"]]
    cases += [["problem=ravine", f"problem.condition={condition}"] for condition in (2, 20)]
    axes = [["a=1", "seed=0"], ["a=1", "seed=1"], ["a=2", "seed=0"], ["a=2", "seed=1"]]
    assert jobs(sweeper, "a=1,2", "seed=range(2)") == [[*c, *a] for c, a in itertools.product(cases, axes)]


def test_a_case_that_is_no_text_of_overrides_is_refused():
    with pytest.raises(ValueError, match=r"hydra.sweeper.cases must list override strings, got \"a='b\": No closing"):
        grid(cases=["a='b"])


def test_what_is_searched_is_no_axis():
    sweeper = grid(search={"axis": RATE, "low": 0.01, "high": 100})
    with pytest.raises(HydraException, match=f"{RATE} is searched here: give its range as hydra.sweeper.search.low"):
        jobs(sweeper, f"{RATE}=1,2")


@pytest.fixture(scope="module")
def searched_sweep(tmp_path_factory, empty_store):
    """Three parabolas, searched for their borders; axes may be in a case."""
    folder = tmp_path_factory.mktemp("searched")
    shutil.copy(empty_store, folder)
    search = "hydra.sweeper.search={axis: optimizer.learning_rate, low: 0.01, high: 100}"
    cases = 'hydra.sweeper.cases=["problem.curvature=2", "problem.curvature=8 optimizer=gradient_descent,momentum"]'
    done = train(folder, "-m", "problem=parabola", "record.sharpness=start", search, cases)
    assert done.returncode == 0, done.stderr
    borders = [line for line in done.stdout.splitlines() if line.startswith("border: ")]
    assert len(borders) == 3
    assert borders[0].startswith("border: problem.curvature=2 problem=parabola record.sharpness=start: between ")
    return folder


def test_a_sweep_finds_the_border_of_every_case(searched_sweep):
    runs = tracking.runs(f"sqlite:///{searched_sweep}/mlflow.db", "train")
    found = {}
    for (curvature, optimizer), case in runs.groupby(["problem.curvature", "optimizer.name"]):
        fails = case.loc[case["outcome"] == "diverged", RATE].min()
        holds = case.loc[case[RATE] < fails, RATE].max()
        assert holds < fails <= 1.01 * holds
        found[curvature, optimizer] = (holds * fails) ** 0.5
    borders = {(2, "gradient_descent"): 1.0, (8, "gradient_descent"): 0.25, (8, "momentum"): 2 * 1.9 / 8}
    assert found == pytest.approx(borders, rel=0.01)
    assert runs["parent"].nunique() == 1


def test_the_parent_of_a_search_tells_of_all_its_rounds(searched_sweep):
    uri = f"sqlite:///{searched_sweep}/mlflow.db"
    runs = tracking.runs(uri, "train")
    parent = MlflowClient(uri).get_run(runs["parent"].iloc[0])
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith(f"{len(runs)} jobs: {len(runs)} trained.")
    table = (searched_sweep / parent.info.artifact_uri / "runs.md").read_text()
    assert all(f"| {name} |" in table for name in runs["run_name"])


def test_a_found_border_is_drawn_and_kept_with_its_sweep(searched_sweep, monkeypatch):
    monkeypatch.chdir(searched_sweep)  # its runs' files are kept relative to it
    uri = f"sqlite:///{searched_sweep}/mlflow.db"
    arguments = ["--uri", uri, "--study", "lr_border", "--experiment", "train"]
    made = {}
    for folder in ("first", "second"):
        figures.main([*arguments, "--output", folder])
        made[folder] = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    assert made["first"] == made["second"]
    assert sorted(made["first"]) == sorted(
        [*(f"lr_border.{kind}" for kind in ("png", "svg", "csv", "txt")), "lr_border_table.csv", "lr_border_table.md"]
    )
    (parent,) = tracking.runs(uri, "train")["parent"].unique()
    kept = MlflowClient(uri).list_artifacts(parent, "figures")
    assert sorted(Path(item.path).name for item in kept) == sorted(made["first"])
    table = pd.read_csv("first/lr_border_table.csv")
    assert table["predicted"].tolist() == pytest.approx([1, 0.25, 0.475]) and table["λ"].tolist() == [2, 8, 8]
    assert table["measured / predicted"].between(0.99, 1.01).all()


def test_a_border_beyond_the_ends_is_told(workplace):
    search = "hydra.sweeper.search={axis: optimizer.learning_rate, low: 2, high: 5, points: 1}"
    done = train(workplace, "-m", "problem=parabola", "stop.max_steps=40", search)
    assert done.returncode != 0
    assert single_line(done.stderr) == (
        "error: no border found: problem=parabola stop.max_steps=40: diverged already at optimizer.learning_rate=2"
    )
    assert "3 runs: 3 trained" in done.stdout


def test_searches_share_rounds_and_do_without_failed_runs():
    borders = {"low": 0.3, "high": 30.0}
    searches = [Search([name], ends(tolerance=0.1)) for name in borders]
    launched = []

    def launch(jobs):
        launched.append(len(jobs))
        values = [(name, float(text.removeprefix(f"{RATE}="))) for name, text in jobs]
        return [None if i % 5 == 4 else math.inf if v > borders[name] else 1.0 for i, (name, v) in enumerate(values)]

    search_all(searches, launch)
    assert launched[0] == 18  # both searches: seven values and the two ends
    for search, border in zip(searches, borders.values(), strict=True):
        assert search.holds <= border < search.fails
