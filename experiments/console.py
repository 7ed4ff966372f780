"""What a person sees of runs and sweeps."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from gdlab.sweeps.configuration import measures
from gdlab.sweeps.launch import FAILED, FOUND, TRAINED, Plan, Result, cells, ranked
from gdlab.descent.trajectory import Measured, Trajectory

MOST_LINES = 20  # of a table on the screen


def summary(name: str, trajectory: Trajectory | Measured, steps: int, seconds: float) -> str:
    """A run or a measurement in one line."""
    final = trajectory.final
    if isinstance(trajectory, Measured):
        told = ", ".join(f"{metric} {value:.6g}" for metric, value in final.items())
        return f"{name}: {told} ({seconds:.2f} s)"
    parts = [f"{trajectory.outcome} at step {trajectory.steps} of {steps}", f"cost {final['final_cost']:.6g}"]
    if trajectory.diverged_at is not None:
        parts[0] = f"diverged at step {trajectory.diverged_at}"
    if "final_accuracy" in final:
        parts.append(f"test accuracy {final['final_accuracy']:.2%}")
    return f"{name}: {', '.join(parts)} ({seconds:.2f} s)"


def see(uri: str, page: str) -> str:
    """How to look at it in the MLflow UI."""
    return f"see it: mlflow ui --backend-store-uri {uri}, http://127.0.0.1:5000{page}"


def progress(total: int, unit: str) -> "tqdm[Any]":
    """A progress bar, on a terminal only."""
    return tqdm(total=total, unit=unit, leave=False, disable=not sys.stderr.isatty())


@contextmanager
def sweep_progress(todo: Plan) -> Iterator["SweepBar"]:
    """A progress bar over the runs that are to be trained."""
    with progress(len(todo.jobs) - len(todo.found), " runs") as bar:
        yield SweepBar(bar, todo)


class SweepBar:
    """Counts the runs done, and shows the best so far."""

    def __init__(self, bar: "tqdm[Any]", todo: Plan) -> None:
        self.bar, self.todo = bar, todo
        self.best: list[Result] = []

    def add(self, result: Result) -> None:
        self.best = ranked([*self.best, result])[:1]
        if result.place not in self.todo.found:
            self.bar.update()
        if self.best and not self.best[0].failure:
            self.bar.set_postfix_str(f"best {headline(self.best[0])}")


def headline(result: Result) -> str:
    """A run's name and its main number."""
    if "final_accuracy" in result.final:
        return f"{result.name}: {result.final['final_accuracy']:.2%}"
    return f"{result.name}: cost {result.final_cost:.4g}"


def sweep_summary(results: Sequence[Result], seconds: float) -> str:
    """A table of the best runs and of those that failed, and what there was in all."""
    best = [result for result in ranked(results) if not result.failure]
    failed = [result for result in results if result.failure]
    lines = columns(cells(best[:MOST_LINES])) if best else []
    if len(best) > MOST_LINES:
        lines.append(f"… and {len(best) - MOST_LINES} more, best first")
    lines += [f"failed: {result.name}: {result.failure.message}" for result in failed if result.failure]
    counts = {how: sum(result.how == how for result in results) for how in (TRAINED, FOUND, FAILED)}
    told = f"{len(results)} runs: {counts[TRAINED]} trained"
    if counts[FOUND]:
        told += f", {counts[FOUND]} found finished"
    if failed:
        told += f", {len(failed)} failed"
    return "\n".join([*lines, f"{told} ({seconds:.1f} s)"])


def plan_table(todo: Plan, seconds: float) -> str:
    """What a sweep would do: its jobs, those that would be skipped, how the others stack, how long it would take."""
    fate = {place: f"stack {number}" for number, part in enumerate(todo.parts, 1) for place in part}
    fate |= dict.fromkeys(todo.found, "skipped: finished")
    fate |= {place: f"skipped: the same as #{twin}" for place, twin in todo.twins.items()}
    fate |= {place: f"impossible: {failure.message}" for place, failure in todo.impossible.items()}
    rows = [["job", "", "run"], *([f"#{place}", fate[place], job.name] for place, job in enumerate(todo.jobs))]
    count = sum(map(len, todo.parts))
    sizes = ", ".join(str(len(part)) for part in todo.parts[:MOST_LINES]) + (
        " …" if len(todo.parts) > MOST_LINES else ""
    )
    told = f"{counted(len(todo.jobs), 'job')}: {count} to train"
    if todo.parts:
        stacks, workers = counted(len(todo.parts), "stack"), counted(min(todo.workers, len(todo.parts)), "worker")
        told += f", in {stacks} of {sizes} rows, by {workers}"
    if skipped := len(todo.found) + len(todo.twins):
        told += f"; {skipped} to skip"
    if todo.impossible:
        told += f"; {len(todo.impossible)} impossible"
    unknown = sum(measures(todo.jobs[place].config) for part in todo.parts for place in part)
    time = f"estimated time: {duration(seconds)}" + (
        f", and that of {counted(unknown, 'measurement')}" if unknown else ""
    )
    return "\n".join([*columns(rows), told, time])


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
