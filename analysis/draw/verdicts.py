"""Intervals of verdicts beside their threshold: a forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.draw import axes, style
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED, Verdict

MARKS = {
    HOLDS: style.Mark(style.CHOICES[0], "o"),
    UNDECIDED: style.Mark(style.FAINT, "D"),
    FAILS: style.Mark(style.CHOICES[1], "X"),
}


@style.theme()
def forest(groups: Mapping[str, Sequence[Verdict]]) -> Figure:
    """A panel for each quantity, a row for each verdict: the estimate, its interval, and the differences by seed."""
    most = max(map(len, groups.values()))
    figure = Figure(figsize=(style.PAGE, 1.25 + 0.3 * most), layout="constrained")
    panels = figure.subplots(1, len(groups), squeeze=False, sharey=True)[0]
    for ax, (quantity, verdicts) in zip(panels, groups.items(), strict=True):
        for place, verdict in enumerate(verdicts):
            draw_verdict(ax, verdict, -place)
        ax.axvline(verdicts[0].threshold, color=style.FAINT, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
        ax.set_xlabel(quantity)
        ax.set_yticks([-place for place in range(len(verdicts))], [verdict.arm for verdict in verdicts])
        ax.set_ylim(0.6 - most, 0.6)
        ax.locator_params(axis="x", nbins=5)
    figure.legend(handles=legend(groups), loc="outside upper center", ncols=len(MARKS) + 1)
    return figure


def draw_verdict(ax: Axes, verdict: Verdict, place: float) -> None:
    """One row; a statistic that is not finite has nothing to draw."""
    observed = np.array([value for value in verdict.observed if np.isfinite(value)])
    ax.scatter(observed, np.full(len(observed), place + 0.18), s=5, color=style.INK, alpha=0.4, linewidth=0)
    mark = MARKS[verdict.verdict]
    if np.isfinite([verdict.low, verdict.high]).all():
        ax.plot([verdict.low, verdict.high], [place, place], color=mark.color, linewidth=2, solid_capstyle="butt")
    if np.isfinite(verdict.value):
        ax.plot(verdict.value, place, color=mark.color, marker=mark.marker, ms=5, linestyle="")


def legend(groups: Mapping[str, Sequence[Verdict]]) -> list[Line2D]:
    """The verdicts that occur, and the dots of single seeds."""
    found = {verdict.verdict for verdicts in groups.values() for verdict in verdicts}
    marks = [(name, mark) for name, mark in MARKS.items() if name in found]
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, ms=5, label=name) for name, mark in marks]
    seed = Line2D([], [], color=style.INK, alpha=0.4, marker="o", ms=2.5, linestyle="", label="one seed")
    return [*handles, seed]
