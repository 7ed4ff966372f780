"""The experiment that a backend writes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gdlab.tracking.backends.backend import Target
from gdlab.tracking.uris import TrackingError, redacted

if TYPE_CHECKING:
    from mlflow.entities import Experiment


def experiment_id(
    target: Target,
    find: Callable[[str], Experiment | None],
    create: Callable[[str], str],
    tag: Callable[[str, str, str], None],
) -> str:
    """The id of the target's experiment, created on first use, with its tags. Raises `TrackingError` if it is deleted.

    `find` and `create` are called with its name; `tag` with its id, a key and a value.
    """
    from mlflow.exceptions import MlflowException

    found = find(target.experiment)
    if found is None:
        try:
            return str(create(target.experiment))
        except MlflowException:  # another process has created it
            found = find(target.experiment)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment={target.experiment} is deleted in {redacted(target.uri)}: restore it or name another"
        )
    for key, value in target.tags.items() - found.tags.items():
        tag(found.experiment_id, key, value)
    return str(found.experiment_id)
