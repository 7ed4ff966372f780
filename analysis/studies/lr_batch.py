"""A phase diagram: regime and final cost by learning rate and batch size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.answers import rates
from analysis.chapters import RULES
from analysis.columns import BATCH_SIZE, RATE
from analysis.draw.phases import phases
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats import averages
from analysis.stats.cells import WHOLE_SET, cells
from analysis.stats.regimes import CONVERGING
from analysis.study import Study

TITLE = "Regime and final cost by learning rate and batch size"
SEEN = {
    "steps": "equal numbers of steps: the larger the batches, the more examples a run has seen",
    "epochs": "equal numbers of examples: the larger the batches, the fewer steps a run has taken",
}
HEADS = {
    "budget": "budget",
    "label": "batch size",
    RATE: "learning rate η",
    "n": "runs",
    "regime": "regime",
    "agree": "in all runs",
    "iqm": "final cost",
    "low": "low",
    "high": "high",
}


def analyze(runs: pd.DataFrame, _: pd.DataFrame) -> StudyResult:
    """A phase diagram for each budget, and their table."""
    sized = runs.fillna({BATCH_SIZE: np.inf}) if BATCH_SIZE in runs else runs  # without one it is the whole set
    frames.require(sized, (BATCH_SIZE,), "experiment 'lr_batch'")
    groups = by_budget(runs)
    tables = {budget: cells(group).assign(budget=budget) for budget, group in groups.items()}
    table = pd.concat(tables.values(), ignore_index=True)
    return StudyResult(
        answer=rates.batch(tables),
        findings=[text for budget, rows in tables.items() for text in findings(rows, budget)],
        figures=[figure(group, tables[budget], budget) for budget, group in groups.items()],
        tables=[
            Table(
                name="lr_batch_cells",
                title=TITLE,
                frame=table[list(HEADS)].rename(columns=HEADS),
                caption=words.sentences(
                    "a row is a pair; its regime is that of most runs, on a tie the worse",
                    f"final cost: the {averages.AVERAGE}; low and high: its {averages.bounds_name(table['n'])}",
                    describe.regimes(runs),
                ),
            )
        ],
    )


def by_budget(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The runs of each budget, by its words: equal steps come before equal epochs."""
    limits = runs.reindex(columns=["stop.max_steps", "stop.max_epochs"]).astype(float)
    groups = [group for _, group in runs.groupby([limits[name] for name in limits], dropna=False)]
    return {describe.setup(group).get("budget", ""): group for group in groups}


def figure(runs: pd.DataFrame, table: pd.DataFrame, budget: str) -> Figure:
    """The phase diagram of one budget."""
    unit = budget.rpartition(" ")[2]
    return Figure(
        name="lr_batch" if unit == "steps" else f"lr_batch_{unit}",
        title=f"{TITLE}, {budget}",
        plot=phases(runs, table),
        caption=caption(runs, table, unit),
        data=runs[[RATE, BATCH_SIZE, "seed", "regime", "final_cost"]].sort_values([BATCH_SIZE, RATE, "seed"]),
    )


def findings(table: pd.DataFrame, budget: str) -> list[str]:
    """The best learning rates over all batch sizes, then for each the best, and the largest that converges."""
    best_rates = table.loc[table.groupby("size")["iqm"].idxmin()]
    lead = "; ".join(f"η = {words.rate(row[RATE])} with {_batch(row['label'])}" for _, row in best_rates.iterrows())
    texts = [f"the learning rates with the lowest final cost after {budget}: {lead}"]
    for _, rows in table.groupby("size"):
        batch = _batch(rows["label"].iloc[0])
        best = rows.loc[rows["iqm"].idxmin()]
        rates = rows.loc[rows["regime"] == CONVERGING, RATE]
        limit = f"converging up to η = {words.rate(rates.max())}" if len(rates) else "never converging"
        texts.append(f"{batch}: lowest final cost {best['iqm']:.3g} at η = {words.rate(best[RATE])}; {limit}")
    return [words.sentences(text) for text in texts]


def _batch(label: str) -> str:
    return describe.WHOLE_SET if label == WHOLE_SET else f"batches of {label}"


def caption(runs: pd.DataFrame, table: pd.DataFrame, unit: str) -> str:
    """The caption of the figure."""
    return words.sentences(
        "regime and final cost for each pair of learning rate η and batch size",
        SEEN.get(unit, ""),
        describe.counts(runs, [BATCH_SIZE]),
        "left: the regime of most runs of a pair, on a tie the worse"
        + ("; a dot where its runs differ" if not table["agree"].all() else ""),
        f"right: {averages.AVERAGE} of the final {describe.cost_name(runs)}, on a log scale",
        *describe.common_parts(runs),
        captions.pooled(runs, [BATCH_SIZE]),
    )


STUDY = Study(
    title="Which learning rates suit which batch size?",
    chapter=RULES,
    order=10,
    minutes=12,
    analyze=analyze,
    small=("problem.batch_size=1,16,256", "seed=range(1)"),
)
