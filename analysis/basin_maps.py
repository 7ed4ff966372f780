"""Basins of attraction: the starts, in the colour of the minimum that they lead to."""

from __future__ import annotations

from typing import cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis import study, style, words
from analysis.study import RATE, Drawn, Made, StudyError, Table
from gdlab import tracking
from gdlab.measure.measurements.basins import DIVERGED, RIDGE, UNSETTLED
from gdlab.problems.landscapes import Landscape
from gdlab.sweeps import configuration

REASONS = {UNSETTLED: ("not at rest", "#bbbbbb"), DIVERGED: ("diverged", "#222222"), RIDGE: ("on a ridge", "#ffffff")}
SHARES = ("fraction_global", "fraction_local", "fraction_unsettled", "fraction_diverged", "fraction_ridge")
TARGET = "problem.name"


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Landscape]]:
    """The measurements of an experiment, their tables, and the landscapes they are of, by run id.

    Raises
    ------
    TrackingError, StudyError
        Naming what is missing.

    """
    runs = tracking.runs(uri, experiment)
    study.checked(runs, ("run_id", RATE, *SHARES), f"experiment {experiment!r} in {uri}")
    starts = tracking.measurements(runs, uri)
    landscapes: dict[str, Landscape] = {}
    for run_id, config in zip(runs["run_id"], tracking.configurations(runs, uri), strict=True):
        problem = cast(Landscape, configuration.problem(config))
        if not isinstance(problem, Landscape):
            raise StudyError(f"run {run_id} is of no landscape, which this study is about")
        landscapes[run_id] = problem
    return runs, starts, landscapes


def maps(runs: pd.DataFrame, starts: pd.DataFrame, landscapes: dict[str, Landscape]) -> Made:
    """A figure for each landscape, and the table of what the starts came to."""
    drawn = []
    for target, group in runs.groupby(TARGET, sort=False):
        name = str(target)
        ordered = group.sort_values(RATE)
        figure = picture(ordered, starts, landscapes)
        drawn.append(
            Drawn(
                name=f"basins_{name}",
                title=f"Basins of attraction of {words.landscape(str(target))}",
                figure=figure,
                caption=caption(ordered),
                data=ordered[[RATE, "starts", *SHARES, "minima_reached"]],
            )
        )
    table = runs.assign(landscape=runs[TARGET].map(words.spoken))[
        ["landscape", RATE, "starts", *SHARES, "minima_reached"]
    ].sort_values(["landscape", RATE])
    heads = {RATE: "learning rate η", "minima_reached": "minima reached"}
    heads |= {share: share.removeprefix("fraction_") for share in SHARES}
    return Made(
        findings=findings(table),
        drawn=drawn,
        tables=[
            Table(
                name="basins_shares",
                title="Where descent ends, by learning rate",
                frame=table.rename(columns=heads),
                caption=words.sentences(
                    "shares of the starts on a grid over the landscape's box: global, local: they reach a minimum "
                    "of the lowest cost, another one; unsettled: the steps were spent elsewhere; ridge: the path "
                    "came to rest, to rounding, where the landscape curves downwards, so that rounding decides",
                ),
            )
        ],
    )


def findings(table: pd.DataFrame) -> list[str]:
    told = []
    for name, rows in table.groupby("landscape", sort=False):
        low, high = rows["fraction_global"].min(), rows["fraction_global"].max()
        slow = rows.iloc[0]
        told.append(
            f"{name}: {slow['fraction_global']:.2%} of {slow['starts']:,.0f} starts end in a global minimum at η = "
            f"{slow[RATE]:g}; over the learning rates from {low:.2%} to {high:.2%}"
        )
    return [words.sentences(text) for text in told]


@style.theme()
def picture(runs: pd.DataFrame, starts: pd.DataFrame, landscapes: dict[str, Landscape]) -> Figure:
    """A map for each learning rate, and the share that ends in a global minimum."""
    flat = landscapes[runs["run_id"].iloc[0]].parameters == 1
    columns = 1 if flat else min(3, len(runs))
    rows = -(-len(runs) // columns)
    size = (style.COLUMN * 1.3, 1.2 + 0.55 * rows) if flat else (2.4 * columns, 2.45 * rows + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, (_, run) in zip(panels, runs.iterrows(), strict=False):
        here = starts[starts["run_id"] == run["run_id"]]
        landscape = landscapes[run["run_id"]]
        (draw_strip if flat else draw_map)(ax, here, landscape, holding(landscape, run))
        ax.set_title(f"η = {run[RATE]:g}: {run['fraction_global']:.1%} global", loc="left")
    for ax in panels[len(runs) :]:
        ax.set_axis_off()
    figure.supxlabel("w" if flat else "w₁", fontsize=8)
    if not flat:
        figure.supylabel("w₂", fontsize=8)
    there = [
        reason for reason in REASONS if (starts["run_id"].isin(runs["run_id"]) & (starts["minimum"] == reason)).any()
    ]
    if there:
        handles = [Patch(facecolor=REASONS[r][1], edgecolor=style.INK, label=REASONS[r][0]) for r in there]
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def colors(landscape: Landscape) -> ListedColormap:
    """One for each reason, then one for each minimum: a few in set colours, many by how near they are to the lowest."""
    count = len(landscape.minima)
    reasons = [REASONS[reason][1] for reason in sorted(REASONS)]
    if count <= len(style.CHOICES):
        return ListedColormap([*reasons, *style.CHOICES[:count]])
    far = np.linalg.norm(landscape.minima - landscape.minima[0], axis=1)
    scale = mpl.colormaps["cividis"]
    shades = [scale(0.9 - 0.8 * distance / far.max()) for distance in far]
    return ListedColormap([*reasons, style.CHOICES[1], *shades[1:]])


def holding(landscape: Landscape, run: pd.Series) -> np.ndarray:
    """Which minima a run can rest in: η < 2(1 + β)/λ with momentum β; of other optimizers nothing is known, so all."""
    rule, momentum = words.spoken(run["optimizer.name"]), run.get("optimizer.momentum")
    if rule not in ("gradient descent", "momentum"):
        return np.ones(len(landscape.minima), bool)
    beta = 0.0 if rule == "gradient descent" or momentum is None else float(momentum)
    return run[RATE] < 2 * (1 + beta) / np.linalg.eigvalsh(landscape.hessian(landscape.minima))[:, -1]


def draw_map(ax: Axes, here: pd.DataFrame, landscape: Landscape, holds: np.ndarray) -> None:
    (left, right), (low, high) = landscape.box
    square = here.pivot(index="start2", columns="start1", values="minimum").to_numpy()
    a, b = (right - left) / (square.shape[1] - 1) / 2, (high - low) / (square.shape[0] - 1) / 2
    offset = -min(REASONS)
    ax.imshow(
        square + offset,
        origin="lower",
        extent=(left - a, right + a, low - b, high + b),  # a start is in the middle of its cell
        cmap=colors(landscape),
        vmin=-0.5,
        vmax=offset + len(landscape.minima) - 0.5,
        interpolation="nearest",
        aspect="equal",
    )
    ax.plot(
        *landscape.minima[holds].T, linestyle="", marker=".", ms=4, color="white", markeredgecolor=style.INK, mew=0.3
    )
    ax.plot(*landscape.minima[~holds].T, linestyle="", marker="x", ms=3.5, color=style.INK, mew=0.8)


def draw_strip(ax: Axes, here: pd.DataFrame, landscape: Landscape, holds: np.ndarray) -> None:
    """Along one axis: the landscape's curve, each start on it in its colour."""
    scale, offset = colors(landscape), -min(REASONS)
    w = here["start1"].to_numpy()
    ax.scatter(
        w, landscape.cost(w[:, None]), s=3, c=[scale(int(kind) + offset) for kind in here["minimum"]], linewidth=0
    )
    minima = landscape.minima
    for chosen, marker, color in ((holds, "o", "white"), (~holds, "x", style.INK)):
        there = minima[chosen]
        ax.plot(there[:, 0], landscape.cost(there), linestyle="", marker=marker, ms=4, color=color, mec=style.INK)
    ax.set_yticks([])
    ax.set_ylabel("C(w)")


def caption(runs: pd.DataFrame) -> str:
    return words.sentences(
        f"starts on a grid of {runs['starts'].iloc[0]:,.0f} points over the box, each in the colour of the minimum "
        "that descent from it reaches",
        "a panel is a learning rate; dots: the minima, crosses: those too sharply curved for it (η > 2(1 + β)/λ, β the "
        "momentum, if the optimizer has one), near which descent cannot rest; where there are many, the global one is "
        "orange and the others the darker the farther they are from it",
        "global: the share of starts that end in a minimum of the lowest cost",
        words.setting(runs),
    )
