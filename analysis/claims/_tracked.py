"""The evidence of claims, read from MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property

import pandas as pd

from analysis import frames, networks
from analysis.claims._matching import select
from analysis.claims.claim import SWEEP, Claim, NotRunError
from analysis.stats.minima import Minima
from gdlab import tracking
from gdlab.results import MEASURED


class Archive:
    """The experiments of one tracking store, each read once."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.runs = cache(self._runs)
        self.steps = cache(self._steps)

    def _runs(self, experiment: str) -> pd.DataFrame:
        """All finished runs of an experiment, measurements among them.

        Raises
        ------
        NotRunError
            If there is no such experiment.

        """
        if not tracking.experiment_id(self.uri, experiment):
            raise NotRunError(experiment)
        return tracking.runs(self.uri, experiment)

    def _steps(self, experiment: str) -> pd.DataFrame:
        """The recorded steps of an experiment's descents, with the params and the regime of each."""
        runs = self.runs(experiment)
        _, steps = frames.joined(runs[runs["outcome"] != MEASURED], self.uri, experiment)
        return steps


class TrackedEvidence:
    """The `Evidence` of one claim, each frame loaded when a check first asks for it."""

    def __init__(self, archive: Archive, claim: Claim) -> None:
        self.archive, self.claim = archive, claim

    @cached_property
    def runs(self) -> pd.DataFrame:
        """All runs of the claim's studies, or for each job of its own the newest run.

        Raises
        ------
        NotRunError
            If a study or a job has not been run.

        """
        if self.claim.studies:
            return pd.concat([self.archive.runs(name) for name in self.claim.studies], ignore_index=True)
        tracked = self.archive.runs(SWEEP)
        try:
            return select(tracked, self.claim.runs)
        except LookupError:
            raise NotRunError(SWEEP) from None

    @cached_property
    def steps(self) -> pd.DataFrame:
        chosen = self.runs["run_id"]  # raises if the runs are missing, before any steps are read
        steps = pd.concat([self.archive.steps(name) for name in self.claim.studies or (SWEEP,)], ignore_index=True)
        return steps[steps["run_id"].isin(chosen)]

    @cached_property
    def tables(self) -> pd.DataFrame:
        return tracking.measurements(self.runs[self.runs["outcome"] == MEASURED], self.archive.uri)

    @cached_property
    def networks(self) -> Sequence[Minima]:
        descents = (self.runs["problem.name"] == "network") & (self.runs["outcome"] != MEASURED)
        return networks.grouped(self.runs[descents], self.archive.uri)
