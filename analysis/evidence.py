"""The runs that claims are held against: every experiment of a store, read once."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from analysis import minima, study
from analysis.study import RATE
from gdlab import tracking
from gdlab.results import MEASURED

NETWORK = "network"


class NotRunError(Exception):
    """An experiment that was not run; the message is its name."""


class Evidence:
    """The experiments of one store."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.runs = cache(self._runs)
        self.steps = cache(self._steps)
        self.table = cache(self._table)
        self.minima = cache(self._minima)

    def _runs(self, experiment: str) -> pd.DataFrame:
        """All runs and measurements of an experiment.

        Raises
        ------
        NotRunError
            If it was not run.

        """
        if not tracking.experiment_id(self.uri, experiment):
            raise NotRunError(experiment)
        return tracking.runs(self.uri, experiment)

    def _steps(self, experiment: str) -> pd.DataFrame:
        """The recorded steps of an experiment's runs, with the params and the regime of each."""
        runs = self.runs(experiment)
        _, steps = study.joined(runs[runs["outcome"] != MEASURED], self.uri, experiment)
        return steps

    def _table(self, experiment: str, run_id: str) -> pd.DataFrame:
        """What a measurement found."""
        runs = self.runs(experiment)
        return tracking.measurements(runs[runs["run_id"] == run_id], self.uri)

    def _minima(self, experiment: str) -> list[minima.Minima]:
        """The networks of an experiment's runs, those of one shape together."""
        runs = self.runs(experiment)
        networks = (runs["problem.name"] == NETWORK) & (runs["outcome"] != MEASURED)
        return minima.grouped(runs[networks], self.uri)

    def one(self, experiment: str, **params: object) -> pd.Series:
        """The run or measurement of an experiment with these params, dots written as two underscores.

        Raises
        ------
        NotRunError
            If there is none.

        """
        found = self.some(experiment, **params)
        return found.iloc[-1]

    def some(self, experiment: str, **params: object) -> pd.DataFrame:
        """All runs or measurements of an experiment with these params; raises as `one` does."""
        found = self.runs(experiment)
        for name, value in params.items():
            column = name.replace("__", ".")
            if column not in found:
                raise NotRunError(experiment)
            found = found[found[column].isna() if value is None else found[column] == value]
        if found.empty:
            raise NotRunError(experiment)
        return found

    def walk(self, experiment: str, run: pd.Series) -> pd.DataFrame:
        """The recorded steps of one run."""
        steps = self.steps(experiment)
        return steps[steps["run_id"] == run["run_id"]].sort_values("step")


def rate_of(run: pd.Series) -> float:
    return float(run[RATE])


def same(values: pd.Series, expected: list[float], decimals: int) -> bool:
    """Whether values are the expected ones to so many decimals."""
    return len(values) >= len(expected) and bool(
        np.allclose(values.iloc[: len(expected)], expected, rtol=0, atol=0.5 * 10**-decimals + 1e-12)
    )
