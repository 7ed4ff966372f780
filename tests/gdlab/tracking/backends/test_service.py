"""Entries written through MLflow's client, whose calls fail, or act and fail."""

from dataclasses import replace

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from gdlab.tracking import outbox, records
from gdlab.tracking.backends import service
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.service import ServiceBackend
from gdlab.tracking.outbox import Outbox
from gdlab.tracking.records import RunCard

CALLS = ("create_run", "log_batch", "log_inputs", "log_artifact", "set_terminated", "search_runs")
DATASET = {"name": "digits", "digest": "0123456789", "train_examples": 1437}


def record(number):
    card = RunCard(name=f"run {number}", config={}, params={"a": number}, key=f"key{number}", dataset=DATASET)
    ended = records.ended(
        records.begun(card, records.fixed_id(str(number)), 1), "FINISHED", metrics={"cost": number / 3}
    )
    return replace(ended, tags={**ended.tags, "gdlab.outcome": "budget"}, files={"note": 5}, unique=True)


def entry_of(box, found):
    folder = box.begin()
    for one in found:
        (folder / one.run_id).mkdir()
        (folder / one.run_id / "note").write_text("hello")
    box.add(folder, found)
    return box.entries()[-1]


@pytest.fixture
def backend(here, monkeypatch):
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(service, "AT_ONCE", 1)  # so that which calls fail does not depend on time
    return ServiceBackend(Target(uri=f"sqlite:///{here}/mlflow.db", experiment="x"))


@pytest.fixture
def box(here):
    return Outbox(outbox.destination("sqlite:///mlflow.db", "x"))


def runs(backend):
    return MlflowClient(backend.target.uri).search_runs([backend.experiment_id])


def disturb(backend, monkeypatch, acts, share, seed):
    """Let this share of all calls fail with code 500: before they act, or after."""
    rng = np.random.default_rng(seed)

    def disturbed(call):
        def called(*arguments, **options):
            fails = rng.random() < share
            if fails and not acts:
                raise MlflowException("answered 500")
            result = call(*arguments, **options)
            if fails:
                raise MlflowException("the reply was lost")
            return result

        return called

    for name in CALLS:
        monkeypatch.setattr(backend.client, name, disturbed(getattr(backend.client, name)))


@pytest.mark.parametrize("acts", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_runs_are_stored_once_though_a_third_of_the_calls_fail(backend, box, monkeypatch, acts, seed):
    entry = entry_of(box, [record(number) for number in range(6)])
    with monkeypatch.context() as patched:
        disturb(backend, patched, acts, 1 / 3, seed)
        for _ in range(200):
            try:
                answer = backend.write(entry, box)
            except MlflowException:
                continue
            break
    found = runs(backend)
    assert sorted(run.info.run_name for run in found) == [f"run {number}" for number in range(6)]
    assert {run.info.status for run in found} == {"FINISHED"} and not answer.superseded
    assert {answer.ids[run.data.tags["gdlab.record"]] for run in found} == {run.info.run_id for run in found}
    for run in found:
        assert len(run.inputs.dataset_inputs) == 1 and run.data.metrics.keys() == {"cost"}
        assert (backend.client.list_artifacts(run.info.run_id)[0].path) == "note"


def test_an_entry_that_another_process_began_to_send_is_not_doubled(backend, box):
    entry = entry_of(box, [record(0)])
    backend.client.create_run(backend.experiment_id, 1, dict(record(0).tags), "run 0")  # its reply was lost
    box.keep_ids({record(0).run_id: ""})
    answer = backend.write(entry, box)
    (run,) = runs(backend)
    assert run.info.status == "FINISHED" and answer.ids == {record(0).run_id: run.info.run_id}


def test_of_runs_that_finish_at_the_same_moment_one_is_kept(backend, box, monkeypatch):
    """Two sweeps have both looked for finished runs before either finishes one."""
    monkeypatch.setattr(ServiceBackend, "_superseded", lambda self, found: {})
    first = backend.write(entry_of(box, [record(0)]), box)
    twin = replace(record(0), run_id=records.fixed_id("twin"))
    twin = replace(twin, tags={**twin.tags, "gdlab.record": twin.run_id})
    second = backend.write(entry_of(box, [twin]), box)
    (run,) = runs(backend)
    ids = {**first.ids, **second.ids}
    assert run.info.run_id == min(ids.values())
    lost = [record_id for record_id, run_id in second.ids.items() if run_id != run.info.run_id]
    assert list(second.superseded) == [record_id for record_id in lost if record_id == twin.run_id]


def test_what_the_server_refuses_is_not_tried_again(backend, box, monkeypatch):
    calls = []

    def refused(*arguments, **options):
        calls.append(1)
        raise MlflowException.invalid_parameter_value("no such thing")

    monkeypatch.setattr(backend.client, "log_batch", refused)
    with pytest.raises(MlflowException, match="no such thing"):
        backend.write(entry_of(box, [record(0)]), box)
    assert len(calls) == 1
