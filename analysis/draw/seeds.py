"""Many seeds of one setting: the distribution of a result, the best of n, shares of the variance, seeds needed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.draw import axes, style
from analysis.stats.estimates import Estimate

BLUE, ORANGE = style.CHOICES[0], style.CHOICES[1]
Values = Float[np.ndarray, " runs"]


@style.theme()
def distribution(values: Values, step: float, best: pd.DataFrame) -> Figure:
    """The distribution of an accuracy in percent, in bins of `step` points, and the expected best of n."""
    figure = Figure(figsize=(style.PAGE, 2.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    edges = np.arange(values.min() - step / 2, values.max() + step, step)
    left.hist(values, edges, density=True, color=BLUE, alpha=0.45, linewidth=0, label=f"{len(values):,} runs")
    mean, deviation = values.mean(), values.std(ddof=1)
    z = np.linspace(-4.5, 4.5, 300)
    density = np.exp(-(z**2) / 2) / (deviation * np.sqrt(2 * np.pi))
    left.plot(mean + deviation * z, density, color=style.INK, linewidth=1, label="normal distribution")
    left.set(xlabel="final test accuracy (%)", ylabel="density (1 / point)", xlim=(edges[0] - step, edges[-1] + step))
    left.legend(loc="upper left")
    right.axhline(mean, color=style.FAINT, linewidth=0.7, linestyle=axes.DASHED, zorder=0)
    axes.name_level(right, float(mean), "mean", style.FAINT)
    right.fill_between(best["n"], best["low"], best["high"], color=BLUE, alpha=0.2, linewidth=0)
    right.plot(best["n"], best["expected best"], color=BLUE, marker="o", ms=3, linewidth=1.2, label="from the sample")
    right.plot(best["n"], best["normal"], color=style.INK, linewidth=1, linestyle=":", label="normal prediction")
    right.set(xscale="log", xlabel="number of runs n", ylabel="expected best of n (%)")
    right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    right.legend(loc="upper left")
    return figure


@style.theme()
def shares_and_needs(shares: Mapping[str, Estimate], needs: pd.DataFrame) -> Figure:
    """The shares of the variance, and the seeds that a comparison needs against the difference it looks for."""
    figure = Figure(figsize=(style.PAGE, 2.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_shares(left, shares)
    for column, color, marker in (("unpaired", BLUE, "o"), ("paired", ORANGE, "s")):
        if column in needs:
            right.plot(needs["difference"], needs[column], color=color, marker=marker, ms=3.5, label=column)
            for _, row in needs.iterrows():
                above = column == "unpaired"
                right.annotate(
                    f"{row[column]:,.0f}",
                    (row["difference"], row[column]),
                    xytext=(4, 4) if above else (-4, -4),
                    textcoords="offset points",
                    ha="left" if above else "right",
                    va="bottom" if above else "top",
                    fontsize=6.5,
                    color=color,
                )
    right.set(xscale="log", yscale="log", xlabel="difference of mean accuracy (points)", ylabel="seeds of each setting")
    right.set_xticks(needs["difference"], [f"{value:g}" for value in needs["difference"]])
    right.xaxis.set_minor_locator(NullLocator())
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    right.margins(x=0.15, y=0.15)
    right.legend(loc="upper right")
    return figure


def draw_shares(ax: Axes, shares: Mapping[str, Estimate]) -> None:
    """The share of each part as a bar with its interval, the first part on top."""
    for place, (value, low, high) in enumerate(shares.values()):
        ax.barh(-place, value, height=0.6, color=BLUE, alpha=0.45, linewidth=0)
        ax.plot([low, high], [-place, -place], color=style.INK, linewidth=1, marker="|", ms=5)
    ax.set_yticks([-place for place in range(len(shares))], list(shares))
    ax.set(xlim=(0, 1), xlabel="share of the variance of test accuracy")
    ax.tick_params(axis="y", length=0)
