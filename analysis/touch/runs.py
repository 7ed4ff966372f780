"""Runs over learning rates: every run a dot, and the costs along those that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import describe, words
from analysis.columns import RATE
from analysis.draw import axes
from analysis.draw.axes import Limits
from analysis.items import SEPARATOR, Chart, Control, Gesture, Readout
from analysis.touch import vega
from analysis.touch.vega import CONTAINER, FAINT, INK, PAPER

START = 0.5  # where step 0 is drawn on the log axis of steps
CHOSEN = "datum.run === run"
BETWEEN = "datum.rate >= min(low, high) && datum.rate <= max(low, high)"


def runs_chart(name: str, title: str, runs: pd.DataFrame, steps: pd.DataFrame) -> Chart:
    """Final cost against the learning rate, linked to the costs along the runs; `name` begins that of the chart."""
    ids, rates = list(runs["run_id"]), [float(rate) for rate in sorted(runs[RATE].unique())]
    values = vega.plain(rates)  # as in the data
    texts = [f"η = {words.rate(rate)}" for rate in rates]
    return Chart(
        name=f"{name}_touch",
        title=f"{title}, run by run",
        spec=specification(runs, steps),
        alternative=(
            f"Two plots. Above: the final {describe.cost_name(runs)} of {words.plural(len(runs), 'run')} against the "
            f"learning rate, {words.rates(rates[0], rates[-1])}, in the colour and shape of the run's regime. Below: "
            "the cost against the step of the runs at the chosen rates. The lists choose, and the text below says, "
            "what the plots show."
        ),
        caption=words.sentences(
            "point at a dot, tap it or choose it for its run's cost, step by step, and outcome",
            "drag across the upper plot to see the runs at some rates only",
            describe.regimes(runs),
            *axes.off_scale(steps["cost"], axes.limits_with_references(steps, "cost"), steps["run_id"]),
        ),
        controls=[
            Control(parameter="run", label="run", values=ids, texts=run_names(runs), start=lowest(runs)),
            Control(parameter="low", label="rates from", values=values, texts=texts),
            Control(parameter="high", label="to", values=values, texts=texts, start=len(rates) - 1),
        ],
        gestures=[
            Gesture(selection="picked", field="run", parameters=["run"]),
            Gesture(selection="brushed", field="x", parameters=["low", "high"]),
        ],
        readouts=[
            Readout(
                parameters=["run"],
                texts={str(place): run_text(run) for place, (_, run) in enumerate(runs.iterrows())},
                runs={str(place): run_id for place, run_id in enumerate(ids)},
            ),
            Readout(parameters=["low", "high"], texts=range_texts(runs, rates)),
        ],
    )


def lowest(runs: pd.DataFrame) -> int:
    """The place of the run with the lowest final cost."""
    costs = runs["final_cost"].to_numpy(float)
    return int(np.where(np.isfinite(costs), costs, np.inf).argmin())


def run_names(runs: pd.DataFrame) -> list[str]:
    """The runs in a list, by learning rate and seed."""
    return [f"η = {words.rate(run[RATE])}, seed {words.number(run['seed'])}" for _, run in runs.iterrows()]


def run_text(run: pd.Series) -> str:
    """A run in a sentence: its regime, its outcome and its end."""
    cost = f"{run['final_cost']:.3g}" if np.isfinite(run["final_cost"]) else "not finite"
    steps, accuracy = run.get("steps", np.nan), run.get("final_accuracy", np.nan)
    return (
        f"η = {words.rate(run[RATE])}, seed {words.number(run['seed'])}: {run['regime']}; outcome: {run['outcome']}"
        + (f", after {steps:,.0f} step{'' if steps == 1 else 's'}" if pd.notna(steps) else "")
        + f"; final cost {cost}"
        + (f", test accuracy {accuracy:.1%}" if pd.notna(accuracy) else "")
        + "."
    )


def range_texts(runs: pd.DataFrame, rates: Sequence[float]) -> dict[str, str]:
    """The number of runs in each regime, by the places of the ends of a range of rates, in either order."""
    counts = pd.crosstab(runs[RATE], runs["regime"]).loc[list(rates)]
    found = {}
    for i in range(len(rates)):
        for j in range(i, len(rates)):
            inside = counts.iloc[i : j + 1].sum()
            parts = words.listed([f"{count} {regime}" for regime, count in inside.items() if count])
            text = f"{words.plural(int(inside.sum()), 'run')} {words.rates(rates[i], rates[j])}: {parts}."
            found[f"{i}{SEPARATOR}{j}"] = found[f"{j}{SEPARATOR}{i}"] = text
    return found


def specification(runs: pd.DataFrame, steps: pd.DataFrame) -> dict[str, Any]:
    """The dots above, the costs along the runs below."""
    limits = axes.limits_with_references(steps, "cost")
    regimes = vega.regimes(list(runs["regime"]))
    views = dots_view(runs, limits, regimes), lines_view(steps, limits, regimes)
    return vega.specification(alt.vconcat(*views, spacing=24), "run", "low", "high")


def dots_view(runs: pd.DataFrame, limits: Limits, regimes: vega.Regimes) -> vega.View:
    """A dot for each run, seeds side by side; those at the chosen rates are full, the chosen run has a ring."""
    rows = runs[["run_id", RATE, "regime"]].set_axis(["run", "rate", "regime"], axis="columns")
    rows = rows.assign(x=axes.side_by_side(runs[RATE], runs["seed"]), cost=axes.clipped(runs["final_cost"], limits))
    ends = (rows["x"].min() / 1.3, rows["x"].max() * 1.3)
    least, most = vega.plain([rows["rate"].min(), rows["rate"].max()])
    x = alt.X("x:Q").scale(vega.log_scale(*ends)).axis(vega.log_axis(*ends, "learning rate η"))
    y = alt.Y("cost:Q").scale(vega.log_scale(*limits)).axis(vega.log_axis(*limits))
    base = alt.Chart(vega.data(rows.to_dict("records"))).encode(x=x, y=y)
    band = (
        alt.Chart(base.data)
        .transform_filter(f"{BETWEEN} && (min(low, high) > {least} || max(low, high) < {most})")
        .transform_aggregate(first="min(x)", last="max(x)")
        .mark_rect(fill=FAINT, opacity=0.12, aria=False, cornerRadius=3)
        .encode(x=alt.X("first:Q"), x2="last:Q")
    )
    dots = base.mark_point(filled=True, size=60, stroke=PAPER, strokeWidth=0.6).encode(
        **regimes.encodings(), opacity=alt.condition(BETWEEN, alt.value(0.9), alt.value(0.2))
    )
    ring = base.transform_filter(CHOSEN).mark_point(size=260, stroke=INK, strokeWidth=2, opacity=1, aria=False)
    picked = alt.selection_point(name="picked", fields=["run"], on=vega.HOVER, nearest=True, clear=False)
    brushed = alt.selection_interval(
        name="brushed", encodings=["x"], translate=False, zoom=False,
        mark=alt.BrushConfig(fillOpacity=0, strokeOpacity=0),
    )  # fmt: skip
    return alt.layer(band, dots.add_params(picked, brushed).properties(name="dots"), ring).properties(
        width=CONTAINER, height=230, title=vega.heading("final cost of each run")
    )


def lines_view(steps: pd.DataFrame, limits: Limits, regimes: vega.Regimes) -> vega.View:
    """The costs along the runs at the chosen rates, thin, and along the chosen run, thick with its end marked."""
    rows = [
        {
            "run": run_id,
            "rate": own[RATE].iloc[0],
            "regime": own["regime"].iloc[0],
            "step": np.maximum(own["step"].to_numpy(float), START),
            "cost": axes.clipped(own["cost"], limits).to_numpy(),
        }
        for run_id, own in steps.sort_values("step", kind="stable").groupby("run_id", sort=False)
    ]
    last = float(max(steps["step"].max(), 1))
    ticks = [START, *(10.0**power for power in range(int(np.log10(last)) + 1))]
    axis = alt.Axis(title="step", values=ticks, labelExpr="datum.value < 1 ? '0' : format(datum.value, ',')")
    x = alt.X("step:Q").scale(vega.log_scale(START, last)).axis(axis)
    y = alt.Y("cost:Q").scale(vega.log_scale(*limits)).axis(vega.log_axis(*limits))
    color = regimes.encodings()["color"]
    base = alt.Chart(vega.data(rows)).encode(x=x, y=y, color=color, detail="run:N")
    thin = base.transform_filter(BETWEEN).transform_flatten(["step", "cost"])
    thick = base.transform_filter(CHOSEN).transform_flatten(["step", "cost"])
    return alt.layer(
        thin.mark_line(strokeWidth=1, opacity=0.35, aria=False),
        thick.mark_line(strokeWidth=6, aria=False).encode(color=alt.value(PAPER)),
        thick.mark_line(strokeWidth=3, aria=False),
        thick.mark_point(filled=True, size=45, opacity=1, stroke=PAPER, strokeWidth=0.6).encode(**regimes.encodings()),
    ).properties(width=CONTAINER, height=200, title=vega.heading("cost, step by step"))
