"""Writing a sweep: its results as they are delivered, and in the end what summarizes them."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gdlab import tracking
from gdlab.arrays import Point
from gdlab.problems.network import Network
from gdlab.results import Result
from gdlab.sweeps import cards, cells, configuration
from gdlab.sweeps.plan import Plan
from gdlab.sweeps.summary import ALL_RUNS, FAILED, REUSED, TRAINED, JobResult, counts, note, ranked, table
from gdlab.sweeps.training import Delivery, Failure
from gdlab.tracking import Finished, RunCard, RunRecord, Store, TrackingError
from gdlab.tracking.settings import ALL_MODELS, NO_MODEL

RETRY_SECONDS = 1.0  # between tries to write to a full disk
CELL = "gdlab.cell"  # the tag that a cell and its runs share


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep: the name that identifies it, the command that launches it, and the results of its previous rounds.

    With `resume`, a run that another sweep finishes meanwhile is not stored twice.
    """

    name: str
    command: str = ""
    earlier: Sequence[JobResult] = ()
    resume: bool = True


class Writer:
    """A writer of delivered results to the outbox, under the sweep's parent run.

    What the outbox cannot take, since the disk is full, stays in memory and is tried again.
    """

    def __init__(self, planned: Plan, store: Store, sweep: Sweep) -> None:
        self.plan, self.store, self.sweep = planned, store, sweep
        self.configs = [job.config for job in planned.jobs]
        self.axes = cards.axes(self.configs)
        self.cells = cells.cells(self.configs)
        self.labels = {place: self._label(cell) for cell in self.cells for place in cell.places}
        self.parent = self._parent()
        store.show([name for name in self.axes if name not in cells.SEEDS])
        self.results: list[JobResult] = []
        self.unwritten: list[tuple[JobResult, Result | Failure, Mapping[str, str]]] = []
        self.trouble = ""
        self.best: list[JobResult] = []  # of those written here, at most one
        self.best_thetas: Mapping[str, np.ndarray] = {}

    def __enter__(self) -> Writer:
        with self.store.entry() as draft:
            draft.add(self.parent)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        patience = self.store.settings.patience if kind is None else tracking.LAST_SECONDS
        try:
            self._write_all(patience)
            self.store.deliver(0.0 if self.unwritten else patience)
        except BaseException:
            patience = tracking.LAST_SECONDS
            raise
        finally:
            with suppress(OSError), self.store.entry() as draft:
                for record in self._cell_records():
                    draft.add(record)
                draft.add(self._ended(kind), {ALL_RUNS: table(self._all_results)}, self._best_model())
            self.store.deliver(0.0 if self.store.is_stuck else patience)
        if self.unwritten and kind is None:
            raise TrackingError(
                f"{len(self.unwritten)} runs could not be kept in {tracking.outbox_folder()}/ ({self.trouble}): "
                "mend that, and launch again"
            )

    def delivered(self, delivery: Delivery) -> list[JobResult]:
        """Write a stack's results."""
        fresh = [
            (self._result(place, outcome), outcome, delivery.machine)
            for place, outcome in zip(delivery.places, delivery.outcomes, strict=True)
        ]
        self.unwritten += fresh
        self._write()
        return [result for result, *_ in fresh]

    def _write(self) -> bool:
        """Put what is not written yet into the outbox; False if it cannot take it."""
        try:
            with self.store.entry() as draft:
                for result, outcome, machine in self.unwritten:
                    card = self._card(result.place, machine)
                    if isinstance(outcome, Failure):
                        draft.failed(result.run_id, card, outcome.message, outcome.traceback)
                    else:
                        draft.finished(result.run_id, card, outcome, self.sweep.resume, self._network(result.place))
        except OSError as error:
            if not self.trouble:
                self.store.notice(f"{tracking.outbox_folder()}/: {error.strerror}; results are kept in memory")
            self.trouble = error.strerror or str(error)
            return False
        for result, outcome, _ in self.unwritten:
            self.results.append(result)
            if not isinstance(outcome, Failure) and ranked([result, *self.best])[0] is result:
                self.best, self.best_thetas = [result], outcome.thetas
        self.unwritten, self.trouble = [], ""
        return True

    def _write_all(self, patience: float) -> None:
        """Try to write the rest until the time is over."""
        end = time.monotonic() + patience
        while self.unwritten and not self._write() and time.monotonic() < end:
            time.sleep(RETRY_SECONDS)

    def _result(self, place: int, outcome: Result | Failure) -> JobResult:
        known = JobResult(place=place, name=self.plan.jobs[place].name, how=FAILED, run_id=tracking.new_id())
        if isinstance(outcome, Failure):
            return replace(known, failure=outcome)
        return replace(known, how=TRAINED, outcome=outcome.outcome, final=outcome.final)

    def _card(self, place: int, machine: Mapping[str, str]) -> RunCard:
        tags = {**self.store.settings.tags, **machine, **({CELL: self.labels[place]} if place in self.labels else {})}
        return replace(cards.card(self.plan.jobs[place], self.plan.keys[place], tags), parent=self.parent.run_id)

    def _network(self, place: int) -> Network | None:
        """The network of a job whose run is logged with a model of its own."""
        every = self.store.settings.log_model == ALL_MODELS
        problem = configuration.problem(self.configs[place]) if every else None
        return problem if isinstance(problem, Network) else None

    def _best_model(self) -> tuple[Network, Point] | None:
        """The network and the weights of the sweep's best run, if it was trained here."""
        if self.store.settings.log_model == NO_MODEL or not self.best or "end" not in self.best_thetas:
            return None
        (best,) = self.best
        problem = configuration.problem(self.configs[best.place])
        if not isinstance(problem, Network) or ranked(self._all_results)[0].run_id != self.store.stored_id(best.run_id):
            return None
        return problem, self.best_thetas["end"]

    def _label(self, cell: cells.Cell) -> str:
        return cards.cell_label(cell.config, self.axes) or f"{len(cell.places)} runs"

    @cached_property
    def _all_results(self) -> list[JobResult]:
        """The results of all rounds, as they are stored."""
        reuse = [reused(self.plan, place, finished) for place, finished in self.plan.reused.items()]
        return [*self.sweep.earlier, *reuse, *(corrected(self.store, result) for result in self.results)]

    def _parent(self) -> RunRecord:
        """The parent run's record as it begins."""
        params = cards.sweep_params(self.configs)
        title = f"{self.store.target.experiment}: {cards.sweep_title(self.configs)}"
        jobs = len(self.sweep.earlier) + len(self.plan.jobs)
        return self.store.sweep(self.sweep.name, title, params, jobs, self.sweep.command)

    def _ended(self, kind: type[BaseException] | None) -> RunRecord:
        """The parent run's record at its end: counts and the best values as metrics, the rest as a note."""
        results = self._all_results
        status = tracking.FAILED if any(result.failure for result in results) else tracking.FINISHED
        if kind is not None:
            status = tracking.FAILED if issubclass(kind, Exception) else tracking.KILLED
        own = self.store.settings.note
        text = note(results, len(self.sweep.earlier) + len(self.plan.jobs), self.sweep.command)
        return tracking.ended(self.parent, status, f"{own}\n\n{text}" if own else text, metrics=sweep_metrics(results))

    def _cell_records(self) -> list[RunRecord]:
        """The records of the cells whose runs have results."""
        by_place = {result.place: result for result in self._all_results[len(self.sweep.earlier) :]}
        found = []
        for cell in self.cells:
            results = [by_place[place] for place in cell.places if place in by_place and not by_place[place].failure]
            if len(results) > 1:
                found.append(self._cell_record(cell, results))
        return found

    def _cell_record(self, cell: cells.Cell, results: Sequence[JobResult]) -> RunRecord:
        label = self._label(cell)
        outcomes = Counter(result.outcome for result in results)
        flat = configuration.flat(cell.config)
        own = " ".join(f"{cards.label(key)}={flat[key]}" for key in self.axes if key in flat)
        card = RunCard(
            name=f"{own} ({len(results)} runs)" if own else f"{len(results)} runs",
            config={},
            params=flat,
            key="",
            kind=tracking.CELL,
            parent=self.parent.run_id,
            tags={
                **self.store.settings.tags,
                CELL: label,
                tracking.OUTCOME: ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()),
            },
        )
        identity = f"{self.parent.run_id} {configuration.canonical_text(cell.config)}"
        begun = tracking.begun(card, tracking.fixed_id(identity), tracking.milliseconds())
        return tracking.ended(begun, tracking.FINISHED, cells.note(results), metrics=cells.metrics(results))


def sweep_metrics(results: Sequence[JobResult]) -> dict[str, float]:
    """The metrics of a sweep's parent run: how many jobs ended how, and the best values."""
    outcomes = Counter(result.outcome for result in results if result.outcome)
    best = ranked(results)[:1]
    summary = {**{how: float(count) for how, count in counts(results).items()}, "runs": float(len(results))}
    summary |= {f"outcome.{name}": float(count) for name, count in outcomes.items()}
    if best and math.isfinite(best[0].final_cost):
        summary["best_final_cost"] = best[0].final_cost
    accuracies = [result.final["final_accuracy"] for result in results if "final_accuracy" in result.final]
    return {**summary, **({"best_final_accuracy": max(accuracies)} if accuracies else {})}


def corrected(store: Store, result: JobResult) -> JobResult:
    """A result with the id that the store has given to its run; REUSED if another sweep's run came first."""
    if first := store.superseded(result.run_id):
        return replace(
            result, how=REUSED, run_id=first.run_id, outcome=first.outcome, final=first.metrics, failure=None
        )
    return replace(result, run_id=store.stored_id(result.run_id))


def reused(planned: Plan, place: int, finished: Finished) -> JobResult:
    """The result of a job whose run has finished before."""
    return JobResult(
        place=place,
        name=planned.jobs[place].name,
        how=REUSED,
        run_id=finished.run_id,
        outcome=finished.outcome,
        final=finished.metrics,
    )
