"""Minima that differ in their seeds: final costs, distances, disagreement and barriers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.draw import style
from analysis.stats import averages, estimates
from analysis.stats.minima import ARMS, Arms, Curves, Lines, Square, barriers

COLORS = dict(zip(ARMS, style.CHOICES, strict=False))
KINDS = {"as they are": style.CHOICES[0], "aligned": style.CHOICES[1]}
FINALS = {"final_cost": "final training cost", "final_accuracy": "final test accuracy"}


@style.theme()
def finals(arms: Arms) -> Figure:
    """Final cost and accuracy of every run by arm, with the interquartile mean and its interval."""
    figure = Figure(figsize=(style.PAGE * 0.72, 2.7), layout="constrained")
    for ax, (column, name) in zip(figure.subplots(1, 2), FINALS.items(), strict=True):
        for place, (arm, minima) in enumerate(arms.items()):
            values = minima.runs[column].to_numpy(float)
            beside = place + 0.22 * np.linspace(-1, 1, len(values))
            ax.scatter(beside, values, s=7, color=COLORS[arm], alpha=0.75, linewidth=0)
            draw_estimate(ax, place + 0.36, estimates.over_runs(values, averages.interquartile_mean), marker="o", ms=3)
        ax.set_xticks(range(len(arms)), [f"{arm}\n(n = {len(minima.runs)})" for arm, minima in arms.items()])
        ax.set(ylabel=name, xlim=(-0.5, len(arms) - 0.35))
    return figure


@style.theme()
def distances(arms: Arms) -> Figure:
    """Pairwise distances, as they are above and aligned below, on one scale."""
    figure = Figure(figsize=(style.PAGE, 4.9), layout="constrained")
    panels = figure.subplots(2, len(arms), squeeze=False)
    largest = max(minima.raw_distances.max() for minima in arms.values())
    for row, kind in zip(panels, KINDS, strict=True):
        for ax, (arm, minima) in zip(row, arms.items(), strict=True):
            square = of_kind(minima.raw_distances, minima.aligned_distances, kind)
            order = clustered(square)
            image = ax.imshow(square[np.ix_(order, order)], vmin=0, vmax=largest, cmap=style.scale_colors())
            ax.set(xticks=[], yticks=[])
            mean = square[np.triu_indices(len(square), 1)].mean()
            ax.set_title(f"{arm}, {kind}: mean {mean:.3g}", loc="left")
    for ax, minima in zip(panels[-1], arms.values(), strict=True):
        ax.set_xlabel(f"{len(minima.runs)} runs")
    figure.colorbar(image, ax=panels, label="distance between two runs", shrink=0.8)
    return figure


def of_kind(raw: Square, aligned: Square, kind: str) -> Square:
    """The distances of a kind: as they are, or aligned."""
    return aligned if kind == "aligned" else raw


def clustered(square: Square) -> np.ndarray:
    """The order of runs in an average-linkage clustering by their distances."""
    return leaves_list(linkage(squareform(square, checks=False), "average", optimal_ordering=True))


@style.theme()
def disagreement(arms: Arms) -> Figure:
    """The share of different predictions against the distance, a dot for every pair."""
    figure = Figure(figsize=(style.PAGE * 0.8, 2.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for ax, kind in zip(panels, KINDS, strict=True):
        for arm, minima in arms.items():
            pairs = np.triu_indices(len(minima.runs), 1)
            square = of_kind(minima.raw_distances, minima.aligned_distances, kind)
            ax.scatter(
                square[pairs],
                minima.disagreement[pairs],
                s=3,
                color=COLORS[arm],
                alpha=0.4,
                linewidth=0,
                label=f"{arm} ({len(pairs[0])} pairs)",
            )
        ax.set(xlabel=f"distance, {kind}", xlim=(0, None))
    panels[0].set(ylabel="share of test examples\npredicted differently", ylim=(0, None))
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside upper center", ncols=3, markerscale=2.5)
    for handle in filter(None, legend.legend_handles):
        handle.set_alpha(1)
    return figure


@style.theme()
def lines(lines: Lines) -> Figure:
    """The cost along the straight line between two minima, as they are and aligned: every pair, and the mean."""
    figure = Figure(figsize=(style.PAGE, 2.7), layout="constrained")
    panels = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
    for ax, (arm, both) in zip(panels, lines.items(), strict=True):
        for kind, curves in zip(KINDS, both, strict=True):
            draw_curves(ax, curves, kind)
        ax.set(xlabel="t", xlim=(0, 1))
        ax.set_title(f"{arm}, {len(both[0])} pairs", loc="left")
        ax.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.09), title="barrier", alignment="left")
    panels[0].set(ylabel="training cost", ylim=(0, None))
    return figure


def draw_curves(ax: Axes, curves: Curves, kind: str) -> None:
    """The curves of all pairs and their mean, with the mean barrier in the legend."""
    share = np.linspace(0, 1, curves.shape[1])
    height, low, high = estimates.over_runs(barriers(curves), estimates.mean)
    label = f"{kind}: {height:.3f} [{low:.3f}, {high:.3f}]"
    ax.plot(share, curves.T, color=KINDS[kind], linewidth=0.4, alpha=0.35)
    ax.plot(share, curves.mean(axis=0), color=KINDS[kind], linewidth=1.5, label=label)


@style.theme()
def by_width(table: pd.DataFrame) -> Figure:
    """The barrier between minima against the width of the network, a dot for every pair."""
    figure = Figure(figsize=(style.COLUMN, 3.0), layout="constrained")
    ax = figure.subplots()
    for shift, (kind, color) in zip((-0.1, 0.1), KINDS.items(), strict=True):
        rows = table[table["pairs are"] == kind]
        for place, (_, group) in enumerate(rows.groupby("parameters")):
            heights = group["barrier"].to_numpy()
            ax.scatter(np.full(len(heights), place + shift), heights, s=7, color=color, alpha=0.5, linewidth=0)
            estimate = estimates.over_runs(heights, estimates.mean)
            label = kind if place == 0 else None
            draw_estimate(ax, place + 2.2 * shift, estimate, color=color, marker="_", ms=6, label=label)
    widths = table.drop_duplicates("parameters").sort_values("parameters")
    ax.set_xticks(range(len(widths)), list(widths["hidden layers"]))
    ax.set(xlabel="sizes of the hidden layers", ylabel="barrier of the training cost")
    ax.set_ylim(min(0, table["barrier"].min()), None)
    ax.legend()
    return figure


def draw_estimate(
    ax: Axes,
    x: float,
    estimate: estimates.Estimate,
    *,
    marker: str,
    ms: float,
    color: str = style.INK,
    label: str | None = None,
) -> None:
    """An estimate with its interval."""
    value, low, high = estimate
    bars = [[value - low], [high - value]]
    ax.errorbar(x, value, bars, color=color, marker=marker, ms=ms, capsize=2, label=label)
