"""Progress bars, tables and summaries of runs and sweeps on the terminal."""

import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

from tqdm import tqdm

from gdlab import tracking
from gdlab.descent.loop import Snapshot
from gdlab.descent.trajectory import line
from gdlab.results import MEASURED, Result
from gdlab.sweeps import key
from gdlab.sweeps.cells import cells as cells_of
from gdlab.sweeps.configuration import Config, build, is_measurement
from gdlab.sweeps.plan import Plan, estimate
from gdlab.sweeps.summary import FAILED, REUSED, TRAINED, JobResult, cells, counts, ranked

MOST_LINES = 20  # of a table on the screen


def summary(name: str, result: Result, steps: int, seconds: float) -> str:
    """A run or a measurement in one line."""
    final = result.final
    if result.outcome == MEASURED:
        metrics = ", ".join(f"{metric} {value:.6g}" for metric, value in final.items())
        return f"{name}: {metrics} ({seconds:.2f} s)"
    parts = [f"{result.outcome} at step {result.steps} of {steps}", f"cost {final['final_cost']:.6g}"]
    if "diverged_at" in final:
        parts[0] = f"diverged at step {final['diverged_at']:.0f}"
    if "final_accuracy" in final:
        parts.append(f"test accuracy {final['final_accuracy']:.2%}")
    return f"{name}: {', '.join(parts)} ({seconds:.2f} s)"


def link(uri: str, page: str) -> str:
    """The command and the address that show a page of the MLflow UI."""
    return f"see it: {tracking.command_and_address(uri, page)}"


def sweep_link(uri: str, experiment: str, configs: Sequence[Config]) -> str:
    """The command and the address that show a sweep's cells in the MLflow UI, or its runs where no seeds repeat; an
    empty text if the store does not answer.
    """
    view = tracking.CELLS_VIEW if cells_of(configs) else tracking.RUNS_VIEW
    try:
        return link(uri, tracking.experiment_page(str(tracking.experiment_id(uri, experiment)), view))
    except tracking.TrackingError:
        return ""


def notice(text: str) -> None:
    """Print a line that concerns the tracking store, above any bar."""
    tqdm.write(f"tracking: {text}", file=sys.stderr)


def unsent(runs: int) -> str:
    """The line about what waits in the outbox, with the command that sends it."""
    return f"{counted(runs, 'run')} waiting in {tracking.outbox_folder()}/; to send: python experiments/sync.py"


def progress(total: int, unit: str) -> "tqdm[Any]":
    """A progress bar, on a terminal only."""
    return tqdm(total=total, unit=unit, leave=False, disable=not sys.stderr.isatty())


def show_snapshot(bar: "tqdm[Any]", snapshot: Snapshot) -> None:
    """Advance a run's bar, with its cost and accuracy where they were measured."""
    bar.update(snapshot.step - bar.n)
    if len(snapshot.rows):
        measured = line(snapshot, 0)
        values = {"cost": measured["cost"]}
        if "test_accuracy" in measured:
            values["accuracy"] = measured["test_accuracy"]
        bar.set_postfix(values)


class SweepBar:
    """Counts the steps of all runs, and shows the runs done, the time left and the best result so far."""

    FORMAT = "{percentage:3.0f}% {bar:10} {n_fmt}/{total_fmt} steps{postfix}, {remaining} left"
    WIDTH = 79  # of a narrow terminal's columns, all but the last
    REDRAW = 0.1  # seconds

    def __init__(self, planned: Plan) -> None:
        self.planned, self.lock = planned, Lock()
        self.budgets = budgets(planned) if sys.stderr.isatty() else {}
        self.runs = self.reported = self.ended = 0
        self.ranked: list[JobResult] = []
        self.total, self.shown = sum(self.budgets.values()), 0.0
        self.bar = tqdm(
            total=self.total,
            leave=False,
            disable=not self.budgets,
            bar_format=self.FORMAT,
            ncols=min(self.WIDTH, shutil.get_terminal_size().columns - 1),
            unit_scale=True,
            postfix=self._counts(),
        )

    def advance(self, steps: int) -> None:
        """Count steps that a worker has trained."""
        with self.lock:
            self.reported += steps
            self._show()

    def add(self, result: JobResult) -> None:
        """Take in a job's result."""
        with self.lock:
            self.ranked = ranked([*self.ranked, result])[:1]
            if result.place not in self.planned.reused:
                self.runs += 1
                self.ended += self.budgets.get(result.place, 0)
            self._show()

    def _counts(self) -> str:
        to_train = len(self.planned.jobs) - len(self.planned.reused)
        best = [f"best {number(result)}" for result in self.ranked if not result.failure]
        return ", ".join([f"{self.runs}/{to_train} runs", *best])

    def _show(self) -> None:
        self.bar.set_postfix_str(self._counts(), refresh=False)
        done = max(self.reported, self.ended)  # more than all, if a worker has died and another has trained its runs
        self.bar.n = min(done, self.total)
        now = time.monotonic()
        if now - self.shown >= self.REDRAW:
            self.bar.refresh()
            self.shown = now

    def close(self) -> None:
        """Clear the bar."""
        self.bar.close()


def budgets(planned: Plan) -> dict[int, int]:
    """The steps that each run to train may take, by its place."""
    steps: dict[str, int] = {}
    found: dict[int, int] = {}
    for places in planned.stacks:
        kind = key.shared(planned.jobs[places[0]].config)
        if kind not in steps:
            steps[kind] = build([planned.jobs[places[0]].config]).steps
        found |= dict.fromkeys(places, steps[kind])
    return found


def number(result: JobResult) -> str:
    """A run's main number."""
    if "final_accuracy" in result.final:
        return f"{result.final['final_accuracy']:.2%}"
    return f"cost {result.final_cost:.4g}"


def sweep_summary(results: Sequence[JobResult], seconds: float) -> str:
    """A table of the best runs, the failed runs, and a line that counts all."""
    best = [result for result in ranked(results) if not result.failure]
    failed = [result for result in results if result.failure]
    lines = columns(cells(best[:MOST_LINES])) if best else []
    if len(best) > MOST_LINES:
        lines.append(f"… and {len(best) - MOST_LINES} more, best first")
    lines += [f"failed: {result.name}: {result.failure.message}" for result in failed[:MOST_LINES] if result.failure]
    if len(failed) > MOST_LINES:
        lines.append(f"… and {len(failed) - MOST_LINES} more failed")
    counted_by = counts(results)
    parts = [f"{counted(len(results), 'run')}: {counted_by[TRAINED]} trained"]
    parts += [f"{counted_by[how]} {how}" for how in (REUSED, FAILED) if counted_by[how]]
    return "\n".join([*lines, f"{', '.join(parts)} ({seconds:.1f} s)"])


def plan_table(planned: Plan) -> str:
    """A table of a sweep's jobs, skipped, invalid or in stacks, and an estimate of the time that it would take."""
    fate = {place: f"stack {number}" for number, stack in enumerate(planned.stacks, 1) for place in stack}
    fate |= dict.fromkeys(planned.reused, "skipped: finished")
    fate |= {place: f"skipped: the same as #{original}" for place, original in planned.duplicates.items()}
    fate |= {place: f"invalid: {failure.message}" for place, failure in planned.invalid.items()}
    rows = [["job", "", "run"], *([f"#{place}", fate[place], job.name] for place, job in enumerate(planned.jobs))]
    sizes = ", ".join(str(len(stack)) for stack in planned.stacks[:MOST_LINES])
    sizes += " …" if len(planned.stacks) > MOST_LINES else ""
    total = f"{counted(len(planned.jobs), 'job')}: {sum(map(len, planned.stacks))} to train"
    if planned.stacks:
        workers = counted(min(planned.workers, len(planned.stacks)), "worker")
        total += f", in {counted(len(planned.stacks), 'stack')} of {sizes} rows, by {workers}"
    if skipped := len(planned.reused) + len(planned.duplicates):
        total += f"; {skipped} to skip"
    if planned.invalid:
        total += f"; {len(planned.invalid)} invalid"
    measurements = sum(is_measurement(planned.jobs[place].config) for stack in planned.stacks for place in stack)
    time = f"estimated time: {duration(estimate(planned))}"
    if measurements:
        time += f", and that of {counted(measurements, 'measurement')}"
    return "\n".join([*columns(rows), total, time])


def counted(count: int, noun: str) -> str:
    """1 stack, 2 stacks."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """A time to two digits or so."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of text in columns."""
    rows = list(rows)
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
