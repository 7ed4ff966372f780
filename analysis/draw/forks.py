"""Children that part at a step: barriers and disagreement against the step, with unrelated runs beside."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.draw import axes, style
from analysis.stats.forks import ALIGNED, RAW, SIBLINGS, THRESHOLD
from analysis.stats.students import mean_within

LABELS = {
    "cost barrier": "barrier of the training cost",
    "error barrier": "barrier of the test error (points)",
    "disagreement": "test examples predicted\ndifferently (%)",
}
BESIDE = {RAW: "unrelated", ALIGNED: "aligned"}
LINEAR = {"cost barrier": 0.001, "error barrier": 0.1}  # up to there the axis is linear, above logarithmic
HEADROOM = 2.0  # above the highest point of a logarithmic axis
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@style.theme()
def forks(table: pd.DataFrame) -> Figure:
    """A panel for each measure, a line for each width: the mean over pairs with its interval."""
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    panels = figure.subplots(1, len(LABELS))
    steps = sorted(table["step"].dropna().unique())
    places = [*BESIDE, *steps]
    names = [*BESIDE.values(), *(f"{step:,.0f}" for step in steps)]
    for ax, (measure, label) in zip(panels, LABELS.items(), strict=True):
        widths = list(table.groupby("width", sort=False))
        for i, (width, rows) in enumerate(widths):
            shift = 0.5 * (i - (len(widths) - 1) / 2) / len(widths)
            _draw_width(ax, rows, measure, places, shift, i, str(width))
        ax.axvline(len(BESIDE) - 0.5, color=style.FAINT, linewidth=0.6)
        ax.set_xticks(range(len(places)), names, rotation=60, ha="right", rotation_mode="anchor")
        ax.set(ylabel=label, xlabel="step k at which children part")
        if measure in LINEAR:
            ax.set_yscale("symlog", linthresh=LINEAR[measure], linscale=0.5)
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_ylim(0, ax.dataLim.y1 * (HEADROOM if measure in LINEAR else 1.05))
    error = panels[list(LABELS).index("error barrier")]
    error.axhline(THRESHOLD, color=style.FAINT, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), title="hidden layers")
    return figure


def _draw_width(
    ax: Axes, rows: pd.DataFrame, measure: str, places: list[object], shift: float, number: int, label: str
) -> None:
    """The line of one width over the steps, and its unrelated runs."""
    color, marker = style.CHOICES[number % len(style.CHOICES)], MARKERS[number % len(MARKERS)]
    siblings = rows[rows["pair"] == SIBLINGS]
    found = {step: group[measure].to_numpy(float) for step, group in siblings.groupby("step")}
    beside = {kind: rows.loc[rows["pair"] == kind, measure].to_numpy(float) for kind in BESIDE}
    for values, line in ((beside, "none"), (found, "-")):
        kept = {place: mean_within(numbers) for place, numbers in values.items() if len(numbers)}
        if not kept:
            continue
        x = np.array([places.index(place) for place in kept]) + shift
        mean, low, high = np.transpose(list(kept.values()))
        name = label if values is found else None
        ax.errorbar(
            x,
            mean,
            [mean - low, high - mean],
            color=color,
            marker=marker,
            ms=3,
            linestyle=line,
            linewidth=1,
            elinewidth=0.7,
            capsize=1.2,
            label=name,
        )
