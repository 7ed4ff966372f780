"""`gdlab.sweep`, end to end into a store in a temporary folder, and what `gdlab.runs` and its like read back."""

import shutil

import pytest
from cases import changed
from messages import exactly
from mlflow import MlflowClient

import gdlab
from gdlab import tracking
from gdlab.optimizers import GradientDescent
from gdlab.problems import Parabola
from gdlab.sweeps.cards import card, differences
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.plan import Job
from gdlab.sweeps.summary import FAILED, REUSED, TRAINED

COSTS = {0.1: [25, 16, 10.24], 1.0: [25, 25, 25], 2.0: [25, 225, 2025]}  # of the parabola, by learning rate
RATE = "optimizer.learning_rate"


def walk(rate, **sections):
    """Two steps on the parabola."""
    made = gdlab.config("parabola", {"name": "gradient_descent", "learning_rate": rate}, stop={"max_steps": 2})
    return changed(changed(made, problem={"start": [5.0]}), **sections)


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


def runs_of(folder, kind):
    """The runs of a store of this kind, `run` or `sweep`, whatever has become of them."""
    client = MlflowClient(uri_of(folder))
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return client.search_runs(experiments, f"tags.`gdlab.kind` = '{kind}'")


@pytest.fixture(scope="module")
def launched(tmp_path_factory, empty_store):
    """Three walks launched from a folder, and their results."""
    folder = tmp_path_factory.mktemp("launched")
    shutil.copy(empty_store, folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        results = gdlab.sweep([walk(rate) for rate in COSTS], uri_of(folder), "walks", workers=1, rows=2)
    return folder, sorted(results, key=lambda result: result.place)


class Watcher:
    """An observer that keeps what it sees; `stop` is raised at the first result."""

    def __init__(self, stop=None):
        self.seen, self.plans, self.stop = [], [], stop

    def planned(self, planned, closed):
        self.seen.append(("planned", len(planned.jobs), closed))
        self.plans.append(planned)

    def began(self, places):
        self.seen.append(("began", *places))

    def notice(self, text):
        self.seen.append(("notice", text))

    def waiting(self, runs):
        self.seen.append(("waiting", runs))

    def finished(self, result):
        self.seen.append(("finished", result.place, result.how))
        if self.stop:
            raise self.stop


def test_a_sweep_has_a_result_for_each_configuration(launched):
    _, results = launched
    assert [result.place for result in results] == [0, 1, 2]
    assert [result.name for result in results] == [f"learning_rate={rate}" for rate in COSTS]
    assert {(result.how, result.outcome, result.failure) for result in results} == {(TRAINED, "budget", None)}
    assert [result.final_cost for result in results] == pytest.approx([costs[-1] for costs in COSTS.values()])
    assert len({result.run_id for result in results}) == 3


def test_runs_read_a_sweep_back(launched):
    folder, results = launched
    runs = gdlab.runs(uri_of(folder), "walks").set_index("run_id").loc[[result.run_id for result in results]]
    assert runs[RATE].tolist() == list(COSTS)
    assert runs["run_name"].tolist() == [result.name for result in results]
    assert runs["final_cost"].tolist() == [result.final_cost for result in results]
    assert set(runs["outcome"]) == {"budget"} and set(runs["optimizer.name"]) == {"gradient_descent"}
    (parent,) = runs_of(folder, "sweep")
    assert set(runs["parent"]) == {parent.info.run_id} and parent.info.status == "FINISHED"


def test_trajectories_and_thetas_read_a_sweep_back(launched, monkeypatch):
    folder, _ = launched
    monkeypatch.chdir(folder)
    runs = gdlab.runs(uri_of(folder), "walks").sort_values(RATE)
    steps = gdlab.trajectories(runs, uri_of(folder))
    for (_, run), theta in zip(runs.iterrows(), gdlab.thetas(runs, uri_of(folder)), strict=True):
        table = steps[steps["run_id"] == run["run_id"]]
        assert table["step"].tolist() == [0, 1, 2]
        assert table["cost"].tolist() == pytest.approx(COSTS[run[RATE]], rel=1e-15)
        assert theta["start"].tolist() == [5.0] and theta["end"].tolist() == table["w1"].tolist()[-1:]


def test_what_a_sweep_tracks_is_what_a_run_in_python_is(launched, monkeypatch):
    folder, _ = launched
    monkeypatch.chdir(folder)
    frame = gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=list(COSTS)), max_steps=2).frame
    runs = gdlab.runs(uri_of(folder), "walks").sort_values(RATE)
    tracked = gdlab.trajectories(runs, uri_of(folder))
    for column in ("step", "epoch", "cost", "gradient_norm", "learning_rate", "w1"):
        assert tracked[column].tolist() == frame[column].tolist()


def test_a_second_sweep_reuses_what_is_finished(launched, monkeypatch):
    folder, results = launched
    monkeypatch.chdir(folder)
    watcher = Watcher()
    again = gdlab.sweep([walk(rate) for rate in (2.0, 0.1)], uri_of(folder), "walks", observer=watcher)
    assert [(result.how, result.run_id, result.outcome) for result in again] == [
        (REUSED, results[place].run_id, "budget") for place in (2, 0)
    ]
    assert [result.final_cost for result in again] == [results[2].final_cost, results[0].final_cost]
    assert watcher.seen == [("planned", 2, 0), ("finished", 0, REUSED), ("finished", 1, REUSED)]
    assert len(runs_of(folder, "run")) == 3 and len(runs_of(folder, "sweep")) == 1


def test_a_dry_run_plans_and_leaves_nothing(launched, tmp_path, monkeypatch):
    folder, _ = launched
    monkeypatch.chdir(folder)
    watcher = Watcher()
    configs = [walk(rate) for rate in (0.1, 0.5, -1)]
    assert gdlab.sweep(configs, uri_of(folder), "walks", dry_run=True, observer=watcher) == []
    (planned,) = watcher.plans
    assert (list(planned.reused), list(planned.stacks), list(planned.invalid)) == ([0], [[1]], [2])
    assert watcher.seen == [("planned", 3, 0)]
    assert len(runs_of(folder, "run")) == 3
    monkeypatch.chdir(tmp_path)
    assert gdlab.sweep(configs, uri_of(tmp_path), "walks", dry_run=True) == []
    assert list(tmp_path.iterdir()) == []


def test_runs_are_trained_again_where_that_is_asked_for(here):
    first, second = (
        gdlab.sweep([walk(0.1)], uri_of(here), "walks", names=[name], resume=False, workers=1)
        for name in ("first", "second")
    )
    assert first[0].how == second[0].how == TRAINED and first[0].run_id != second[0].run_id
    assert len(runs_of(here, "run")) == 2
    (newest,) = gdlab.runs(uri_of(here), "walks")["run_name"]
    assert newest == "second"


def test_sweeps_of_one_second_have_parents_of_their_own_and_rounds_of_one_sweep_do_not(here):
    for rate in (0.1, 0.2):
        gdlab.sweep([walk(rate)], uri_of(here), "apart", workers=1)
    parents = runs_of(here, "sweep")
    assert [parent.info.run_name for parent in parents] == ["apart: one run"] * 2
    assert len({parent.data.tags["gdlab.sweep"] for parent in parents}) == 2
    results = []
    for rate in (0.1, 0.2, 0.3):
        results += gdlab.sweep(
            [walk(rate)], uri_of(here), "rounds", names=[f"{rate}"], sweep_name="a", workers=1, earlier=results
        )
    (parent,) = [parent for parent in runs_of(here, "sweep") if parent.data.tags["gdlab.sweep"] == "a"]
    runs = gdlab.runs(uri_of(here), "rounds")
    assert set(runs["parent"]) == {parent.info.run_id} and sorted(runs["run_name"]) == ["0.1", "0.2", "0.3"]
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith("3 jobs: 3 trained.\n\nLowest final cost: 0.3.\n")
    assert all(f"| {rate} |" in note for rate in (0.1, 0.2))


def test_a_job_stated_twice_is_trained_once_and_one_that_cannot_be_built_fails_alone(here):
    watcher = Watcher()
    configs = [walk(0.1), walk(-1), walk(0.10), walk(0.2, measurement={"name": "basins", "starts": 1})]
    results = gdlab.sweep(configs, uri_of(here), "walks", names=list("abcd"), workers=1, observer=watcher)
    by_name = {result.name: result for result in results}
    assert [by_name[name].how for name in "abcd"] == [TRAINED, FAILED, REUSED, FAILED]
    assert by_name["a"].run_id == by_name["c"].run_id
    assert by_name["b"].failure.message == "optimizer.learning_rate must be greater than 0, got -1"
    assert by_name["d"].failure.message == "measurement.starts must be a whole number of at least 2, got 1"
    assert watcher.seen[0] == ("planned", 4, 0)
    assert sorted(event[1] for event in watcher.seen if event[0] == "began") == [0, 1, 2, 3]
    for place, how in enumerate((TRAINED, FAILED, REUSED, FAILED)):
        assert watcher.seen.index(("began", place)) < watcher.seen.index(("finished", place, how))
    statuses = {run.info.run_name: run.info.status for run in runs_of(here, "run")}
    assert statuses == {"a": "FINISHED", "b": "FAILED", "d": "FAILED"}
    (parent,) = runs_of(here, "sweep")
    assert parent.info.status == "FAILED"
    assert parent.data.tags["mlflow.note.content"].startswith("4 jobs: 1 trained, 2 failed.")


def test_a_measurement_that_a_problem_cannot_have_fails_alone(here):
    problems = {"network": {"name": "network", "data": "digits"}, "saddle": "saddle", "double_well": "double_well"}
    configs = [gdlab.config(problem, measurement={"name": "basins", "starts": 2}) for problem in problems.values()]
    results = gdlab.sweep(configs, uri_of(here), "walks", names=list(problems), workers=1)
    by_name = {result.name: result for result in results}
    for name in ("network", "saddle"):
        message = f"measurement=basins needs a landscape that has minima, and the problem is {name}"
        assert by_name[name].failure.message == message
    assert by_name["double_well"].failure is None and by_name["double_well"].outcome == "measured"


def test_a_sweep_of_nothing_that_can_be_built_raises_and_leaves_nothing(here):
    message = "optimizer.learning_rate must be greater than 0, got -1"
    with pytest.raises(ConfigurationError, match=exactly(message)):
        gdlab.sweep([walk(-1), walk(-2)], uri_of(here), "walks")
    assert not runs_of(here, "run") and not runs_of(here, "sweep")


def test_a_store_that_cannot_be_used_is_said_before_anything_is_trained(tmp_path):
    uri = f"sqlite:///{tmp_path}/nowhere/mlflow.db"
    message = f"tracking.uri={uri} cannot be used: the folder {tmp_path}/nowhere does not exist"
    with pytest.raises(tracking.TrackingError, match=exactly(message)):
        gdlab.sweep([walk(0.1)], uri, "walks")


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(1)])
def test_a_sweep_that_is_interrupted_leaves_nothing_open(here, stop):
    with pytest.raises(type(stop)):
        gdlab.sweep([walk(rate) for rate in COSTS], uri_of(here), "walks", workers=1, rows=1, observer=Watcher(stop))
    (parent,) = runs_of(here, "sweep")
    assert parent.info.status == "KILLED"
    assert parent.data.tags["mlflow.note.content"].startswith("3 jobs: 1 trained.")
    assert [run.info.status for run in runs_of(here, "run")] == ["FINISHED"]


def test_names_are_made_of_what_configurations_differ_in():
    assert differences([walk(0.1), walk(0.2)]) == ["learning_rate=0.1", "learning_rate=0.2"]
    assert differences([walk(0.1)]) == ["defaults"]
    assert differences([gdlab.config("bowl", seed=seed) for seed in (0, 1)]) == ["seed=0", "seed=1"]
    inits = [gdlab.config("bowl", seeds={"init": seed}) for seed in (0, 1)]
    assert differences(inits) == ["init=0", "init=1"]


def test_names_call_a_choice_by_its_section():
    chosen = [gdlab.config("bowl", name) for name in ("adam", "momentum")]
    assert differences(chosen) == ["optimizer=adam", "optimizer=momentum"]
    data = [gdlab.config({"name": "network", "data": name}) for name in ("digits", "mnist_5k")]
    assert differences(data) == ["data=digits", "data=mnist_5k"]
    measured = [gdlab.config("bowl"), gdlab.config("bowl", measurement="directions")]
    assert differences(measured) == ["defaults", "measurement=directions"]


def test_a_card_holds_the_flat_configuration_the_size_and_the_data():
    config = gdlab.config({"name": "network", "data": "digits", "hidden": [4]})
    known = card(Job(name="a", config=config), "key")
    assert known.params["parameters"] == 4 * 65 + 10 * 5
    assert known.params["problem.data.name"] == "digits" and known.params["problem.hidden"] == [4]
    assert (known.name, known.key, known.config) == ("a", "key", config)
    assert (known.dataset["name"], known.dataset["train_examples"]) == ("digits", 1437)
    assert card(Job(name="a", config=gdlab.config("bowl")), "key").dataset is None
    assert "parameters" not in card(Job(name="a", config=walk(-1)), "").params
