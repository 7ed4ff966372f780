"""The outbox: what is to be sent, kept in files until it is stored."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from messages import exactly

from gdlab.tracking import outbox, records
from gdlab.tracking.outbox import Destination, Outbox
from gdlab.tracking.records import RunCard
from gdlab.tracking.uris import TrackingError

DESTINATION = Destination(uri="sqlite:///mlflow.db", experiment="x")
BESIDE = """
import sys
from gdlab.tracking.outbox import Destination, Outbox
box = Outbox(Destination(uri="sqlite:///mlflow.db", experiment="x"))
box.add(box.begin(), [])
print(box.folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def record(number=0, status="FINISHED", **texts):
    card = RunCard(name=f"run {number}", config={}, params={"a": 1.5}, key=f"key{number}")
    begun = records.begun(card, records.fixed_id(str(number)), 1)
    made = records.ended(begun, status, metrics={"final_cost": 0.1 + number})
    tags = {**made.tags, "gdlab.outcome": "budget"}
    return records.dataclasses.replace(made, tags=tags, files={name: len(text) for name, text in texts.items()})


def add(box, *found, **texts):
    """An entry with these records, and the texts as the first one's artifacts."""
    folder = box.begin()
    if texts:
        (folder / found[0].run_id).mkdir()
    for name, text in texts.items():
        (folder / found[0].run_id / name).write_text(text)
    box.add(folder, found)


def test_records_are_read_back_as_they_were():
    box = Outbox(DESTINATION)
    found = [record(0), record(1, status="FAILED")]
    add(box, *found)
    (entry,) = box.entries()
    assert [vars(one) for one in entry.records] == [
        {**vars(one), "metrics": [tuple(point) for point in one.metrics]} for one in found
    ]
    whole = record(0, note="0.1")
    assert records.from_json(records.to_json([whole])) == [whole]


def test_entries_come_in_their_order_and_incomplete_ones_do_not_count():
    box = Outbox(DESTINATION)
    for number in range(12):
        add(box, record(number))
    box.begin()
    assert [entry.records[0].name for entry in box.entries()] == [f"run {number}" for number in range(12)]
    assert box.waiting == 12
    box.entries()[0].remove()
    assert box.entries()[0].records[0].name == "run 1" and box.waiting == 11


def test_an_outbox_without_entries_leaves_no_folder(tmp_path):
    box = Outbox(DESTINATION)
    add(box, record())
    box.entries()[0].remove()
    box.close()
    assert list(tmp_path.iterdir()) == []
    kept = Outbox(DESTINATION)
    add(kept, record())
    kept.close()
    assert [entry.records[0].name for entry in Outbox.adopted(DESTINATION, kept.folder).entries()] == ["run 0"]


def test_an_artifact_that_is_not_whole_is_never_sent():
    box = Outbox(DESTINATION)
    add(box, record(note="hello"), note="hell")
    (entry,) = box.entries()
    (found,) = entry.records
    message = f"{entry.folder / found.run_id / 'note'} is damaged: remove {entry.folder} and launch again"
    with pytest.raises(TrackingError, match=exactly(message)):
        entry.artifacts(found)


def test_a_run_without_artifacts_has_no_folder():
    box = Outbox(DESTINATION)
    add(box, record())
    (entry,) = box.entries()
    assert entry.artifacts(entry.records[0]) is None


def test_runs_that_wait_are_counted_without_their_sweep():
    box = Outbox(DESTINATION)
    sweep = records.begun(RunCard(name="sweep", config={}, params={}, key="", kind="sweep"), records.new_id(), 1)
    add(box, sweep)
    assert box.waiting == 1
    add(box, record(0), record(1))
    add(box, records.ended(sweep, "FINISHED"))
    assert box.waiting == 2


def test_what_another_process_sends_is_left_to_it_until_it_ends():
    with subprocess.Popen(
        [sys.executable, "-c", BESIDE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as one:
        folder = one.stdout.readline().strip()
        assert list(outbox.left(DESTINATION)) == []
        assert Path(folder).is_dir()
        one.kill()
    (left,) = outbox.left(DESTINATION)
    assert str(left.folder) == folder and len(left.entries()) == 1
    assert list(outbox.left(DESTINATION)) == []  # this process has it now
    add(left, record())
    assert [entry.folder.name for entry in left.entries()] == ["000001", "000002"]


def test_runs_that_wait_are_known_by_their_keys_whoever_sends_them():
    box = Outbox(DESTINATION)
    add(box, record(0), record(1, status="FAILED"))
    add(box, record(2))
    found = outbox.waiting(DESTINATION)
    assert {key: one.metrics for key, one in found.items()} == {
        "key0": {"final_cost": 0.1},
        "key2": {"final_cost": 2.1},
    }
    assert outbox.waiting(Destination(uri="sqlite:///mlflow.db", experiment="y")) == {}


def test_destinations_are_those_of_all_that_waits_and_hold_no_password():
    for experiment in ("x", "y"):
        add(Outbox(outbox.destination("postgresql+psycopg://me:secret@host/db", experiment)), record())
    assert outbox.destinations() == [
        Destination(uri="postgresql+psycopg://me:***@host/db", experiment=experiment)
        for experiment in sorted(
            "xy", key=lambda name: outbox.destination("postgresql+psycopg://me:secret@host/db", name).folder
        )
    ]
    content = b"".join(path.read_bytes() for path in outbox.root().rglob("*") if path.is_file())
    assert b"secret" not in content and b"me:***@host" in content


def test_the_ids_of_a_server_are_kept():
    box = Outbox(DESTINATION)
    add(box, record())
    assert box.ids == {}
    box.keep_ids({"a": "b", "c": ""})
    assert box.ids == {"a": "b", "c": ""}
    assert json.loads((box.folder / "ids.json").read_text()) == box.ids


def test_another_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("GDLAB_OUTBOX", str(tmp_path / "elsewhere"))
    add(Outbox(DESTINATION), record())
    assert len(outbox.waiting(DESTINATION)) == 1 and not (tmp_path / "outbox").exists()
