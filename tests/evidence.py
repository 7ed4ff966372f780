"""Evidence for claims, made of frames: no store, no runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.claims import Claim
from analysis.stats.minima import Minima
from gdlab.problems.network import Network


@dataclass(frozen=True, kw_only=True)
class Frames:
    """What a check reads of its runs."""

    runs: pd.DataFrame = field(default_factory=pd.DataFrame)
    steps: pd.DataFrame = field(default_factory=pd.DataFrame)
    tables: pd.DataFrame = field(default_factory=pd.DataFrame)
    networks: Sequence[Minima] = ()


class Case(NamedTuple):
    """Evidence on which a claim must have a verdict and a measured sentence, of which one fragment is given."""

    claim: Claim
    verdict: str
    measured: str
    evidence: Frames

    def __str__(self) -> str:
        return f"{self.claim.name}: {self.measured}"

    def check(self) -> None:
        """Assert that the claim's check agrees."""
        found = self.claim.check(self.evidence)
        assert found.verdict == self.verdict
        assert self.measured in found.measured
        assert set(found.runs) <= {*self.evidence.runs.get("run_id", ()), *self.evidence.steps.get("run_id", ())}
        assert found.runs


def runs(*rows: Mapping[str, Any], **shared: Any) -> pd.DataFrame:
    """Runs, a mapping of params and metrics each, with what they share."""
    return pd.DataFrame([{"run_id": f"run {place}", **shared, **row} for place, row in enumerate(rows)])


def descents(*rows: Mapping[str, Any], **shared: Any) -> Frames:
    """Runs and their steps; what is a list in a run's mapping has a value for each step."""
    singles = [{name: value for name, value in row.items() if not isinstance(value, list)} for row in rows]
    frame = runs(*singles, **shared)
    steps = []
    for (_, run), row in zip(frame.iterrows(), rows, strict=True):
        columns = {name: value for name, value in row.items() if isinstance(value, list)}
        steps.append(pd.DataFrame({"step": range(len(next(iter(columns.values())))), **columns}).assign(**run))
    return Frames(runs=frame, steps=pd.concat(steps, ignore_index=True))


def endings(network: Network, thetas: Sequence[np.ndarray], *rows: Mapping[str, Any], **shared: Any) -> Minima:
    """Networks at the ends of their runs."""
    return Minima(network, runs(*rows, **shared), [{"end": theta} for theta in thetas])
