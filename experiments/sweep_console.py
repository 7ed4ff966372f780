"""A sweep on the terminal."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import console
from engines import Workers
from hydra.core.hydra_config import HydraConfig

from gdlab.sweeps.plan import Plan
from gdlab.sweeps.summary import JobResult

PLANS_AHEAD = ("grid", "basic")  # sweepers that do not choose jobs by the results of others


class RunError(Exception):
    """A run of a sweep has no result; the message says why."""


class SweepConsole:
    """Shows a sweep on the terminal, and passes what happens to its jobs on to Hydra's launcher."""

    def __init__(
        self,
        begin: Callable[[Sequence[int]], None],
        end: Callable[[int, Any], None],
        dry_run: bool,
        workers: Workers,
    ) -> None:
        self.began, self.end, self.dry_run, self.workers = begin, end, dry_run, workers
        self.unsent = 0

    def planned(self, planned: Plan, closed: int) -> None:
        """Print what will be reused, or, in a dry run, the whole plan; end the workers that the plan has no use for."""
        self.workers.keep(min(planned.workers, len(planned.stacks)))
        if closed:
            print(f"{console.counted(closed, 'run')} left open by a killed process: marked KILLED")
        if self.dry_run:
            print(console.plan_table(planned))
            sweeper = HydraConfig.get().runtime.choices["hydra/sweeper"]
            if sweeper not in PLANS_AHEAD:
                print(f"this is the first batch; hydra/sweeper={sweeper} chooses the next from its results")
                sys.exit()
            for place in range(len(planned.jobs)):
                self.end(place, math.nan)
            return
        if planned.reused:
            print(
                f"{len(planned.reused)} of {console.counted(len(planned.jobs), 'run')} finished before and are reused; "
                "resume=false trains them again"
            )
        self.bar = console.SweepBar(planned)
        self.workers.on_steps = self.bar.advance

    def notice(self, text: str) -> None:
        """Print a line about the tracking store above the bar."""
        console.notice(text)

    def waiting(self, runs: int) -> None:
        """Note that not all has been sent."""
        self.unsent = runs

    def finished(self, result: JobResult) -> None:
        """Advance the bar."""
        self.bar.add(result)
        self.end(result.place, failure(result) or objective(result.outcome, result.final_cost))

    def close(self) -> None:
        """Clear the bar."""
        if hasattr(self, "bar"):
            self.bar.close()


def objective(outcome: str, final_cost: float) -> float:
    """The number that a sweeper minimizes: a run's final cost, inf if it diverged."""
    return math.inf if outcome == "diverged" else final_cost


def failure(result: JobResult) -> RunError | None:
    """The exception that says why a job has no result, with the traceback as a note; None if it has one."""
    if result.failure is None:
        return None
    error = RunError(result.failure.message)
    error.add_note(result.failure.traceback)
    return error
