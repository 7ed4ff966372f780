"""Learning rate against batch size: which pairs learn, and how well."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis import averages, axes, curves, study, style, words
from analysis.study import RATE, Drawn, Made, Table

BATCH = "problem.batch_size"
WHOLE = "whole set"
HEADS = {  # of the table's columns
    "label": "batch size",
    RATE: "learning rate η",
    "n": "runs",
    "regime": "regime",
    "agree": "all of it",
    "iqm": "final cost",
    "low": "low",
    "high": "high",
}


def diagram(runs: pd.DataFrame, _: pd.DataFrame) -> Made:
    """The phase diagram and its table."""
    study.checked(runs.fillna({BATCH: np.inf}) if BATCH in runs else runs, (BATCH,), "these runs")
    table = cells(runs)
    return Made(
        findings=findings(table),
        drawn=[
            Drawn(
                name="lr_batch",
                title="Regime and final cost by learning rate and batch size",
                figure=picture(runs, table),
                caption=caption(runs, table),
                data=runs[[RATE, BATCH, "seed", "regime", "final_cost"]].sort_values([BATCH, RATE, "seed"]),
            )
        ],
        tables=[
            Table(
                name="lr_batch_cells",
                title="Regime and final cost by learning rate and batch size",
                frame=table[list(HEADS)].rename(columns=HEADS),
                caption=words.sentences(
                    f"a row is a pair; regime: that of most of its runs, the worse on a tie; {curves.AVERAGE} of the "
                    f"final cost and its {averages.INTERVAL}",
                    words.regimes(runs),
                ),
            )
        ],
    )


def cells(runs: pd.DataFrame) -> pd.DataFrame:
    """For each pair of batch size and learning rate: the regime of most runs and the average final cost."""
    sized = runs.assign(size=runs[BATCH].fillna(np.inf))
    table = averages.summarized(sized, ["size", RATE], "final_cost")
    order = list(style.REGIMES)

    def most(regimes: pd.Series) -> str:
        counts = regimes.value_counts()
        return max(counts.index[counts == counts.max()], key=order.index)

    regime = sized.groupby(["size", RATE])["regime"].agg(most).rename("regime")
    agree = sized.groupby(["size", RATE])["regime"].nunique().eq(1).rename("agree")
    table = table.join(regime, on=["size", RATE]).join(agree, on=["size", RATE])
    return table.assign(label=[WHOLE if np.isinf(size) else words.number(size) for size in table["size"]])


@style.theme()
def picture(runs: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Two maps over the same pairs: the regime, and the final cost."""
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    rates, sizes = sorted(table[RATE].unique()), sorted(table["size"].unique())
    names = list(style.REGIMES)
    cost = np.full((len(sizes), len(rates)), np.nan)
    for row in table.rename(columns={RATE: "rate"}).itertuples():
        i, j = sizes.index(row.size), rates.index(row.rate)
        cost[i, j] = row.iqm
        mark = style.REGIMES[row.regime]
        left.add_patch(_square(j, i, mark.color))
        if not row.agree:
            left.plot(j, i, marker="o", ms=2.5, color=style.INK)
    finite = cost[np.isfinite(cost)]
    low, high = (finite.min(), min(finite.max(), 1e3 * finite.min())) if finite.size else (0.1, 1.0)
    colors = style.scale_colors().reversed().with_extremes(bad="#dddddd", over=style.REGIMES[names[-1]].color)
    image = right.imshow(
        np.ma.masked_invalid(np.where(np.isinf(cost), 1e300, cost)),
        norm=LogNorm(low, max(high, low * 1.01)),
        cmap=colors,
        aspect="auto",
        origin="lower",
    )
    labels = dict(zip(table["size"], table["label"], strict=True))
    for ax in (left, right):
        _name_axes(ax, rates)
    left.set(xlim=(-0.5, len(rates) - 0.5), ylim=(-0.5, len(sizes) - 0.5), ylabel="batch size")
    left.set_yticks(range(len(sizes)), [labels[size] for size in sizes])
    left.set_title("regime", loc="left")
    right.set_title(f"final {curves.cost_name(runs)}", loc="left")
    bar = figure.colorbar(image, ax=right, extend="max" if finite.size < cost.size else "neither")
    axes.plain_ticks(bar.ax.yaxis)
    there = [name for name in names if (table["regime"] == name).any()]
    figure.legend(
        handles=[Patch(color=style.REGIMES[name].color, label=name) for name in there],
        loc="outside upper left",
        ncols=len(there),
        title=words.size(runs, [BATCH]),
        alignment="left",
    )
    return figure


def _square(x: int, y: int, color: str) -> Patch:
    return Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.6)


def _name_axes(ax: Axes, rates: list[float]) -> None:
    shown = range(0, len(rates), max(1, len(rates) // 6))
    ax.set_xticks(list(shown), [f"{float(f'{rates[i]:.2g}'):g}" for i in shown])
    ax.set_xlabel("learning rate η")
    ax.tick_params(length=0)


def findings(table: pd.DataFrame) -> list[str]:
    """The best learning rate for each batch size, and the largest that still converges."""
    told = []
    for _, rows in table.groupby("size"):
        label = rows["label"].iloc[0]
        batch = "the whole set" if label == WHOLE else f"batches of {label}"
        best = rows.loc[rows["iqm"].idxmin()]
        learning = rows.loc[rows["regime"] == "converging", RATE]
        largest = f", converging up to η = {learning.max():g}" if len(learning) else ", at no rate converging"
        told.append(words.sentences(f"{batch}: lowest final cost {best['iqm']:.3g} at η = {best[RATE]:g}{largest}"))
    return told


def caption(runs: pd.DataFrame, table: pd.DataFrame) -> str:
    return words.sentences(
        "Learning rate η against batch size",
        words.size(runs, [BATCH]),
        "left: the regime of most runs of a pair, the worse on a tie"
        + ("; a dot where its runs differ" if not table["agree"].all() else ""),
        f"right: {curves.AVERAGE} of the final training cost, on a log scale",
        *curves.shared_caption(runs, [BATCH])[1:],
    )
