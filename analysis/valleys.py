"""The figures of the minima that seeds lead to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis import averages, axes, style, words
from analysis.minima import Curves, Minima, barriers, costs
from analysis.study import StudyError
from gdlab.measure.geometry import plane_through

Arms = Mapping[str, Minima]
COLORS = dict(zip(("start varied", "order varied", "both varied"), style.CHOICES, strict=False))
RAW, ALIGNED = style.CHOICES[0], style.CHOICES[1]
GRID = 51  # points along each axis of a surface
MARGIN = 0.25  # of the extent of three minima, around them


@style.theme()
def finals(arms: Arms) -> Figure:
    """Final cost and accuracy of every run by arm, with the interquartile mean and its interval."""
    figure = Figure(figsize=(style.PAGE * 0.72, 2.7), layout="constrained")
    panels = figure.subplots(1, 2)
    for ax, (column, name) in zip(
        panels,
        (("final_cost", "final training cost"), ("final_accuracy", "final test accuracy")),
        strict=True,
    ):
        for place, (arm, minima) in enumerate(arms.items()):
            values = minima.runs[column].to_numpy(float)
            beside = place + 0.22 * np.linspace(-1, 1, len(values))
            ax.scatter(beside, values, s=7, color=COLORS[arm], alpha=0.75, linewidth=0)
            low, high = averages.interval(averages.interquartile_mean(averages.resampled(values)))
            middle = float(averages.interquartile_mean(values))
            ax.errorbar(
                place + 0.36, middle, [[middle - low], [high - middle]], color=style.INK, marker="o", ms=3, capsize=2
            )
        ax.set_xticks(range(len(arms)), [f"{arm}\n(n = {len(minima.runs)})" for arm, minima in arms.items()])
        ax.set(ylabel=name, xlim=(-0.5, len(arms) - 0.35))
    return figure


@style.theme()
def heatmaps(arms: Arms) -> Figure:
    """Pairwise distances, as they are above, aligned below, on one scale; runs in the order of a clustering."""
    figure = Figure(figsize=(style.PAGE, 4.9), layout="constrained")
    panels = figure.subplots(2, len(arms), squeeze=False)
    top = max(minima.raw.max() for minima in arms.values())
    for row, name in enumerate(("as they are", "aligned")):
        for ax, (arm, minima) in zip(panels[row], arms.items(), strict=True):
            square = minima.raw if row == 0 else minima.nearer
            order = leaves_list(linkage(squareform(square, checks=False), "average", optimal_ordering=True))
            image = ax.imshow(square[np.ix_(order, order)], vmin=0, vmax=top, cmap=style.scale_colors())
            ax.set_xticks([])
            ax.set_yticks([])
            mean = square[np.triu_indices(len(square), 1)].mean()
            ax.set_title(f"{arm}, {name}: mean {mean:.3g}", loc="left")
            if row == 1:
                ax.set_xlabel(f"{len(square)} runs")
    figure.colorbar(image, ax=panels, label="distance between two runs", shrink=0.8)
    return figure


@style.theme()
def alikeness(arms: Arms) -> Figure:
    """How often two runs answer differently against their distance, every pair a dot."""
    figure = Figure(figsize=(style.PAGE * 0.8, 2.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for ax, name in zip(panels, ("as they are", "aligned"), strict=True):
        for arm, minima in arms.items():
            pairs = np.triu_indices(len(minima.runs), 1)
            square = minima.raw if ax is panels[0] else minima.nearer
            ax.scatter(
                square[pairs],
                minima.disagreement[pairs],
                s=3,
                color=COLORS[arm],
                alpha=0.4,
                linewidth=0,
                label=f"{arm} ({len(pairs[0])} pairs)",
            )
        ax.set(xlabel=f"distance, {name}", xlim=(0, None))
    panels[0].set_ylabel("share of test examples\nanswered differently")
    panels[0].set_ylim(0, None)
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside upper center", ncols=3, markerscale=2.5)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
    return figure


@style.theme()
def between(lines: Mapping[str, tuple[Curves, Curves]]) -> Figure:
    """The cost along the straight line between two minima, raw and aligned: every pair, their mean, its interval."""
    figure = Figure(figsize=(style.PAGE, 2.7), layout="constrained")
    panels = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
    for ax, (name, both) in zip(panels, lines.items(), strict=True):
        for curves, color, kind in zip(both, (RAW, ALIGNED), ("as they are", "aligned"), strict=True):
            share = np.linspace(0, 1, curves.shape[1])
            ax.plot(share, curves.T, color=color, linewidth=0.4, alpha=0.35)
            heights = barriers(curves)
            low, high = averages.interval(averages.resampled(heights).mean(axis=1))
            ax.plot(
                share,
                curves.mean(axis=0),
                color=color,
                linewidth=1.5,
                label=f"{kind}: {heights.mean():.3f} [{low:.3f}, {high:.3f}]",
            )
        ax.set(xlabel="t", xlim=(0, 1))
        ax.set_title(f"{name}, {len(both[0])} pairs", loc="left")
        ax.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.09), title="barrier", alignment="left")
    panels[0].set_ylabel("training cost")
    panels[0].set_ylim(0, None)
    return figure


@style.theme()
def plane(minima: Minima) -> tuple[Figure, pd.DataFrame]:
    """The cost on the plane through the first three minima, with the paths that led there; and its numbers."""
    try:
        flat = plane_through(*np.asarray(minima.ends[:3], np.float64))
    except ValueError as error:
        raise StudyError(f"the ends of {words.listed(minima.runs['run_name'][:3])}: {error}") from None
    places = flat.coordinates(minima.ends[:3])
    known = all("path" in theta for theta in minima.thetas[:3])
    paths = [flat.coordinates(theta["path"]) for theta in minima.thetas[:3]] if known else []
    low, high = (edge(np.concatenate([places, *paths]), axis=0) for edge in (np.min, np.max))
    margin = MARGIN * np.ptp(places, axis=0)
    x, y = (np.linspace(a, b, GRID) for a, b in zip(low - margin, high + margin, strict=True))
    surface = costs(minima.network, flat.points(x, y)).reshape(GRID, GRID)
    figure = Figure(figsize=(style.PAGE * 0.72, 4.2), layout="constrained")
    ax = figure.subplots()
    norm = LogNorm(surface.min(), surface.max())
    levels = np.geomspace(surface.min(), surface.max(), 25)
    filled = ax.contourf(x, y, surface, levels, norm=norm, cmap=style.scale_colors())
    ax.contour(x, y, surface, levels[::3], colors="white", linewidths=0.4, alpha=0.6)
    for number, place in enumerate(places):
        seed = minima.runs["seed"].iloc[number]
        if paths:
            ax.plot(*paths[number].T, color="white", linewidth=2.2, alpha=0.8)
            ax.plot(*paths[number].T, color=style.CHOICES[1 + 2 * number], linewidth=1.2, marker="o", ms=1.8)
        ax.plot(*place, marker="*", ms=11, color=style.CHOICES[1 + 2 * number], markeredgecolor="white", clip_on=False)
        ax.annotate(f"seed {seed}", place, xytext=(7, 5), textcoords="offset points", color="white", fontsize=8)
    bar = figure.colorbar(filled, ax=ax, label="training cost")
    axes.plain_ticks(bar.ax.yaxis)
    ax.set(xlabel="along the line from the first minimum to the second", ylabel="across it, towards the third")
    ax.set_aspect("equal")
    across, up = np.meshgrid(x, y)
    return figure, pd.DataFrame({"x": across.ravel(), "y": up.ravel(), "cost": surface.ravel()})


@style.theme()
def by_width(table: pd.DataFrame) -> Figure:
    """The barrier between minima against the width of the network, every pair a dot."""
    figure = Figure(figsize=(style.COLUMN, 3.0), layout="constrained")
    ax = figure.subplots()
    for shift, (kind, color) in zip((-0.1, 0.1), (("as they are", RAW), ("aligned", ALIGNED)), strict=True):
        rows = table[table["pairs are"] == kind]
        for place, (_, group) in enumerate(rows.groupby("parameters")):
            values = group["barrier"].to_numpy()
            low, high = averages.interval(averages.resampled(values).mean(axis=1))
            ax.scatter(np.full(len(values), place + shift), values, s=7, color=color, alpha=0.5, linewidth=0)
            ax.errorbar(
                place + 2.2 * shift,
                values.mean(),
                [[values.mean() - low], [high - values.mean()]],
                color=color,
                marker="_",
                ms=6,
                capsize=2,
                label=kind if place == 0 else None,
            )
    widths = table.drop_duplicates("parameters").sort_values("parameters")
    ax.set_xticks(range(len(widths)), list(widths["hidden layers"]))
    ax.set(
        xlabel="sizes of the hidden layers",
        ylabel="barrier of the training cost",
        ylim=(min(0, table["barrier"].min()), None),
    )
    ax.legend()
    return figure
