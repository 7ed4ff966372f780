"""The edge of stability: cost and sharpness along descent on the whole training set (Cohen et al. 2021)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import axes, curves, study, style, words
from analysis.regimes import DIVERGED
from analysis.study import RATE, Drawn, Made, Table

CLOSE = 0.03  # of 2/η
LATE = 1 / 6  # of the steps: what comes after is held against 2/η


def edge(runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """Cost, sharpness and 2/η against the step."""
    study.checked(steps[np.isfinite(steps["cost"])], ("sharpness",), "the steps of these runs")
    table = late(steps)
    return Made(
        findings=findings(table, runs),
        drawn=[
            Drawn(
                name="edge_of_stability",
                title="Cost and sharpness against the step",
                figure=picture(runs, steps),
                caption=caption(runs, steps),
                data=steps[[RATE, "seed", "step", "cost", "sharpness"]].sort_values([RATE, "seed", "step"]),
            )
        ],
        tables=[
            Table(
                name="edge_of_stability_late",
                title="Sharpness against 2/η",
                frame=table,
                caption=words.sentences(
                    "a row is a run; the median, lowest and highest sharpness are of the recorded steps after the "
                    f"first {LATE:.0%}",
                    f"close: the share of these steps at which it is within {CLOSE:.0%} of 2/η",
                    "rises: how often the cost rose from one recorded step to the next, over the whole run",
                    "empty: the run had ended by then",
                ),
            )
        ],
    )


def late(steps: pd.DataFrame) -> pd.DataFrame:
    """Each run's sharpness, at the start and later on, beside 2/η."""
    from_step = LATE * steps["step"].max()
    rows = []
    for (rate, seed, _), run in steps.groupby([RATE, "seed", "run_id"]):
        after = run.loc[run["step"] >= from_step, "sharpness"]
        ratio = after / (2 / rate)
        rows.append(
            {
                "η": rate,
                "seed": seed,
                "regime": run["regime"].iloc[0],
                "2/η": 2 / rate,
                "at the start": run["sharpness"].iloc[0],
                "median later": after.median(),
                "lowest later": after.min(),
                "highest later": after.max(),
                "close": ((ratio - 1).abs() <= CLOSE).mean() if len(after) else np.nan,
                "rises": int((run["cost"].diff() > 0).sum()),
                "final cost": run["cost"].iloc[-1],
            }
        )
    return pd.DataFrame(rows)


@style.theme()
def picture(runs: pd.DataFrame, steps: pd.DataFrame) -> Figure:
    """Cost above, sharpness below; a colour for each learning rate, a line for each run, dashed 2/η."""
    figure = Figure(figsize=(style.PAGE * 0.72, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    limits = axes.cost_limits(steps["cost"])
    sharp = steps["sharpness"].where(steps["sharpness"] > 0)
    bounds = axes.cost_limits(sharp[sharp < 20 * sharp.median()])
    for rate, color in zip(sorted(steps[RATE].unique()), style.CHOICES, strict=False):
        here = steps[steps[RATE] == rate]
        ended = here.drop_duplicates("run_id")["regime"]
        exploded = int((ended == DIVERGED).sum())
        label = f"η = {rate:g}" + (f" ({exploded} of {len(ended)} diverged)" if exploded else "")
        for number, (_, run) in enumerate(here.groupby("run_id", sort=False)):
            top.plot(
                run["step"],
                axes.placed(run["cost"], limits),
                color=color,
                linewidth=0.8,
                label=label if number == 0 else None,
            )
            seen = run[run["sharpness"].between(*bounds)]
            bottom.plot(seen["step"], seen["sharpness"], color=color, linewidth=0.8)
        if not bounds[0] < 2 / rate < bounds[1]:
            continue
        bottom.axhline(2 / rate, color=color, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0)
        bottom.annotate(
            f"2/η = {2 / rate:g}",
            (1, 2 / rate),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=color,
        )
    axes.set_cost(top, limits, curves.cost_name(steps))
    axes.set_cost(bottom, bounds, "sharpness λ")
    bottom.set(xlabel="step", xlim=(0, max(1, steps["step"].max())))
    title = [words.size(runs), *axes.off_scale(steps["cost"], limits, steps["run_id"])]
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=3, title="\n".join(title), alignment="left")
    return figure


def findings(table: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """How near the sharpness stays to 2/η, by learning rate."""
    told = []
    for rate, rows in table.groupby("η"):
        going = rows.dropna(subset="median later")
        if not len(going):
            told.append(f"η = {rate:g}: all {words.plural(len(rows), 'run')} diverged")
            continue
        told.append(
            f"η = {rate:g}: {len(going)} of {words.plural(len(rows), 'run')} did not diverge; from "
            f"{rows['at the start'].min():.3g} or more at the start their sharpness comes to a median of "
            f"{going['median later'].median():.4g} against 2/η = {2 / rate:g}, within {CLOSE:.0%} of it for "
            f"{going['close'].mean():.0%} of the later steps"
        )
    return [words.sentences(text) for text in told]


def caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    return words.sentences(
        f"{curves.cost_name(steps)} and sharpness, the largest eigenvalue of its Hessian, against the step, on log "
        "scales",
        words.size(runs),
        f"a line is a run, measured at {steps['step'].nunique()} evenly spaced steps; its colour is its learning rate",
        "dashed: 2/η, above which descent on a quadratic of that curvature is unstable",
        "runs that diverged leave the picture",
        *curves.shared_caption(runs),
    )
