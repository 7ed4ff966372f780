"""Runs written in bulk: the same rows as by MLflow's client, whatever was there before."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import sqlalchemy as sa
from mlflow.exceptions import MlflowException

from gdlab.tracking import names, outbox, records
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.direct import DirectBackend
from gdlab.tracking.backends.service import ServiceBackend
from gdlab.tracking.records import RunCard, RunRecord

DATASET = {"name": "digits", "digest": "0123456789" * 5, "train_examples": 1437}
OWN = {"run_uuid", "artifact_uri", "dataset_uuid", "input_uuid", "source_id", "destination_id", "experiment_id"}
NOW = records.milliseconds()
BACKENDS = (ServiceBackend, DirectBackend)


def record(number: int, **changes) -> RunRecord:
    """A finished run with everything that a run can have."""
    rng = np.random.default_rng(number)
    points = [(f"metric{k % 3}", float(value), 1000 + k // 3, k // 3) for k, value in enumerate(rng.normal(size=40))]
    card = RunCard(
        name=f"learning_rate={number} ünïcode",
        config={},
        params={"seed": number, "note": "it's", "long": "x" * 7000, "none": None},
        key=f"key{number}",
        dataset=DATASET if number % 2 else None,
        tags={"own": "a 'quoted' tag"},
    )
    begun = records.begun(card, records.new_id(), 1000)
    ended = replace(begun, status="FINISHED", end_time=NOW, metrics=[*points, points[-1]], unique=True)
    return replace(ended, tags={**ended.tags, names.OUTCOME: "budget"}, **changes)


def rows(path):
    """Every row of every table, ids by the order of runs' names; the dates of MLflow's own rows left out."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        content = {name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")] for name in tables}
    runs = {run["run_uuid"]: run["name"] for run in content["runs"]}
    named = {**runs, **{row["dataset_uuid"]: row["digest"] for row in content["datasets"]}}
    named |= {row["input_uuid"]: named[row["destination_id"]] for row in content["inputs"]}
    for table in content.values():
        for row in table:
            for column in OWN & row.keys():
                value = row[column]
                row[column] = named.get(value, value) if column != "artifact_uri" else named[value.split("/")[-2]]
            row.pop("creation_time", None), row.pop("last_update_time", None), row.pop("artifact_location", None)
    return {name: sorted(map(json.dumps, table)) for name, table in content.items()}


class Place:
    """A store of its own, a backend that writes to it, and an outbox."""

    def __init__(self, folder, kind):
        self.path = folder / "mlflow.db"
        self.backend = kind(
            Target(uri=f"sqlite:///{self.path}", experiment="x", tags={"mlflow.note.content": "A question?"})
        )
        self.box = outbox.Outbox(outbox.destination("sqlite:///mlflow.db", "x"))

    def write(self, *found):
        """What becomes of these records, written as one entry."""
        folder = self.box.begin()
        self.box.add(folder, found)
        return self.backend.write(self.box.entries()[-1], self.box)

    def statuses(self):
        with closing(sqlite3.connect(self.path)) as database:
            return dict(database.execute("SELECT name, status FROM runs WHERE lifecycle_stage = 'active'"))


@pytest.fixture
def new_place(here, monkeypatch, empty_store):
    """Makes places."""
    numbers = count()

    def make(kind):
        folder = here / str(next(numbers))
        folder.mkdir()
        shutil.copy(empty_store, folder)
        monkeypatch.chdir(folder)
        return Place(folder, kind)

    return make


@pytest.mark.parametrize("batches", [[range(4)], [range(2), range(2, 4)], [range(4), range(4)]])
def test_every_row_of_every_table_is_as_the_client_writes_it(new_place, batches):
    everything = [record(number) for number in range(4)]
    written = []
    for kind in BACKENDS:
        place = new_place(kind)
        for batch in batches:
            assert not place.write(*(everything[number] for number in batch)).superseded
        written.append(rows(place.path))
    for table in written[0]:
        assert written[1][table] == written[0][table], table
    assert len(written[0]["runs"]) == 4 and len(written[0]["metrics"]) == 4 * 40


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_run_that_is_continued_has_the_rows_of_one_that_is_written_at_once(new_place, kind):
    whole = record(1)
    begun = replace(whole, status="RUNNING", end_time=None, metrics=(), unique=False)
    half = replace(begun, params={}, dataset=None, metrics=whole.metrics[:20])
    end = replace(whole, params={}, dataset=None, metrics=whole.metrics[20:])
    written = []
    for found in ([whole], [begun, half, half, end, end]):
        place = new_place(kind)
        for part in found:
            place.write(part)
        written.append(rows(place.path))
    assert written[0] == written[1]


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_unique_run_is_superseded_by_one_that_has_finished_with_its_key(new_place, kind):
    place = new_place(kind)
    first, second = record(1), record(1, name="second")
    failed = record(2, name="failed", status="FAILED")
    place.write(first, failed)
    answer = place.write(second, record(2))
    assert list(answer.superseded) == [second.run_id]
    found = answer.superseded[second.run_id]
    assert found.outcome == "budget" and found.metrics == {name: point[1] for name, point in first.latest.items()}
    assert place.statuses() == {first.name: "FINISHED", "failed": "FAILED", record(2).name: "FINISHED"}
    again = record(1, name="again", unique=False)
    assert not place.write(again).superseded
    assert place.statuses()["again"] == "FINISHED"


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_sweep_can_be_opened_again_and_its_failure_kept(new_place, kind):
    place = new_place(kind)
    card = RunCard(name="sweep", config={}, params={"axis": "1,2"}, key="", kind=names.SWEEP)
    begun = records.begun(card, records.new_id(), 1)
    for status in ("FINISHED", "FAILED"):
        place.write(begun)
        assert place.statuses() == {"sweep": "RUNNING"}
        place.write(records.ended(begun, status, "a note"))
        assert place.statuses() == {"sweep": status}
    place.write(replace(records.ended(begun, "FINISHED"), keeps_failure=True))
    assert place.statuses() == {"sweep": "FAILED"}


def test_a_deleted_run_stays_deleted(new_place):
    place = new_place(DirectBackend)
    run = record(1)
    place.write(replace(run, status="RUNNING", end_time=None))
    place.backend.store.delete_run(run.run_id)
    place.write(run)
    assert place.statuses() == {}


def test_all_runs_of_an_entry_are_written_or_none(new_place):
    place = new_place(DirectBackend)
    impossible = record(2, status="NO SUCH STATUS")
    with pytest.raises(sa.exc.IntegrityError):
        place.write(record(1), impossible)
    assert place.statuses() == {}


def test_runs_are_not_written_to_an_experiment_that_is_deleted(new_place):
    place = new_place(DirectBackend)
    place.backend.store.delete_experiment(place.backend.experiment_id)
    with pytest.raises(MlflowException, match="deleted"):
        place.write(record(1))


def test_a_schema_that_was_not_tested_is_not_written_in_bulk(new_place):
    place = new_place(DirectBackend)
    assert place.backend.store.is_supported
    with place.backend.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'another'"))
    assert not place.backend.store.is_supported
