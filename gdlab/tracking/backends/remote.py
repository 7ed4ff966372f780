"""Writing entries in bulk to a server that has gdlab's own routes, one request for each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gdlab.tracking import artifacts, names
from gdlab.tracking.backends import parcel
from gdlab.tracking.backends.backend import Answer
from gdlab.tracking.backends.service import ServiceBackend
from gdlab.tracking.outbox import Entry, Outbox
from gdlab.tracking.places import SERVER_SECONDS, client
from gdlab.tracking.records import Finished, RunRecord

PROTOCOL = 1  # of the routes and of the records
CAPABILITIES, RUNS = "/api/2.0/gdlab/capabilities", "/api/2.0/gdlab/runs"
MOST_IN_MEMORY = 8 * 2**20  # bytes of a parcel
SECONDS_PER_MEGABYTE = 2.0  # that a server may take longer for a larger parcel


class RemoteBackend:
    """An experiment on a server that takes parcels of at most so many bytes.

    What has been begun through MLflow's own calls, on a server that did not take parcels then, is ended through them.
    """

    def __init__(self, plain: ServiceBackend, most_bytes: int) -> None:
        self.plain, self.most_bytes = plain, most_bytes
        self.experiment_id = plain.experiment_id

    def write(self, entry: Entry, outbox: Outbox) -> Answer:
        ids = outbox.ids
        if any(server_id != run_id for run_id, server_id in ids.items()):
            return self.plain.write(entry, outbox)
        found = entry.records
        folders = {record.run_id: folder for record in found if (folder := entry.artifacts(record)) is not None}
        open_runs = {r.run_id: r.run_id for r in found if r.status == names.RUNNING or r.kind == names.SWEEP}
        if not open_runs.keys() <= ids.keys():
            outbox.keep_ids(ids | open_runs)  # so that MLflow's own calls would find them
        return Answer(self.send(found, folders))

    def send(self, found: Sequence[RunRecord], folders: Mapping[str, Path]) -> dict[str, Finished]:
        """Store runs with the artifacts in their folders; returns the superseding runs by the ids of the superseded.

        Artifacts that do not fit into a parcel are uploaded before it, one by one.
        """
        sizes = {run_id: sum(artifacts.sizes(folder).values()) for run_id, folder in folders.items()}
        alone = {run_id for run_id, folder in folders.items() if not parcel.can_hold(folder)}
        if sum(sizes.values()) > self.most_bytes // 2:  # the rest is for the records
            alone = set(folders)
        for run_id in alone:
            self._upload(run_id, folders[run_id])
        with tempfile.SpooledTemporaryFile(MOST_IN_MEMORY) as file:
            parcel.pack(file, found, {run_id: folder for run_id, folder in folders.items() if run_id not in alone})
            size = file.tell()
            file.seek(0)
            answer = self._post(file, size)
        return {run_id: Finished(**first) for run_id, first in answer["superseded"].items()}

    def end(self, notes: Mapping[str, str], status: str) -> None:
        self.plain.end(notes, status)

    def close(self) -> None:
        self.plain.close()

    def _upload(self, run_id: str, folder: Path) -> None:
        """Upload a run's artifacts, whatever their size, to where the server looks for them."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        uri = self.plain.target.uri
        location = client(uri).get_experiment(self.experiment_id).artifact_location
        get_artifact_repository(f"{location}/{run_id}/artifacts", tracking_uri=uri).log_artifacts(str(folder))

    def _post(self, file: parcel.File, size: int) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = request(
            self.plain.target.uri,
            "POST",
            f"{RUNS}?experiment_id={self.experiment_id}",
            data=file,
            extra_headers={"Content-Type": "application/zip", "Content-Length": str(size)},
            timeout=float(SERVER_SECONDS) + SECONDS_PER_MEGABYTE * size / 2**20,
        ).json()
        return answer


def most_bytes(uri: str) -> int:
    """The size of the largest parcel that a server takes; 0 if it takes none."""
    answer = request(uri, "GET", CAPABILITIES, refused=(400, 401, 403, 404, 405, 501))
    if answer is None:
        return 0
    try:
        said = answer.json()
        return int(said["most_bytes"]) if said["bulk"] and said["protocol"] == PROTOCOL else 0
    except (ValueError, TypeError, KeyError):  # of another program
        return 0


def request(uri: str, method: str, path: str, refused: Sequence[int] = (), **options: Any) -> Any:
    """A server's answer to one request, with MLflow's credentials; None for these status codes, raises for others."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request, verify_rest_response

    options = {"timeout": float(SERVER_SECONDS), **options}
    answer = http_request(get_default_host_creds(uri), path, method, max_retries=0, raise_on_status=False, **options)
    return None if answer.status_code in refused else verify_rest_response(answer, f"{method} {path}")
