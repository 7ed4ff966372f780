"""Tables and notes of a sweep's results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gdlab.results import MEASURED
from gdlab.sweeps.training import Failure

REUSED, TRAINED, FAILED = "reused", "trained", "failed"
ALL_RUNS = "runs.md"
MOST_ROWS, MOST_FAILURES = 20, 10  # of the table in a note


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """The result of a job: `how` is REUSED, TRAINED or FAILED."""

    place: int
    name: str
    how: str
    run_id: str = ""
    outcome: str = ""
    final: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def final_cost(self) -> float:
        """The final cost; NaN where it is not finite, which MLflow does not store."""
        return self.final.get("final_cost", math.nan)


def table(results: Sequence[JobResult]) -> str:
    """Results as a Markdown table, the best first."""
    head, *rows = cells(ranked(results))
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def cells(results: Sequence[JobResult]) -> list[list[str]]:
    """A table of results as text: the header, then a row for each."""
    measured = dict.fromkeys(name for result in results if result.outcome == MEASURED for name in result.final)
    rows = [
        [
            result.name,
            result.failure.message if result.failure else result.outcome,
            f"{result.final['steps']:.0f}" if "steps" in result.final else "",
            "" if result.failure or result.outcome == MEASURED else f"{result.final_cost:.6g}",
            f"{result.final['final_accuracy']:.2%}" if "final_accuracy" in result.final else "",
            *(f"{result.final[name]:.4g}" if name in result.final else "" for name in measured),
        ]
        for result in results
    ]
    heads = ["run", "outcome", "steps", "final cost", "test accuracy", *measured]
    kept = [i for i, head in enumerate(heads) if head in ("run", "outcome") or any(row[i] for row in rows)]
    return [[row[i] for i in kept] for row in [heads, *rows]]


def ranked(results: Sequence[JobResult]) -> list[JobResult]:
    """Results by rising final cost, then falling accuracy; failures last."""

    def rank(result: JobResult) -> tuple[bool, float, float]:
        cost = result.final_cost
        return bool(result.failure), math.inf if math.isnan(cost) else cost, -result.final.get("final_accuracy", 0.0)

    return sorted(results, key=rank)


def counts(results: Sequence[JobResult]) -> dict[str, int]:
    """The numbers of reused, trained and failed jobs."""
    return {how: sum(result.how == how for result in results) for how in (REUSED, TRAINED, FAILED)}


def note(results: Sequence[JobResult], jobs: int, command: str = "") -> str:
    """The note of a sweep's parent run: counts, the best run, the command, a table of the best runs and of failures."""
    best = ranked(results)
    counted = ", ".join(f"{count} {how}" for how, count in counts(results).items() if count)
    lines = [f"{jobs} jobs: {counted or 'none done'}."]
    if best and not best[0].failure:
        lines += ["", f"Lowest final cost: {best[0].name}."]
    if command:
        lines += ["", "```sh", command, "```"]
    failed = [result for result in best if result.failure]
    if len(best) > MOST_ROWS:
        best = best[: MOST_ROWS - min(len(failed), MOST_FAILURES)] + failed[:MOST_FAILURES]
    return "\n".join([*lines, "", table(best), f"All of them: `{ALL_RUNS}` among the artifacts."])
