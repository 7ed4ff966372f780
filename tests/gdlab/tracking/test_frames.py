"""What runs have left, read back: thetas, configurations, tables of measurements; files attached to a run."""

import shutil

import numpy as np
import pytest
from cases import changed, config
from launches import sweep
from messages import exactly
from mlflow import MlflowClient

import gdlab
from gdlab import tracking
from gdlab.tracking import TrackingError


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """Two walks that keep their path, two that do not; two measurements."""
    folder = tmp_path_factory.mktemp("frames")
    shutil.copy(empty_store, folder)
    bowl = config("problem=bowl", "stop.max_steps=20", "record.points=5")
    well = config("problem=double_well", "measurement=basins", "measurement.starts=5", "stop.max_steps=50")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        jobs = {
            f"seed={seed} path={path}": changed(bowl, record={"path": path}, seeds={"init": seed, "batches": seed})
            for path in (True, False)
            for seed in (0, 1)
        }
        sweep(uri_of(folder), "walks", jobs)
        rates = {f"{rate}": changed(well, optimizer={"learning_rate": rate}) for rate in (0.01, 0.1)}
        sweep(uri_of(folder), "basins", rates)
    return folder


@pytest.fixture
def walks(folder, monkeypatch):
    """The store's address and the runs of the walks, where the store is."""
    monkeypatch.chdir(folder)
    return uri_of(folder), tracking.runs(uri_of(folder), "walks").sort_values("run_name")


@pytest.fixture
def damage(walks):
    """Put something else in the place of a run's file, until the test is over."""
    uri, runs = walks
    places = []

    def put(number, name, content):
        place = tracking.places.local(uri, runs["artifacts"].iloc[number], name)
        places.append((place, place.read_bytes()))
        place.unlink() if content is None else place.write_bytes(content(places[-1][1]))

    yield put
    for place, content in reversed(places):
        place.write_bytes(content)


def test_a_recorded_path_begins_and_ends_where_the_run_does(walks):
    uri, runs = walks
    steps = tracking.trajectories(runs, uri).groupby("run_id")
    for (_, run), theta in zip(runs.iterrows(), tracking.thetas(runs, uri), strict=True):
        assert ("path" in theta) == run["run_name"].endswith("path=True") == (run["record.path"] == "True")
        assert theta["start"].shape == theta["end"].shape == (2,)
        assert (theta["start"] != theta["end"]).all()
        if "path" in theta:
            assert theta["path"][0].tobytes() == theta["start"].tobytes()
            assert theta["path"][-1].tobytes() == theta["end"].tobytes()
            places = steps.get_group(run["run_id"])[["w1", "w2"]].to_numpy()
            assert (theta["path"] == places).all()


def test_thetas_and_configurations_stand_in_the_order_of_the_runs(walks):
    uri, runs = walks
    for order in (runs, runs.iloc[::-1], runs.iloc[[2]]):
        configs = tracking.configurations(order, uri)
        assert [made["seeds"]["init"] for made in configs] == order["seeds.init"].tolist()
        assert [made["record"]["path"] for made in configs] == [name.endswith("True") for name in order["run_name"]]
        starts = [theta["start"].tolist() for theta in tracking.thetas(order, uri)]
        first = tracking.trajectories(order, uri).query("step == 0")[["w1", "w2"]]
        assert starts == first.to_numpy().tolist()


def test_a_configuration_is_that_of_the_run(walks):
    uri, runs = walks
    made = tracking.configurations(runs, uri)[0]
    assert made == changed(
        config("problem=bowl", "stop.max_steps=20", "record.points=5"),
        record={"path": False},
    )


def test_reading_what_is_not_there_says_what_is(walks, tmp_path):
    uri, _ = walks
    with pytest.raises(TrackingError) as error:
        tracking.runs(uri, "nothing")
    assert str(error.value).startswith(f"experiment 'nothing' is not in {uri}; its experiments: ")
    assert {"walks", "basins"} <= set(str(error.value).rpartition(": ")[2].split(", "))
    absent = f"{tmp_path}/mlflow.db"
    message = f"tracking.uri=sqlite:///{absent}: {absent} does not exist yet; launch a run first"
    with pytest.raises(TrackingError, match=exactly(message)):
        tracking.runs(f"sqlite:///{absent}", "train")


def test_runs_with_one_key_are_read_once_as_the_newest(here):
    made = gdlab.config("bowl", stop={"max_steps": 2})
    for name in ("old", "new"):
        gdlab.sweep([made], uri_of(here), "again", names=[name], resume=False, workers=1)
    assert tracking.runs(uri_of(here), "again")["run_name"].tolist() == ["new"]


def test_a_missing_trajectory_is_said_with_its_run(walks, damage):
    uri, runs = walks
    damage(0, "trajectory.parquet", None)
    name, run_id = runs[["run_name", "run_id"]].iloc[0]
    with pytest.raises(TrackingError) as error:
        tracking.trajectories(runs, uri)
    assert str(error.value).startswith(f"run {name!r} ({run_id}) has no trajectory.parquet: ")


def test_tables_of_measurements_know_their_run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    runs = tracking.runs(uri_of(folder), "basins")
    table = tracking.measurements(runs, uri_of(folder))
    assert list(table) == ["start1", "minimum", "steps", "cost", "run_id"]
    assert table["run_id"].tolist() == np.repeat(runs["run_id"], 5).tolist()
    shares = table.assign(reached=table["minimum"] == 0).groupby("run_id")["reached"].mean()
    assert shares[runs["run_id"]].tolist() == runs["fraction_global"].tolist()


def test_an_experiment_without_measurements_has_no_tables(walks):
    uri, runs = walks
    name, run_id = runs[["run_name", "run_id"]].iloc[0]
    with pytest.raises(TrackingError) as error:
        tracking.measurements(runs, uri)
    assert str(error.value).startswith(f"run {name!r} ({run_id}) has no measurement.parquet: ")


@pytest.mark.parametrize(
    "content",
    [
        None,
        lambda old: b"",
        lambda old: b"no archive",
        lambda old: old[: len(old) // 2],
        lambda old: old[:90] + old[91:],
    ],
    ids=["missing", "empty", "another file", "half of it", "a byte less"],
)
def test_a_missing_or_damaged_theta_is_said_with_its_run(walks, damage, content):
    uri, runs = walks
    damage(2, "theta.npz", content)
    name, run_id = runs[["run_name", "run_id"]].iloc[2]
    with pytest.raises(TrackingError) as error:
        tracking.thetas(runs, uri)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"run {name!r} ({run_id}) has no theta.npz: ") and not line.endswith(": ")
    assert uri not in line  # it is not the store's fault
    assert len(tracking.thetas(runs.iloc[:2], uri)) == 2


@pytest.mark.parametrize(
    "content",
    [None, lambda old: b"", lambda old: b"a: [1", lambda old: b"\xff"],
    ids=["missing", "empty", "open", "bytes"],
)
def test_a_missing_or_damaged_configuration_is_said_with_its_run(walks, damage, content):
    uri, runs = walks
    damage(1, "config.yaml", content)
    name, run_id = runs[["run_name", "run_id"]].iloc[1]
    with pytest.raises(TrackingError) as error:
        tracking.configurations(runs, uri)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"run {name!r} ({run_id}) has no config.yaml: ")


def test_attached_files_take_the_place_of_older_ones(walks, tmp_path):
    uri, runs = walks
    parent = runs["parent"].iloc[0]
    figure, table = tmp_path / "figure.png", tmp_path / "table.csv"
    for text in ("old", "new"):
        figure.write_text(text)
        table.write_text(text)
        tracking.attach(uri, parent, [figure, table])
    run = MlflowClient(uri).get_run(parent)
    kept = tracking.places.local(uri, run.info.artifact_uri, "figures")
    assert {path.name: path.read_text() for path in kept.iterdir()} == {"figure.png": "new", "table.csv": "new"}


def test_attaching_to_no_run_is_said_in_one_line(walks, tmp_path):
    uri, _ = walks
    file = tmp_path / "figure.png"
    file.touch()
    with pytest.raises(TrackingError) as error:
        tracking.attach(uri, "nobody", [file])
    assert "nobody" in str(error.value) and len(str(error.value).splitlines()) == 1
