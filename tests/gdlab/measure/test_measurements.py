"""Basins of attraction, against what is known of the landscapes."""

import shutil

import cases
import numpy as np
import pandas as pd
import pytest
import yaml
from commands import single_line, train
from launches import config, sweep
from mlflow import MlflowClient

from gdlab import optimizers, problems
from gdlab.arrays import stacked
from gdlab.descent import schedules
from gdlab.measure.measurements.basins import DIVERGED, RIDGE, UNSETTLED, WITHIN, Basins, basins, grid
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError

WELL = problems.DoubleWell(tilt=0.3)


def descent(landscape, learning_rate, starts, steps=500):
    """What starts come to: an int for each."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    theta = stacked(np.reshape(np.array(starts, float), (-1, landscape.parameters)), "float64")
    return basins(landscape, theta, rule, schedules.Constant(), cases.budget(steps))


def measured(landscape, learning_rate, starts, steps=500):
    """The measurement as a run of the command makes it."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    theta = stacked(landscape.minima[:1], "float64")
    return Basins(starts=starts)(landscape, theta, rule, schedules.Constant(), cases.budget(steps), 0)


def stability(landscape):
    """2 / λ of every minimum."""
    return 2 / np.linalg.eigvalsh(landscape.hessian(landscape.minima))[:, -1]


def slope(landscape, w):
    """Along one axis, the other coordinate being 0."""
    theta, gradient = np.array([[w, 0.0]]), np.empty((1, 2))
    landscape.gradient(theta, gradient)
    return gradient[0, 0]


def hilltop(landscape, low, high):
    """Where the slope along one axis goes from up to down, to the last bit."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if slope(landscape, middle) > 0 else (low, middle)
    return min(low, high, key=lambda w: abs(slope(landscape, w)))


def test_grid_holds_the_edges_and_the_last_axis_is_quickest():
    w = grid(problems.Rosenbrock(), 3)
    assert w.tolist() == [[a, b] for a in (-2, 0, 2) for b in (-1, 1, 3)]
    assert grid(WELL, 4)[:, 0] == pytest.approx([-1.8, -0.6, 0.6, 1.8])


def test_the_border_in_the_double_well_is_its_ridge():
    found = measured(WELL, 0.01, 200)
    start, minimum = found.columns["start1"], found.columns["minimum"]
    assert set(minimum) == {0, 1}
    (border,) = np.flatnonzero(np.diff(minimum))
    assert (minimum[: border + 1] == 0).all()
    assert start[border] < WELL.ridge < start[border + 1]
    left = float((start < WELL.ridge).mean())
    assert (found.final["fraction_global"], found.final["fraction_local"]) == pytest.approx((left, 1 - left))


def test_every_start_of_himmelblau_comes_to_one_of_four_minima():
    landscape = problems.Himmelblau()
    found = measured(landscape, 0.005, 20)
    assert found.final["starts"] == len(found.columns["minimum"]) == 400
    assert found.final["minima_reached"] == 4 and found.final["fraction_global"] == 1  # all of them cost 0
    assert found.columns["cost"] == pytest.approx(np.zeros(400), abs=1e-12)
    assert (found.columns["steps"] <= 500).all()


def test_starts_at_minima_come_to_these():
    for landscape in (problems.Himmelblau(), problems.Rastrigin()):
        reached, _, cost = descent(landscape, 0.001, landscape.minima, steps=20)
        assert reached.tolist() == list(range(len(landscape.minima)))
        assert cost == pytest.approx(landscape.cost(landscape.minima))


def test_only_the_lowest_minima_are_global():
    landscape = problems.Rastrigin()
    found = measured(landscape, 0.002, 11)
    centre = np.abs(np.stack([found.columns["start1"], found.columns["start2"]])).max(axis=0) < 0.5
    assert ((found.columns["minimum"] == 0) == centre).all()
    assert found.final["fraction_global"] == pytest.approx(1 / 121)
    assert found.final["fraction_local"] == pytest.approx(120 / 121)


def test_a_start_on_the_ridge_belongs_to_no_minimum():
    near = 0.01
    reached, _, _ = descent(WELL, 0.05, [WELL.ridge - near, WELL.ridge, WELL.ridge + near])
    assert reached.tolist() == [0, RIDGE, 1]


@pytest.mark.parametrize("learning_rate", [0.0005, 0.002, 0.004])
def test_a_start_on_a_saddles_stable_line_belongs_to_no_minimum(learning_rate):
    landscape = problems.Rastrigin()
    top = hilltop(landscape, 0.4, 0.6)
    assert abs(slope(landscape, top)) < 1e-12
    reached, _, _ = descent(landscape, learning_rate, [[top, 0.2], [0.2, top], [top - 0.01, 0.2]])
    assert reached.tolist() == [RIDGE, RIDGE, 0]


def test_no_start_is_counted_twice():
    for learning_rate in (0.001, 0.01, 0.02, 0.1):
        found = measured(problems.Himmelblau(), learning_rate, 9, steps=100)
        shares = [share for name, share in found.final.items() if name.startswith("fraction_")]
        assert len(shares) == 5 and sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("landscape", [WELL, problems.Himmelblau()], ids=["double_well", "himmelblau"])
@pytest.mark.parametrize("factor", [1.2, 3.0, 1e150])
def test_no_start_settles_at_a_rate_above_the_border_of_every_minimum(landscape, factor):
    found = measured(landscape, factor * stability(landscape).max(), 10)
    assert set(found.columns["minimum"]) <= {UNSETTLED, DIVERGED}
    assert found.final["fraction_unsettled"] + found.final["fraction_diverged"] == 1
    assert (factor < 3) or found.final["fraction_diverged"] == 1


def test_a_start_that_explodes_has_diverged_whatever_it_comes_to():
    bowl = problems.Bowl()  # its minimum is the origin
    reached, steps, cost = descent(bowl, 1e200, [[3.0, 4.0], [0.0, 0.0]])
    assert reached.tolist() == [DIVERGED, 0]
    assert not np.isfinite(cost[0]) and steps[0] < 500


def test_starts_that_ran_out_of_steps_are_unsettled():
    reached, steps, _ = descent(WELL, 0.01, [0.5], steps=3)
    assert (reached.tolist(), steps.tolist()) == ([UNSETTLED], [3])


def test_no_direction_of_the_only_two_is_better_than_downhill():
    measured = configuration.build([config("problem=parabola", "measurement=directions")]).measure()
    assert measured.final["better"] == 0 and measured.final["directions"] == 10_000


def test_a_minimum_is_reached_within_a_thousandth_of_the_diagonal():
    reach = WITHIN * 3.6
    (minimum,) = WELL.minima[1]
    reached, _, _ = descent(WELL, 1e-9, minimum + np.array([0.99, 1.01, -0.99, -1.01]) * reach, steps=1)
    assert reached.tolist() == [1, UNSETTLED, 1, UNSETTLED]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["problem=saddle"], "measurement: Basins needs a landscape that has minima, and the problem is a "),
        (
            ["problem=double_well", "measurement.starts=1"],
            "measurement.starts must be a whole number of at least 2, got 1",
        ),
        (["problem=double_well", "+measurement.stars=3"], "measurement.stars is not a key: measurement has starts"),
        (["problem=double_well", "measurement.name=os.system"], "measurement.name must be one of "),
    ],
)
def test_what_cannot_be_measured_is_said(overrides, message):
    with pytest.raises(ConfigurationError) as error:
        configuration.build([config("measurement=basins", *overrides)]).measure()
    assert single_line(str(error.value)).startswith(message)


def test_a_measurement_that_cannot_be_made_fails_alone(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    names = ("problem=network", "problem=saddle", "problem=double_well")
    jobs = {
        name: config("measurement=basins", "problem/data=digits" * (name == names[0]) or "seed=0", name)
        for name in names
    }
    uri = f"sqlite:///{workplace}/mlflow.db"
    results = {result.name: result for result in sweep(uri, "train", jobs)}
    for name, given in zip(names[:2], ("Network", "Saddle"), strict=True):
        assert single_line(results[name].failure.message) == (
            f"measurement: Basins needs a landscape that has minima, and the problem is a {given}"
        )
    assert results[names[2]].failure is None and results[names[2]].outcome == "measured"


def test_a_measurement_is_part_of_what_makes_a_run():
    plain = config("problem=double_well")
    keys = {configuration.key(plain)}
    keys |= {
        configuration.key(config("problem=double_well", "measurement=basins", f"measurement.starts={n}"))
        for n in (2, 3)
    }
    assert len(keys) == 3


SMALL = ("problem=double_well", "measurement=basins", "measurement.starts=21", "stop.max_steps=300")


@pytest.fixture(scope="module")
def launched(tmp_path_factory, empty_store):
    """Two measurements, and what the command said."""
    folder = tmp_path_factory.mktemp("basins")
    shutil.copy(empty_store, folder)
    done = train(folder, "-m", *SMALL, "optimizer.learning_rate=0.01,0.1")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_measurement_is_tracked_like_a_run(launched):
    folder, done = launched
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("train")
    runs = client.search_runs([experiment.experiment_id], "tags.`gdlab.kind` = 'run'")
    assert [(run.info.status, run.data.tags["gdlab.outcome"]) for run in runs] == [("FINISHED", "measured")] * 2
    assert {run.data.params["optimizer.learning_rate"] for run in runs} == {"0.01", "0.1"}
    for run in runs:
        table = pd.read_parquet(folder / run.info.artifact_uri / "measurement.parquet")
        assert list(table) == ["start1", "minimum", "steps", "cost"]
        assert table["start1"].tolist() == pytest.approx(np.linspace(-1.8, 1.8, 21))
        assert run.data.metrics == {
            "starts": 21,
            "fraction_global": (table["minimum"] == 0).mean(),
            "fraction_local": (table["minimum"] == 1).mean(),
            "fraction_unsettled": 0,
            "fraction_diverged": 0,
            "fraction_ridge": 0,
            "minima_reached": table["minimum"].nunique(),
        }
        kept = {path.name for path in (folder / run.info.artifact_uri).iterdir()}
        assert kept == {"config.yaml", "measurement.parquet"}
    assert done.stdout.splitlines()[0].split()[:4] == ["run", "outcome", "starts", "fraction_global"]
    assert "2 runs: 2 trained (" in done.stdout


def test_a_measurement_is_the_same_in_a_worker_and_here(launched):
    folder, _ = launched
    for path in folder.glob("mlruns/**/measurement.parquet"):
        made_from = yaml.safe_load(path.with_name("config.yaml").read_text())
        here = configuration.build([made_from]).measure()
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.DataFrame(here.columns), check_exact=True)


def test_measurements_are_found_when_launched_again(launched, monkeypatch):
    folder, _ = launched
    monkeypatch.chdir(folder)
    jobs = {rate: config(*SMALL, f"optimizer.learning_rate={rate}") for rate in ("0.01", "0.1")}
    results = sweep(f"sqlite:///{folder}/mlflow.db", "train", jobs)
    assert [(result.how, result.outcome, result.final["starts"]) for result in results] == [
        ("found", "measured", 21)
    ] * 2
