"""The border of stability: predicted from the curvature at the start, and measured by bisection."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import study, style, words
from analysis.study import RATE, Drawn, Made, StudyError, Table
from gdlab.descent.stopping import DIVERGED

MOMENTUM = "optimizer.momentum"
ONES_OWN = ("seed", "seeds.init", "seeds.batches", RATE)
WIDE = 0.05  # a bracket wider than this was not closed in on


def borders(runs: pd.DataFrame, _: pd.DataFrame) -> Made:
    """The table of borders, and its picture."""
    study.checked(runs, ("start_sharpness",), "these runs")
    table = measured(runs)
    return Made(
        findings=findings(table),
        drawn=[
            Drawn(
                name="lr_border",
                title="Measured border over predicted border",
                figure=picture(table),
                caption=caption(runs, table),
                data=table,
            )
        ],
        tables=[
            Table(
                name="lr_border_table",
                title="Predicted and measured borders of stability",
                frame=table,
                caption=words.sentences(
                    "λ: the largest eigenvalue of the Hessian at the start; predicted: 2(1 + β)/λ, where β is the "
                    "momentum, 0 without; holds: the largest learning rate tried below the first at which a run "
                    "diverged; measured: the geometric mean of the two",
                    "a run has diverged when its cost is more than `rise` times what it was at the start (or times 1), "
                    "within its steps",
                ),
            )
        ],
    )


def measured(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each case: all that runs differ in but the learning rate and the seed.

    Raises
    ------
    StudyError
        If no case has runs on both sides of the border.

    """
    told = ["problem.name", "optimizer.name", MOMENTUM, "stop.diverged_above", "stop.max_steps"]
    names = list(dict.fromkeys([name for name in told if name in runs] + list(words.differences(runs, ONES_OWN))))
    keys = runs[names].apply(lambda run: " ".join(map(str, run)), axis=1)
    rows = []
    for _, case in runs.groupby(keys, sort=False):
        first, rates = case.iloc[0], case.sort_values(RATE)
        over = rates.loc[rates["outcome"] == DIVERGED, RATE]
        if not len(over):
            continue
        under = rates.loc[rates[RATE] < over.iloc[0], RATE]
        if not len(under):
            continue
        momentum = first[MOMENTUM] if MOMENTUM in first and not pd.isna(first[MOMENTUM]) else 0.0
        border = float(np.sqrt(over.iloc[0] * under.iloc[-1]))
        predicted = 2 * (1 + momentum) / case["start_sharpness"].median()
        rows.append(
            {
                "case": name_of(first),
                "β": momentum,
                "rise": first.get("stop.diverged_above"),
                "λ": case["start_sharpness"].median(),
                "predicted": predicted,
                "holds": under.iloc[-1],
                "diverges": over.iloc[0],
                "measured": border,
                "measured / predicted": border / predicted,
                "runs": len(case),
            }
        )
    if not rows:
        raise StudyError(
            "no case of these runs has one that diverged above one that did not: there is no border to show"
        )
    return pd.DataFrame(rows)


def name_of(run: pd.Series) -> str:
    """A case in a few words."""
    name = words.spoken(run["problem.name"])
    condition = run.get("problem.condition")
    if condition is not None and not pd.isna(condition):
        name += f", κ = {words.number(condition)}"
    if not pd.isna(run.get("problem.activation")):
        name += f", {run['problem.activation']} / {run['problem.output']}"
    optimizer = words.spoken(run["optimizer.name"])
    return name if optimizer == "gradient descent" else f"{name}, {optimizer}"


@style.theme()
def picture(table: pd.DataFrame) -> Figure:
    """For each case the bracket found, over the prediction, on a log scale."""
    figure = Figure(figsize=(style.PAGE * 0.8, 0.9 + 0.23 * len(table)), layout="constrained")
    ax = figure.subplots()
    for place, row in enumerate(table.itertuples(index=False)):
        low, high, ratio = row.holds / row.predicted, row.diverges / row.predicted, row[8]
        color = style.CHOICES[0] if abs(ratio - 1) <= 0.01 else style.CHOICES[1]
        ax.plot([low, high], [-place, -place], color=color, linewidth=2.5, solid_capstyle="butt")
        ax.plot(ratio, -place, color=color, marker="o", ms=4)
        ax.annotate(
            f"{ratio:.3f}",
            (1, -place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            annotation_clip=False,
        )
    ax.axvline(1, color=style.FAINT, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
    ax.set_yticks([-i for i in range(len(table))], [label(row) for _, row in table.iterrows()])
    ax.set(xscale="log", xlabel="measured border / predicted border", ylim=(0.6 - len(table), 0.6))
    low, high = table["measured / predicted"].min(), table["measured / predicted"].max()
    ax.set_xlim(min(0.8, 0.8 * low), max(1.25, 1.25 * high))
    ticks = [
        tick for tick in (0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10, 20) if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]
    ]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    return figure


def label(row: pd.Series) -> str:
    beta = f", β = {row['β']:g}" if row["β"] else ""
    return f"{row['case']}{beta}, λ = {row['λ']:.3g}, rise ×{row['rise']:g}"


def findings(table: pd.DataFrame) -> list[str]:
    """How far the measured borders are from the predicted."""
    off = (table["measured / predicted"] - 1).abs()
    close = table[off <= 0.01]
    told = [f"{len(close)} of {len(table)} measured borders lie within 1 % of the prediction"]
    told += [
        f"{row['case']}: predicted {row['predicted']:.3g}, measured {row['measured']:.3g}, "
        f"{row['measured / predicted']:.3g} times as much (rise ×{row['rise']:g})"
        for _, row in table[off > 0.01].iterrows()
    ]
    return [words.sentences(text) for text in told]


def caption(runs: pd.DataFrame, table: pd.DataFrame) -> str:
    wide = table[table["diverges"] / table["holds"] > 1 + WIDE]
    return words.sentences(
        "The learning rate at which runs begin to diverge, over the one that theory gives, 2(1 + β)/λ with λ the "
        "largest eigenvalue of the Hessian at the start and β the momentum",
        f"a row is a case, found by bisection with {words.plural(len(runs), 'run')} in all; the bar reaches from the "
        "largest learning rate that held to the smallest that did not, the dot is their geometric mean, and so is the "
        "number",
        f"wider than {WIDE:.0%}: {len(wide)} of the bars" if len(wide) else "",
        "rise: a run has diverged when its cost is more than so many times what it was at the start",
        words.setting(runs),
    )
