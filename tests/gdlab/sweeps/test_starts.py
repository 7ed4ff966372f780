"""Runs that start where earlier ones were."""

import numpy as np
import pytest
from cases import changed, config
from launches import sweep
from messages import exactly

import gdlab
from gdlab import tracking
from gdlab.problems import starts
from gdlab.sweeps.configuration import ConfigurationError, build
from gdlab.sweeps.key import key, shared
from gdlab.sweeps.plan import Job
from gdlab.sweeps.single import run_tracked
from gdlab.sweeps.starts import resolver
from gdlab.sweeps.summary import FAILED, REUSED, TRAINED

TINY = config(
    "problem/data=digits",
    "problem.hidden=[4]",
    "problem.examples=50",
    "stop.max_epochs=null",
    "stop.max_steps=8",
    "record.points=3",
    "record.spacing=even",
)
WIDE = changed(TINY, problem={"hidden": [5]})


@pytest.fixture
def store(here, monkeypatch):
    """A store with a run that keeps its path, one that does not, and a cache of its own."""
    monkeypatch.setenv("GDLAB_CACHE", str(here / "cache"))
    uri = f"sqlite:///{here}/mlflow.db"
    runs = {"path": changed(TINY, record={"path": True}), "ends": changed(TINY, seeds={"init": 1})}
    results = sweep(uri, "first", runs)
    return uri, {result.name: result.run_id for result in results}


def started(run, step=None, base=TINY, **more):
    return changed(base, problem={"start": {"run": run, "step": step, **more}})


def test_a_run_starts_where_another_was(store):
    uri, runs = store
    (kept,) = gdlab.thetas(gdlab.runs(uri, "first").query("run_name == 'path'"), uri)
    steps = {"start": 0, "middle": 4, "end": None}
    results = sweep(uri, "second", {name: started(runs["path"], step) for name, step in steps.items()})
    assert [result.how for result in results] == [TRAINED] * 3
    found = gdlab.runs(uri, "second").set_index("run_name", drop=False)
    for name, place in {"start": 0, "middle": 1, "end": 2}.items():
        (thetas,) = gdlab.thetas(found.loc[[name]], uri)
        assert (thetas["start"] == kept["path"][place]).all()
    assert found.loc["end", "problem.start.step"] == 8 and found.loc["end", "problem.start.run"] == runs["path"]


def test_the_point_is_part_of_the_key_and_where_it_came_from_is_not(store):
    uri, runs = store
    resolve = resolver(uri)
    last, same, other = (resolve(started(runs["path"], step)) for step in (None, 8, 4))
    assert key(last) == key(same) != key(other)
    assert shared(last) == shared(other) == shared(TINY)
    assert resolve(last) is last and resolve(TINY) is TINY
    (first,) = sweep(uri, "second", {"one": started(runs["path"])})
    again = sweep(uri, "second", {"one": started(runs["path"], 8), "two": started(runs["path"], 4)})
    assert {result.name: result.how for result in again} == {"one": REUSED, "two": TRAINED}
    assert first.run_id in {result.run_id for result in again}


def test_a_single_run_starts_there_too(store):
    uri, runs = store
    tracked = run_tracked(Job(name="one", config=started(runs["ends"])), uri, "single")
    (kept,) = gdlab.thetas(gdlab.runs(uri, "first").query("run_name == 'ends'"), uri)
    assert (tracked.result.thetas["start"] == kept["end"]).all()


def test_one_that_cannot_start_fails_alone(store):
    uri, runs = store
    results = sweep(uri, "mixed", {"right": started(runs["ends"]), "wide": started(runs["ends"], base=WIDE)})
    by_name = {result.name: result for result in results}
    assert by_name["right"].how == TRAINED and by_name["wide"].how == FAILED
    assert by_name["wide"].failure.message == (
        f"problem.start must have the 385 parameters of this problem, and run '{runs['ends']}' has 310"
    )


def test_what_cannot_be_found_is_named(store):
    uri, runs = store
    tracking_text = f"sqlite:///{uri.removeprefix('sqlite:///')}"
    messages = {
        ("0" * 32, None): f"problem.start: there is no run {'0' * 32!r} in {tracking_text}",
        (runs["path"], 5): f"problem.start: run {runs['path']!r} has kept theta at step 0, 4, 8",
        (runs["ends"], 4): f"problem.start: run {runs['ends']!r} has kept theta at step 0, 8; with record.path=true a "
        "run keeps all recorded steps",
    }
    for (run, step), message in messages.items():
        with pytest.raises(ConfigurationError, match=exactly(message)):
            resolver(uri)(started(run, step))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"run": 12}, "problem.start.run must be the id of a run, in quotes if it is all digits, got 12"),
        ({"run": "a", "step": -1}, "problem.start.step must be a whole number of at least 0, got -1"),
        ({"step": 1}, f"problem.start must be {starts.FORM}, got {{'step': 1}}"),
        ({"run": "a", "at": 1}, f"problem.start must be {starts.FORM}, got {{'run': 'a', 'at': 1}}"),
    ],
)
def test_a_start_of_another_form_is_named(start, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        resolver("sqlite:///none.db")(changed(TINY, problem={"start": start}))
    with pytest.raises(ConfigurationError, match=exactly(message)):
        build([changed(TINY, problem={"start": start})])


def test_a_start_that_is_gone_or_another_is_named(store):
    uri, runs = store
    found = resolver(uri)(started(runs["ends"]))
    digest = found["problem"]["start"]["digest"]
    starts.place(digest).unlink()
    with pytest.raises(
        ConfigurationError,
        match=exactly(
            f"problem.start: the point of run {runs['ends']!r} is not in {starts.place('').parent}: launch it again"
        ),
    ):
        build([found])
    assert resolver(uri)(found) == found and starts.place(digest).exists()
    with pytest.raises(
        ConfigurationError,
        match=exactly(f"problem.start: run {runs['ends']!r} is at another point than when this was made"),
    ):
        resolver(uri)(started(runs["ends"], digest="0" * 64))


def test_a_cache_that_cannot_be_written_is_named(store, monkeypatch, tmp_path):
    uri, runs = store
    (tmp_path / "file").touch()
    monkeypatch.setenv("GDLAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        ConfigurationError, match=r"^problem.start: the cache cannot be written \(.*\): set GDLAB_CACHE"
    ):
        resolver(uri)(started(runs["ends"]))


def test_the_client_finds_the_same(store, monkeypatch):
    uri, runs = store
    expected = tracking.point(uri, runs["ends"])
    monkeypatch.setattr(tracking.database, "DATABASES", ())
    theta, step = tracking.point(uri, runs["ends"])
    assert (theta == expected[0]).all() and step == expected[1] == 8
    with pytest.raises(tracking.TrackingError, match="there is no run"):
        tracking.point(uri, "0" * 32)


def test_a_kept_point_is_found_by_its_content(monkeypatch, tmp_path):
    monkeypatch.setenv("GDLAB_CACHE", str(tmp_path))
    one, other = np.arange(3.0), np.arange(3.0, dtype=np.float32)
    assert starts.kept(one) == starts.kept(one.copy()) != starts.kept(other)
    assert (starts.point(starts.StoredStart("run", 1, starts.kept(one)), 3) == one).all()
