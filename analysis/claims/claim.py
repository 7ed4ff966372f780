"""Claims: their text, the runs they need, and the check that compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

if TYPE_CHECKING:
    import pandas as pd

    from analysis.stats.minima import Minima

RATE = "optimizer.learning_rate"
SWEEP = "lessons"  # the experiment that runs what claims ask for themselves
LIMITED, ABSENT = "holds in part", "not run yet"


class NotRunError(Exception):
    """An experiment lacks runs that a claim needs; the message is its name."""


class Evidence(Protocol):
    """The runs of a claim, and what they recorded, as frames."""

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run: params, metrics and `run_id`, in the order in which the claim names its runs."""

    @property
    def steps(self) -> pd.DataFrame:
        """The recorded steps of the runs that descended, with the params and the regime of each run."""

    @property
    def tables(self) -> pd.DataFrame:
        """The tables of the runs that are measurements."""

    @property
    def networks(self) -> Sequence[Minima]:
        """The networks that the runs ended at, those of one problem together."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A measured sentence, a verdict, and the ids of the runs that they rest on."""

    measured: str
    verdict: str
    runs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of an introduction to gradient descent, and its test.

    Parameters
    ----------
    name
        Identifies the claim, on the page too.
    order
        Sorts the claims on the page.
    text
        The claim as a sentence.
    runs
        Overrides of the runs it needs, one string a case of the sweep: `"problem=parabola seed=range(3)"`.
    studies
        The experiments whose runs it reads, in place of runs of its own; the first is the one it belongs to.
    about
        The study in whose section of the report it stands; by default the first that it reads.
    check
        A pure function from the evidence to the finding; may raise `NotRunError`.

    """

    name: str
    order: int
    text: str
    runs: Sequence[str] = ()
    studies: Sequence[str] = ()
    about: str = ""
    check: Callable[[Evidence], Finding]

    def __post_init__(self) -> None:
        if bool(self.runs) == bool(self.studies):
            raise ValueError(f"claim {self.name} must name either runs of its own or studies")
        if not self.studies and not self.about:
            raise ValueError(f"claim {self.name} must name the study that it is about")

    @property
    def section(self) -> str:
        """The study in whose section it stands."""
        return self.about or self.studies[0]

    @property
    def experiment(self) -> str:
        """The experiment that it belongs to."""
        return self.studies[0] if self.studies else SWEEP


def finding(measured: str, sound: bool, run_ids: Iterable[str], *, limited: bool = False) -> Finding:
    """A finding that holds if `sound`, and then in part if `limited`; run ids may repeat."""
    verdict = FAILS if not sound else LIMITED if limited else HOLDS
    return Finding(measured=measured, verdict=verdict, runs=list(dict.fromkeys(run_ids)))


def judged(measured: str, verdicts: Sequence[str], run_ids: Iterable[str]) -> Finding:
    """A finding on several arms: it holds if every arm does, in part if some do, fails if every arm fails, and is
    not decided otherwise.
    """
    verdict = UNDECIDED
    if HOLDS in verdicts:
        verdict = HOLDS if set(verdicts) == {HOLDS} else LIMITED
    elif set(verdicts) == {FAILS}:
        verdict = FAILS
    return Finding(measured=measured, verdict=verdict, runs=list(dict.fromkeys(run_ids)))


def trajectories(evidence: Evidence) -> list[pd.DataFrame]:
    """The recorded steps of each run, in the order of the runs."""
    steps = evidence.steps.sort_values("step", kind="stable")
    return [steps[steps["run_id"] == run_id] for run_id in evidence.runs["run_id"]]
