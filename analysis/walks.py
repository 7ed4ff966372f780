"""Descent on a parabola, drawn on the parabola: what each regime looks like from inside."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import axes, curves, study, style, words
from analysis.regimes import CONVERGING
from analysis.study import RATE, Drawn, Made

PLACE = "w1"
CURVATURE, CENTER = "problem.curvature", "problem.center"
EDGE = 1.35  # times the distance of the start from the minimum: what is drawn of the parabola


def parabola(runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """The walks, beside what every study of learning rates shows."""
    study.checked(steps, (CURVATURE, CENTER), "these runs, of no parabola,")
    shared = curves.against_rate("lr_parabola", "A parabola", runs, steps)
    shown = chosen(steps)
    walked = steps[steps["run_id"].isin(shown["run_id"])]
    return Made(
        findings=shared.findings,
        drawn=[
            Drawn(
                name="lr_parabola_walks",
                title="The regimes, walked on the parabola",
                figure=walks(walked, shown),
                caption=caption(runs, shown),
                data=walked[[RATE, "regime", "step", PLACE, "cost"]].sort_values([RATE, "step"]),
            ),
            *shared.drawn,
        ],
        tables=shared.tables,
    )


def chosen(steps: pd.DataFrame) -> pd.DataFrame:
    """A run for each regime, that of its middle learning rate; of those converging one on either side of the leap that
    lands in the minimum.
    """
    ends = steps.drop_duplicates("run_id")
    leap = 1 / ends[CURVATURE]
    kind = ends["regime"].where(
        ends["regime"] != CONVERGING,
        np.where(ends[RATE] < leap, CONVERGING, np.where(ends[RATE] > leap, "converging, leaping over", "the leap")),
    )
    picked = []
    for name, group in ends.assign(kind=kind).groupby("kind"):
        if name != "the leap":
            ordered = group.sort_values(RATE)
            picked.append(ordered.iloc[[len(ordered) // 2]])
    return pd.concat(picked).sort_values(RATE)


@style.theme()
def walks(steps: pd.DataFrame, shown: pd.DataFrame) -> Figure:
    """A panel for each chosen run: the parabola, and the run's steps on it; in the last one, their costs."""
    columns = min(3, len(shown) + 1)
    rows = -(-(len(shown) + 1) // columns)
    figure = Figure(figsize=(max(style.COLUMN, 2.4 * columns), 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    limits = axes.cost_limits(steps["cost"])
    together = panels[len(shown)]
    for ax, (_, run) in zip(panels, shown.iterrows(), strict=False):
        walk = steps[steps["run_id"] == run["run_id"]].sort_values("step")
        draw_walk(ax, walk, run)
        cost = axes.placed(walk["cost"], limits)
        together.plot(walk["step"], cost, color=style.REGIMES[run["regime"]].color, linewidth=1, clip_on=False)
    for ax in panels[len(shown) + 1 :]:
        ax.set_axis_off()
    axes.set_cost(together, limits, "C(w)")
    together.set(xlabel="step", xlim=(0, max(1, steps["step"].max())))
    together.set_title("the cost of these runs", loc="left")
    return figure


def draw_walk(ax: Axes, walk: pd.DataFrame, run: pd.Series) -> None:
    center, curvature = run[CENTER], run[CURVATURE]
    reach = EDGE * abs(walk[PLACE].iloc[0] - center) or 1.0
    w = np.linspace(center - reach, center + reach, 200)
    top = curvature / 2 * reach**2
    ax.plot(w, curvature / 2 * (w - center) ** 2, color=style.FAINT, linewidth=0.8, zorder=0)
    mark = style.REGIMES[run["regime"]]
    ax.plot(walk[PLACE], walk["cost"], color=mark.color, linewidth=0.7, marker="o", ms=3, zorder=2)
    ax.plot(walk[PLACE].iloc[0], walk["cost"].iloc[0], color=style.INK, marker="o", ms=4, zorder=3)
    ax.set(xlim=(center - reach, center + reach), ylim=(-0.05 * top, top))
    away = int((~((walk[PLACE] - center).abs() <= reach)).sum())
    ax.set(xlabel="w", ylabel="C(w)")
    taken = words.plural(int(walk["step"].max()), "step") + (f", {away} out of sight" if away else "")
    ax.set_title(f"{run['kind']}: η = {run[RATE]:g}\n{taken}", loc="left")


def caption(runs: pd.DataFrame, shown: pd.DataFrame) -> str:
    return words.sentences(
        "Descent on C(w) = λ/2 (w - c)², step by step, from the black dot",
        f"a panel is one run, n = {len(shown)} of the {len(runs)}: for each regime that of its middle learning rate; "
        "leaping over: every step lands on the other side of the minimum, lower",
        f"λ = {words.values(runs, CURVATURE)}, so the border is at η = 2/λ",
        *curves.shared_caption(runs),
    )
