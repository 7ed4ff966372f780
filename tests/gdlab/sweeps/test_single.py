"""A single run or measurement in this process, tracked while it goes on."""

import math

import pytest
from cases import changed
from messages import exactly
from mlflow import MlflowClient

import gdlab
from gdlab import tracking
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.plan import Job
from gdlab.sweeps.single import run_tracked

WALK = changed(
    gdlab.config("parabola", stop={"max_steps": 7}, record={"points": 8, "spacing": "even"}), problem={"start": [5.0]}
)


@pytest.fixture
def uri(here):
    """A store in a folder of its own: the full path, since MLflow keeps to the file that it has opened."""
    return f"sqlite:///{here}/mlflow.db"


def tracked(uri, config=WALK, **settings):
    return run_tracked(Job(name="a walk", config=config), uri, "walks", **settings)


def all_runs(uri):
    client = MlflowClient(uri)
    return client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])


def test_a_run_is_the_run_in_python_and_is_read_back(uri):
    seen = []
    done = tracked(uri, on_snapshot=lambda snapshot: seen.append(snapshot.step))
    (run,) = all_runs(uri)
    assert (run.info.status, run.info.run_name, run.data.tags["gdlab.outcome"]) == ("FINISHED", "a walk", "budget")
    assert done.page == tracking.run_page(run.info.experiment_id, run.info.run_id)
    assert done.seconds > 0 and seen == list(range(8))
    costs = [25 * 0.8 ** (2 * step) for step in range(8)]
    assert done.result.columns["cost"] == pytest.approx(costs, rel=1e-14)
    history = MlflowClient(uri).get_metric_history(run.info.run_id, "cost")
    assert {point.step: point.value for point in history} == dict(enumerate(done.result.columns["cost"]))
    runs = gdlab.runs(uri, "walks")
    assert gdlab.trajectories(runs, uri)["cost"].tolist() == done.result.columns["cost"]
    assert gdlab.thetas(runs, uri)[0]["end"].tolist() == done.result.end.tolist()


def test_a_measurement_is_made_and_read_back(uri):
    done = tracked(uri, changed(WALK, measurement={"name": "directions", "count": 10, "length": 0.5}))
    (run,) = all_runs(uri)
    assert (run.info.status, run.data.tags["gdlab.outcome"]) == ("FINISHED", "measured")
    assert run.data.metrics == done.result.final and done.result.final["fall_steepest"] == pytest.approx(9.5)
    table = tracking.measurements(gdlab.runs(uri, "walks"), uri)
    assert table["fall"].tolist() == done.result.columns["fall"].tolist()


def test_a_tracked_run_is_reused_by_a_sweep(uri):
    tracked(uri)
    assert [result.how for result in gdlab.sweep([WALK], uri, "walks")] == ["reused"]


def test_the_runs_of_a_sweep_share_a_parent_that_keeps_the_worst_status(uri):
    def fail(snapshot):
        raise ArithmeticError("it went wrong")

    tracked(uri, sweep_name="out/one")
    with pytest.raises(ArithmeticError):
        tracked(uri, sweep_name="out/one", on_snapshot=fail)
    tracked(uri, sweep_name="out/one")
    parents = [run for run in all_runs(uri) if run.data.tags["gdlab.kind"] == "sweep"]
    assert [(run.info.run_name, run.info.status) for run in parents] == [("sweep out one", "FAILED")]
    children = [run for run in all_runs(uri) if run.data.tags["gdlab.kind"] == "run"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parents[0].info.run_id}
    assert sorted(run.info.status for run in children) == ["FAILED", "FINISHED", "FINISHED"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ArithmeticError("it went wrong"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_what_ends_a_run_is_noted_in_it(uri, error, status):
    def fail(snapshot):
        if snapshot.step == 3:
            raise error

    with pytest.raises(type(error)):
        tracked(uri, on_snapshot=fail)
    (run,) = all_runs(uri)
    assert run.info.status == status
    assert run.data.tags["mlflow.note.content"] == f"{type(error).__name__}: {error}"
    history = MlflowClient(uri).get_metric_history(run.info.run_id, "cost")
    assert sorted(point.step for point in history) == [0, 1, 2, 3]


def test_a_cost_that_is_not_finite_is_never_sent(uri):
    done = tracked(uri, changed(WALK, optimizer={"learning_rate": 1e200}))
    (run,) = all_runs(uri)
    assert math.isinf(done.result.final["final_cost"]) and "final_cost" not in run.data.metrics
    assert all(abs(value) < 1e300 for value in run.data.metrics.values())
    assert gdlab.trajectories(gdlab.runs(uri, "walks"), uri)["cost"].iloc[-1] == math.inf


def test_what_cannot_be_run_opens_no_run(uri):
    with pytest.raises(ConfigurationError, match=exactly("stop.max_steps must be a whole number of at least 1, got 0")):
        tracked(uri, changed(WALK, stop={"max_steps": 0}))
    message = "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got 'mlflow'"
    with pytest.raises(tracking.TrackingError, match=exactly(message)):
        run_tracked(Job(name="a walk", config=WALK), "mlflow", "walks")
    assert not all_runs(uri)
