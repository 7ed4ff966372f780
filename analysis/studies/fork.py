"""Children of one run that part at a step, and when its outcome is decided."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import describe, frames, networks, words
from analysis.answers.sizes import decided as answer
from analysis.chapters import ENDS
from analysis.columns import HIDDEN
from analysis.draw import forks as draw
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.stats import forks, students
from analysis.stats.forks import ALIGNED, FORK, MEASURES, RAW, SIBLINGS, STEP
from analysis.stats.minima import Minima
from analysis.study import Study
from gdlab import tracking

TITLE = "Barriers and disagreement of children that part at step k"


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, list[Minima]]:
    """The runs, their steps, and their networks by architecture; raises as `networks.load` does."""
    runs, steps, groups = networks.load(uri, experiment)
    frames.require(runs, (STEP, FORK), f"experiment {experiment!r} in {tracking.redacted(uri)}")
    return runs, steps, groups


def analyze(runs: pd.DataFrame, steps: pd.DataFrame, groups: Sequence[Minima]) -> StudyResult:
    """Compare the children of each run, and runs that are unrelated, for each width."""
    ordered = sorted(groups, key=lambda group: group.network.parameters)
    table = pd.concat([forks.parted(group) for group in ordered], ignore_index=True)
    if not (table["pair"] == SIBLINGS).any():
        raise StudyError("no run has two children: this study needs runs that differ in seeds.fork alone")
    averaged = averages(table)
    caption = captions(runs, table)
    return StudyResult(
        answer=answer(
            siblings_of(averaged),
            float(table["budget"].max()),
            int(averaged.loc[averaged["pairs are"] == SIBLINGS, "pairs"].min()),
        ),
        findings=[
            finding(rows, table[table["width"] == width])
            for width, rows in averaged.groupby("hidden layers", sort=False)
        ],
        figures=[Figure(name="fork", title=TITLE, plot=draw.forks(table), caption=caption, data=table)],
        tables=[Table(name="fork_barriers", title=TITLE, frame=averaged, caption=caption)],
    )


def averages(table: pd.DataFrame) -> pd.DataFrame:
    """The means of each width and step, with the interval of the error barrier and the verdict on it."""
    rows = []
    for (width, pair, step), group in table.groupby(["width", "pair", "step"], sort=False, dropna=False):
        values = group["error barrier"].to_numpy(float)
        _, low, high = students.mean_within(values)
        verdict = forks.verdict(values) if pair == SIBLINGS else ""
        rows.append([width, pair, step, len(group), *group[list(MEASURES)].mean(), low, high, verdict])
    heads = ["cost barrier", "error barrier (points)", "disagreement (%)", "low", "high", "verdict"]
    found = pd.DataFrame(rows, columns=["hidden layers", "pairs are", "parting step", "pairs", *heads])
    order = {name: place for place, name in enumerate(found["hidden layers"].unique())}
    keys = found.assign(order=found["hidden layers"].map(order)).sort_values(
        ["order", "parting step"], kind="stable", na_position="first"
    )
    return keys.drop(columns="order").reset_index(drop=True)


def siblings_of(averaged: pd.DataFrame) -> dict[str, tuple[list[float], list[str], list[float]]]:
    """The steps at which the children of each width part, the verdicts on them, and their mean disagreement."""
    siblings = averaged[averaged["pairs are"] == SIBLINGS]
    return {
        str(width): tuple(rows[head].tolist() for head in ("parting step", "verdict", "disagreement (%)"))
        for width, rows in siblings.groupby("hidden layers", sort=False)
    }


def finding(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """From which step on the children of one width end in one valley."""
    siblings = rows[rows["pairs are"] == SIBLINGS]
    steps, verdicts = siblings["parting step"].tolist(), siblings["verdict"].tolist()
    first, last = siblings.iloc[0], siblings.iloc[-1]
    text = f"hidden layers {first['hidden layers']}: " + decided(steps, verdicts, float(table["budget"].max()))
    parts = [
        f"children that part at step {first['parting step']:,.0f} have an error barrier of {_barrier(first)} points "
        f"and disagree on {first['disagreement (%)']:.1f}% of the test examples; those that part at step "
        f"{last['parting step']:,.0f}, {_barrier(last)} points and {last['disagreement (%)']:.1f}%"
    ]
    for kind in (RAW, ALIGNED):
        beside = rows[rows["pairs are"] == kind]
        if len(beside):
            row = beside.iloc[0]
            parts.append(f"{kind} runs: {_barrier(row)} points and {row['disagreement (%)']:.1f}%")
    return words.sentences(text, "; ".join(parts))


def _barrier(row: pd.Series) -> str:
    value = words.estimate(row["error barrier (points)"], row["low"], row["high"], ".2f")
    return f"{value} ({students.kind(row['pairs'])})"


def decided(steps: Sequence[float], verdicts: Sequence[str], budget: float) -> str:
    """The answer to the study's title for one width."""
    first, last = forks.stable_from(steps, verdicts), forks.unstable_until(steps, verdicts)
    if first is None:
        return "by which step the valley is decided is not decided: the last verdict is not stable"
    if first == 0:
        return "the start decides the valley: children that part at step 0 are stable, and later ones, too"
    if first == min(steps):
        return f"the valley is decided by step {first:,.0f} of {budget:,.0f}, the first that was tried"
    after = f", and not yet at step {last:,.0f}" if last is not None else ""
    return f"the valley is decided by step {first:,.0f} of {budget:,.0f}{after}"


def captions(runs: pd.DataFrame, table: pd.DataFrame) -> str:
    """The caption of the figure and the table."""
    pairs = table[table["pair"] == SIBLINGS].groupby(["width", "step"]).size()
    beside = table[table["pair"] == RAW].groupby("width").size()
    counts = f"bars over pairs of siblings: {students.kinds(pairs)}"
    if len(beside):
        counts += f"; over unrelated pairs: {students.kinds(beside)}"
    return words.sentences(
        "two children of one run see the same mini-batches up to step k and different ones from there on; mean over "
        "parents",
        counts,
        "barrier: the largest rise on the straight line between two ends above the line that joins their values, at "
        f"{forks.POINTS} points; the axis is linear near 0 and logarithmic above",
        "dashed: 2 points of error, below which Frankle, Dziugaite, Roy and Carbin 2020 call a run stable; verdict: "
        "stable or unstable if the whole interval lies below or above it, not decided with fewer than 8 pairs",
        "left of the line: runs with different starts and orders, as they are and aligned by relabelling hidden units",
        "siblings need no alignment: they have a start in common, so that a unit of one is the same unit of the other",
        describe.counts(runs, [HIDDEN, STEP, FORK]),
        describe.setup_text(runs),
    )


STUDY = Study(
    title="When is the outcome decided?",
    chapter=ENDS,
    order=40,
    minutes=6,
    load=load,
    analyze=analyze,
    small=("problem.hidden=[16,16],[64,64]", "seeds.fork_step=0,100,1000", "seed=range(3)"),
)
