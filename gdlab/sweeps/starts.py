"""Looking up starts that configurations take from earlier runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from gdlab import tracking
from gdlab.problems import starts
from gdlab.problems.starts import StoredStart
from gdlab.sweeps.configuration import Config, ConfigurationError
from gdlab.tracking import StoreAwayError, TrackingError


def resolver(uri: str) -> Callable[[Config], Config]:
    """A function that adds to a configuration the digest of the point that its `problem.start` names in a store.

    A configuration without such a start stays as it is. Each point is read once.

    Raises
    ------
    ConfigurationError
        By the function, if there is no such point, or it is not the one of the digest that is stated.

    """

    @cache
    def looked_up(run: str, step: int | None) -> StoredStart:
        try:
            theta, at = tracking.point(uri, run, step)
        except StoreAwayError:
            raise
        except TrackingError as error:
            raise ConfigurationError(f"problem.start: {error}") from None
        try:
            return StoredStart(run, at, starts.kept(theta))
        except OSError as error:
            raise ConfigurationError(
                f"problem.start: the cache cannot be written ({error}): set GDLAB_CACHE to a folder that can be"
            ) from None

    def resolved(config: Config) -> Config:
        section = config["problem"]
        if not isinstance(section, Mapping) or not isinstance(section.get("start"), Mapping):
            return config
        try:
            stated = starts.stored_start(section["start"])
        except ValueError as error:
            raise ConfigurationError(f"problem.{error}") from None
        assert stated is not None
        if stated.digest is not None and starts.place(stated.digest).exists():
            return config
        found = looked_up(stated.run, stated.step)
        if stated.digest not in (None, found.digest):
            raise ConfigurationError(f"problem.start: run {stated.run!r} is at another point than when this was made")
        return {**config, "problem": {**section, "start": found._asdict()}}

    return resolved
