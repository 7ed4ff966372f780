"""What has finished in an experiment, and what has been left unfinished or incomplete."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gdlab.tracking import names
from gdlab.tracking.artifacts import lacking
from gdlab.tracking.finished import FinishedRun, finished_run, newest_by_key
from gdlab.tracking.places import check_place, client, local_folder, plain_errors, search
from gdlab.tracking.provenance import has_ended
from gdlab.tracking.records import Finished
from gdlab.tracking.uris import database_file

NEEDED = (names.KEY, names.OUTCOME, names.FILES, names.PARENT)  # tags
ORPHANED = "Its process was killed."


@dataclass(frozen=True)
class Look:
    """The finished runs by their `gdlab.key`, the newest for each; the ids of finished runs that have lost artifacts;
    and a note for each run that an ended process of this machine has left RUNNING.
    """

    finished: Mapping[str, Finished] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    orphans: Mapping[str, str] = field(default_factory=dict)


def experiment_id(uri: str, experiment: str) -> str | None:
    """MLflow's id of an experiment; None if it or the store does not exist. Creates nothing."""
    if not _exists(uri):
        return None
    from gdlab.tracking import database

    with database.connected(uri) as connection:
        if connection is not None:
            return database.experiment_id(connection, experiment)
    with plain_errors(uri):
        found = client(uri).get_experiment_by_name(experiment)
        return str(found.experiment_id) if found else None


def look_up(uri: str, experiment: str) -> Look:
    """Look at the runs of an experiment; there are none where it or the store does not exist. Creates nothing."""
    if not _exists(uri):
        return Look()
    from gdlab.tracking import database

    with database.connected(uri) as connection:
        if connection is not None:
            number = database.experiment_id(connection, experiment)
            if number is None:
                return Look()
            found = database.finished_runs(connection, number, tags=NEEDED, params=False)
            return _look(found, database.running_runs(connection, number))
    return _look_by_client(uri, experiment)


def _exists(uri: str) -> bool:
    check_place(uri)
    path = database_file(uri)
    return path is None or (path.is_file() and path.stat().st_size > 0)


def _look_by_client(uri: str, experiment: str) -> Look:
    with plain_errors(uri):
        store = client(uri)
        found = store.get_experiment_by_name(experiment)
        if found is None:
            return Look()
        finished, running = [], {}
        rule = "attributes.status != 'FAILED' and attributes.status != 'KILLED'"
        for run in search(store, found.experiment_id, rule):
            tags = run.data.tags
            if run.info.status == names.RUNNING:
                running[run.info.run_id] = tags
            elif tags.get(names.KIND) == names.RUN:
                finished.append(finished_run(run))
        return _look(finished, running)


def _look(found: Sequence[FinishedRun], running: Mapping[str, Mapping[str, str]]) -> Look:
    damaged = {run.run_id for run in found if not _is_whole(run)}
    newest = newest_by_key([run for run in found if run.run_id not in damaged])
    return Look(
        {key: Finished(run.run_id, run.tags[names.OUTCOME], run.metrics) for key, run in newest.items()},
        sorted(damaged),
        {
            run_id: _note(run_id, tags, found)
            for run_id, tags in running.items()
            if names.PROCESS in tags and has_ended(tags[names.PROCESS])
        },
    )


def _note(run_id: str, tags: Mapping[str, str], found: Sequence[FinishedRun]) -> str:
    """What is to be said of a run whose process was killed: of a sweep, how far it had come."""
    if tags.get(names.KIND) != names.SWEEP:
        return ORPHANED
    done = sum(run.tags.get(names.PARENT) == run_id for run in found)
    return f"{ORPHANED} {done} of {tags.get(names.JOBS, 'its')} runs had finished; launch the sweep again for the rest."


def _is_whole(run: FinishedRun) -> bool:
    """True if a run's artifacts have the sizes that its tag states; those on other machines are not looked at."""
    folder = local_folder(run.artifacts)
    return folder is None or not lacking(folder, json.loads(run.tags.get(names.FILES, "{}")))
