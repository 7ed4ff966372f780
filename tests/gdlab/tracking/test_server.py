"""A server with gdlab's routes, asked as gdlab and others ask it."""

import io
import json
import shutil
import sqlite3
import urllib.error
import urllib.request
import zipfile
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from mlflow import MlflowClient
from servers import server

from gdlab.tracking import names, outbox, records
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.connection import connect
from gdlab.tracking.backends.direct import DirectBackend
from gdlab.tracking.backends.remote import CAPABILITIES, RUNS, RemoteBackend, most_bytes
from gdlab.tracking.backends.service import ServiceBackend
from gdlab.tracking.records import RunCard

MOST_BYTES = 2**20
DATASET = {"name": "digits", "digest": "0123456789" * 5, "train_examples": 1437}
FILES = {"theta.npz": b"\0" * 999, "figures/é.png": b"png"}
TABLES = ("runs", "params", "metrics", "latest_metrics", "tags")
OWN = ("artifact_uri", "experiment_id")  # columns in which two stores differ


@pytest.fixture(scope="module")
def place(tmp_path_factory, empty_store):
    """The folder of a server, and its address."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder)
    with server(folder, MOST_BYTES) as address:
        yield folder, address


@pytest.fixture
def address(place):
    return place[1]


@pytest.fixture
def experiment(request):
    """A name of its own for each test's experiment."""
    return request.node.name


@pytest.fixture
def backend(address, experiment):
    made = connect(Target(uri=address, experiment=experiment))
    yield made
    made.close()


@pytest.fixture
def box(address, experiment, here):
    """An outbox for that experiment."""
    return outbox.Outbox(outbox.destination(address, experiment))


def record(number, files=FILES, **changes):
    """A finished run, with everything that one can have."""
    values = np.random.default_rng(number).normal(size=20)
    card = RunCard(
        name=f"seed={number}", config={}, params={"seed": number, "note": "it's"}, key=f"key{number}", dataset=DATASET
    )
    begun = records.begun(card, records.new_id(), 1000)
    points = [(f"metric{k % 3}", float(value), 1000 + k, k // 3) for k, value in enumerate(values)]
    sizes = {name: len(content) for name, content in files.items()}
    ended = replace(begun, status="FINISHED", end_time=2000, metrics=points, files=sizes, unique=True)
    return replace(ended, tags={**ended.tags, names.OUTCOME: "budget"}, **changes)


def write(backend, box, *found, files=FILES):
    """What becomes of these runs, sent as one entry with the artifacts of those that list some."""
    folder = box.begin()
    for run in found:
        for name in run.files:
            path = folder / run.run_id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
    box.add(folder, found)
    return backend.write(box.entries()[-1], box)


def stored(folder, run_ids):
    """The rows of these runs, without what is a store's own."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.row_factory = sqlite3.Row
        rows = {name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")] for name in TABLES}
    return {
        name: sorted(
            json.dumps({key: value for key, value in row.items() if key not in OWN})
            for row in table
            if row["run_uuid"] in run_ids
        )
        for name, table in rows.items()
    }


def artifacts(folder, run_id):
    """The files that a server keeps for a run, wherever they are."""
    found = [path for path in (folder / "artifacts").rglob("*") if path.is_file() and run_id in path.parts]
    return {str(path).partition("/artifacts/")[2].partition("/artifacts/")[2]: path.read_bytes() for path in found}


def test_a_server_with_the_routes_is_written_to_in_bulk(backend):
    assert isinstance(backend, RemoteBackend) and backend.most_bytes == MOST_BYTES


def test_the_rows_are_those_of_a_database_that_is_written_to_directly(place, backend, box, here):
    found = [record(number) for number in range(3)]
    direct = DirectBackend(Target(uri=f"sqlite:///{here}/mlflow.db", experiment="direct"))
    for way in (backend, direct):
        assert not write(way, box, *found).superseded
    ids = {run.run_id for run in found}
    assert stored(place[0], ids) == stored(here, ids)
    assert len(stored(here, ids)["metrics"]) == 60


def test_mlflow_reads_a_run_and_its_artifacts(address, backend, box, tmp_path):
    run = record(1)
    write(backend, box, run)
    client = MlflowClient(address)
    found = client.get_run(run.run_id)
    assert found.data.params == run.params and found.info.run_name == "seed=1" and found.info.status == "FINISHED"
    assert found.data.metrics == {name: point[1] for name, point in run.latest.items()}
    assert [entry.dataset.name for entry in found.inputs.dataset_inputs] == ["digits"]
    assert {item.path for item in client.list_artifacts(run.run_id)} == {"theta.npz", "figures"}
    downloaded = client.download_artifacts(run.run_id, "figures/é.png", str(tmp_path))
    assert Path(downloaded).read_bytes() == b"png"


def test_a_parcel_that_is_sent_again_changes_nothing(place, backend, box):
    run = record(1)
    answer = write(backend, box, run)
    before = stored(place[0], {run.run_id})
    assert write(backend, box, run) == answer
    assert stored(place[0], {run.run_id}) == before and len(before["runs"]) == 1
    assert artifacts(place[0], run.run_id) == FILES


def test_of_two_runs_with_a_key_the_first_counts(place, backend, box):
    first, second = record(1), record(1)
    write(backend, box, first)
    answer = write(backend, box, second)
    assert answer.superseded == {second.run_id: first.finished}
    assert not stored(place[0], {second.run_id})["runs"]
    assert artifacts(place[0], first.run_id) == FILES and not artifacts(place[0], second.run_id)


def test_a_run_that_is_logged_in_parts_is_one_run(place, backend, box):
    whole = record(1)
    begun = replace(whole, status="RUNNING", end_time=None, metrics=whole.metrics[:9], files={}, unique=False)
    end = replace(whole, params={}, dataset=None, metrics=whole.metrics[9:])
    write(backend, box, begun)
    assert box.ids == {whole.run_id: whole.run_id}
    write(backend, box, end)
    rows = stored(place[0], {whole.run_id})
    assert len(rows["runs"]) == 1 and '"FINISHED"' in rows["runs"][0] and len(rows["metrics"]) == 20


def test_what_was_begun_by_mlflows_own_calls_is_ended_by_them(place, backend, box):
    whole = record(1)
    write(backend.plain, box, replace(whole, status="RUNNING", end_time=None, files={}, unique=False))
    (chosen,) = box.ids.values()
    assert chosen != whole.run_id
    write(backend, box, whole)
    assert not stored(place[0], {whole.run_id})["runs"]
    assert '"FINISHED"' in stored(place[0], {chosen})["runs"][0]
    assert artifacts(place[0], chosen) == FILES


@pytest.mark.parametrize("files", [{"large.bin": b"\1" * MOST_BYTES}, {"a:b": b"c"}], ids=["large", "special"])
def test_artifacts_that_no_parcel_holds_are_uploaded(place, backend, box, files):
    run = record(1, files)
    write(backend, box, run, files=files)
    assert artifacts(place[0], run.run_id) == files
    assert len(stored(place[0], {run.run_id})["runs"]) == 1


def asked(address, path, body=b"", **headers):
    """The status and the text of an answer to a POST."""
    request = urllib.request.Request(address + path, body, {name: str(value) for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return error.code, json.loads(text)["message"] if text.startswith("{") else text


def parcel(*found, files=()):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("records.json", records.to_json(found))
        for name, content in dict(files).items():
            archive.writestr(name, content)
    return target.getvalue()


def test_what_is_no_parcel_is_refused(address, backend):
    where = f"{RUNS}?experiment_id={backend.experiment_id}"
    run = record(1)
    assert asked(address, where, b"x") == (400, "not a whole zip archive: File is not a zip file")
    outside = {"../theta.npz": b""}
    assert asked(address, where, parcel(run, files=outside)) == (400, "'../theta.npz' is not the name of an artifact")
    lost = f"run {run.run_id}: theta.npz is not here, or not whole"
    assert asked(address, where, parcel(run)) == (400, lost)
    too_large = parcel(record(1, {}), files={f"{run.run_id}/a": b"x" * MOST_BYTES})
    assert asked(address, where, too_large) == (413, "a parcel may have 1048576 bytes")


def test_an_experiment_that_cannot_be_written_is_named(address, experiment, backend):
    body = parcel(record(1, {}))
    assert asked(address, f"{RUNS}?experiment_id=77777", body) == (404, "No Experiment with id=77777 exists")
    assert asked(address, RUNS, body) == (400, "experiment_id must be a whole number, got ''")
    elsewhere = "the experiment's artifacts are not kept by this server"
    assert asked(address, f"{RUNS}?experiment_id=0", body) == (501, elsewhere)
    MlflowClient(address).delete_experiment(backend.experiment_id)
    status, message = asked(address, f"{RUNS}?experiment_id={backend.experiment_id}", body)
    assert status == 400 and "must be in the 'active' state" in message


def test_strangers_are_refused_as_mlflow_refuses_them(address):
    assert asked(address, RUNS, Host="example.com") == (
        403,
        "Invalid Host header - possible DNS rebinding attack detected",
    )
    assert asked(address, RUNS, Origin="http://example.com") == (403, "Cross-origin request blocked")


class Other(BaseHTTPRequestHandler):
    """A server without the routes, or one that means something else by them."""

    answers = (404, b"Not Found")

    def do_GET(self):
        status, body = self.answers
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    "answers",
    [
        (404, b"Not Found"),
        (401, b"You are not authenticated"),
        (200, b"<html>"),
        (200, b'{"bulk": true, "protocol": 999, "most_bytes": 1}'),
        (200, b'{"bulk": false, "protocol": 1, "most_bytes": 1}'),
    ],
)
def test_a_server_without_the_routes_is_written_to_by_mlflows_calls(answers):
    with HTTPServer(("127.0.0.1", 0), type("Answering", (Other,), {"answers": answers})) as other:
        thread = Thread(target=other.handle_request)
        thread.start()
        assert most_bytes(f"http://127.0.0.1:{other.server_port}") == 0
        thread.join()


def test_mlflow_serves_what_it_serves_without_the_routes(address):
    with urllib.request.urlopen(f"{address}/version", timeout=60) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}{CAPABILITIES}", timeout=60) as answer:
        assert json.load(answer)["bulk"] is True
    assert isinstance(ServiceBackend(Target(uri=address, experiment="plain")).experiment_id, str)
