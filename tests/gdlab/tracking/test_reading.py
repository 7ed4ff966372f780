"""The artifacts of runs: whole ones are read as they were written, damaged ones are refused in one line."""

import io
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from cases import config
from damage import damaged, rewrite

from gdlab import tracking
from gdlab.descent.trajectory import Trajectory
from gdlab.measure.measurements.measurement import MeasurementResult
from gdlab.tracking import TrackingError
from gdlab.tracking.artifacts import write_artifacts

CONFIG = config("problem=bowl")
STEPS = {
    "step": [0, 1, 2, 5],
    "epoch": [0.0, 0.1, 0.2, 0.5],
    "cost": [25.0, 225.0, np.inf, np.nan],
    "w1": [5.0, -15.0, 1e300, -np.inf],
}
TABLE = {"name": ["chance level", "perfect"], "cost": [0.9, 0.0], "minimum": np.array([0, 1])}
READERS = {
    "trajectory.parquet": tracking.trajectories,
    "measurement.parquet": tracking.measurements,
    "theta.npz": tracking.thetas,
    "config.yaml": tracking.configurations,
}
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{name}'] * 10)}]\n" for name, after in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{after}: &{after} {{<<: [{', '.join([f'*{name}'] * 10)}]}}\n"
    for name, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a run of two parameters that keeps its path, and of a measurement, by their names."""
    folder = tmp_path_factory.mktemp("whole")
    path = [np.array(point) for point in zip(STEPS["w1"], STEPS["epoch"], strict=True)]
    trajectory = Trajectory(start=path[0], end=path[-1], columns=STEPS, milliseconds=[0, 1, 2, 3], path=path)
    write_artifacts(folder, CONFIG, trajectory)
    write_artifacts(folder, CONFIG, MeasurementResult(final={}, columns=TABLE))
    return {name: (folder / name).read_bytes() for name in READERS}


@pytest.fixture
def read(tmp_path):
    """Read an artifact of a run after its content has been written."""

    def written(name, content):
        rewrite(tmp_path / name, content)
        run = pd.DataFrame({"run_id": ["1f"], "run_name": ["a run"], "artifacts": [str(tmp_path)]})
        return READERS[name](run, "sqlite:///mlflow.db")

    return written


def as_bytes(content):
    """What was read, in a form in which one NaN is another's equal."""
    if isinstance(content, pd.DataFrame):
        return [(name, str(column.dtype), column.to_numpy().tolist().__repr__()) for name, column in content.items()]
    return {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in content[0].items()}


def refused(read, name, content):
    """The reason for which a damaged artifact is refused."""
    with pytest.raises(TrackingError) as error:
        read(name, content)
    return reason(name, error.value)


def reason(name, error):
    """The reason in a message, which must be one line that names the run and the file."""
    (line,) = str(error).splitlines()
    begin = f"run 'a run' (1f) has no {name}: "
    assert line.startswith(begin) and line != begin
    return line.removeprefix(begin)


def outcomes(read, name, content, count):
    """What is read of so many damaged versions of a file, None for those that are refused."""
    for version in damaged(content, count, seed=5):
        try:
            yield read(name, version)
        except TrackingError as error:
            reason(name, error)
            yield None


def test_whole_files_are_read_as_they_were_written(whole, read):
    expected = pd.DataFrame({**STEPS, "run_id": "1f"})
    pd.testing.assert_frame_equal(read("trajectory.parquet", whole["trajectory.parquet"]), expected, check_exact=True)
    expected = pd.DataFrame({**TABLE, "run_id": "1f"})
    pd.testing.assert_frame_equal(read("measurement.parquet", whole["measurement.parquet"]), expected)
    (theta,) = read("theta.npz", whole["theta.npz"])
    assert list(theta) == ["start", "end", "path"]
    assert theta["start"].tolist() == [5.0, 0.0] and theta["path"][-1].tobytes() == theta["end"].tobytes()
    theta["start"][0] = 1  # it is the reader's own
    assert read("config.yaml", whole["config.yaml"]) == [CONFIG]


@pytest.mark.parametrize("name", ["trajectory.parquet", "measurement.parquet", "theta.npz"])
def test_tables_and_thetas_damaged_at_random_are_read_right_or_refused(whole, read, name):
    right = as_bytes(read(name, whole[name]))
    contents = [content for content in outcomes(read, name, whole[name], 1000) if content is not None]
    assert all(as_bytes(content) == right for content in contents)
    assert 0 < len(contents) < 500


def test_configurations_damaged_at_random_are_mappings_or_refused(whole, read):
    contents = [content for content in outcomes(read, "config.yaml", whole["config.yaml"], 1000) if content is not None]
    assert all(isinstance(configuration, dict) for (configuration,) in contents)
    assert 0 < len(contents) < 900


def parquet(**columns):
    """A table in as few bytes as the format allows: a value that repeats is written once."""
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, data_page_size=2**30, max_rows_per_page=2**30, write_page_checksum=True)
    return content.getvalue()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"step": [], "cost": []}, "it has no rows"),
        ({"step": [0, 1]}, "it has no column cost"),
        ({"cost": [1.0]}, "it has no column step"),
        ({"step": [0, 1], "cost": [1.0, None]}, "its column cost has gaps"),
        ({}, "it has no rows"),
        ({"step": np.array([1, 2], "m8[s]"), "cost": [1.0, 2.0]}, "its column step is of type duration[s]"),
    ],
)
def test_a_trajectory_without_its_steps_or_costs_is_refused(read, columns, reason):
    assert refused(read, "trajectory.parquet", parquet(**columns)) == reason


def test_a_table_with_more_rows_than_its_file_can_hold_is_refused(read):
    content = parquet(step=np.zeros(2**20), cost=np.zeros(2**20))
    message = f"it claims {2**20} rows in {len(content)} bytes"
    assert refused(read, "trajectory.parquet", content) == message


def archive(compression=zipfile.ZIP_STORED, **members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as made:
        for name, member in members.items():
            made.writestr(f"{name}.npy", member if isinstance(member, bytes) else array_file(member))
    return content.getvalue()


def array_file(array, shape=None):
    """An array as numpy.save writes it, with another shape in its header if one is given."""
    content = io.BytesIO()
    np.save(content, np.asarray(array), allow_pickle=True)
    if shape is None:
        return content.getvalue()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return header.getvalue() + np.asarray(array).tobytes()


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"start": [1.0]}, "it must hold a start, an end and perhaps a path, got ['start']"),
        (
            {"start": [1.0], "end": [1.0], "other": [1.0]},
            "it must hold a start, an end and perhaps a path, got ['end', 'other', 'start']",
        ),
        ({"start": [1.0, 2.0], "end": [1.0]}, "start is float64[2], but end is float64[1]"),
        ({"start": [1.0], "end": np.float32([1.0])}, "start is float64[1], but end is float32[1]"),
        ({"start": [1, 2], "end": [1, 2]}, "start is int64[2]"),
        ({"start": [[1.0]], "end": [[1.0]]}, "start is float64[1, 1]"),
        ({"start": [1.0], "end": [1.0], "path": [1.0]}, "path is float64[1]"),
        ({"start": [1.0], "end": [1.0], "path": [[1.0, 2.0]]}, "start is float64[1], but path is float64[1, 2]"),
        ({"start": np.array([None]), "end": [1.0]}, "start.npy must hold numbers, got object"),
        ({"start": ["a"], "end": [1.0]}, "start.npy must hold numbers, got <U1"),
        (
            {"start": array_file([1.0], (2**40,)), "end": [1.0]},
            f"start.npy holds less than the {2**43} bytes of float64[{2**40}]",
        ),
        (
            {"start": array_file([1.0], (2**62, 2**62)), "end": [1.0]},
            f"start.npy holds less than the {2**127} bytes of float64[{2**62}, {2**62}]",
        ),
        ({"start": array_file([1.0]) + b"more", "end": [1.0]}, "start.npy holds more than the 8 bytes of float64[1]"),
        ({"start": array_file([1.0])[:-1], "end": [1.0]}, "start.npy holds less than the 8 bytes of float64[1]"),
        ({"start": b"", "end": [1.0]}, "EOF: reading magic string"),
        ({"start": b"no array", "end": [1.0]}, "the magic string is not correct"),
    ],
)
def test_thetas_that_are_not_a_runs_are_refused(read, members, reason):
    assert reason in refused(read, "theta.npz", archive(**members))


def test_packed_thetas_are_read_too(read):
    (theta,) = read("theta.npz", archive(zipfile.ZIP_DEFLATED, start=np.zeros(5), end=np.asfortranarray(np.ones(5))))
    assert theta["end"].tolist() == [1.0] * 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it holds no configuration"),
        ("- 1", "it holds no configuration"),
        ("just words", "it holds no configuration"),
        ("a: 1\n---\nb: 2", "expected a single document in the stream"),
        ("a: !!python/object/apply:os.system ['exit 1']", "could not determine a constructor for the tag"),
        (BOMB, "it holds 100000 values or more"),
        (MERGES, "it holds 100000 values or more"),
        ("a: &a [*a]", "it holds 100000 values or more"),
        ("[" * 200_000, "it is nested more than 50 deep"),
        ("- " * 200_000, "it is nested more than 50 deep"),
        ("a: '" + "x" * 2**20 + "'", "it is larger than 1048576 bytes"),
    ],
    ids=lambda text: text[:12],
)
def test_configurations_that_are_not_a_runs_are_refused(read, text, reason):
    assert refused(read, "config.yaml", text.encode()).startswith(reason)


def test_a_configuration_may_repeat_a_part_of_itself(read):
    shared = [1, 2, 3]
    text = yaml.safe_dump({"problem": {"start": shared}, "optimizer": {"betas": shared}})
    assert "*id001" in text
    assert read("config.yaml", text.encode()) == [{"problem": {"start": [1, 2, 3]}, "optimizer": {"betas": [1, 2, 3]}}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("theta.npz", archive(start=array_file([1.0], (2**27,)), end=[1.0])),
        ("theta.npz", archive(zipfile.ZIP_DEFLATED, start=array_file([1.0]) + bytes(2**26), end=[1.0])),
        ("trajectory.parquet", parquet(step=np.zeros(2**20), cost=np.zeros(2**20))),
        ("config.yaml", BOMB.encode()),
        ("config.yaml", MERGES.encode()),
    ],
    ids=["a large array", "a bomb", "many rows", "aliases", "merges"],
)
def test_a_refused_file_takes_little_memory(read, name, content):
    refused(read, name, content)  # what is imported on the way is not counted
    tracemalloc.start()
    arrow = pa.total_allocated_bytes()
    try:
        refused(read, name, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**21 and pa.total_allocated_bytes() - arrow < 2**20
