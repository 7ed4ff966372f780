"""Sharpness and cost along gradient descent, up to a step that the reader moves."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from analysis import describe, words
from analysis.columns import RATE
from analysis.draw import axes, style
from analysis.draw.axes import Limits
from analysis.draw.sharpness import SPIKE
from analysis.items import RANGE, Chart, Control, Gesture, Readout
from analysis.stats.sharpness import CRITICAL, compared
from analysis.touch import vega
from analysis.touch.vega import CONTAINER, PAPER

SHARPNESS = "largest eigenvalue of the Hessian"


def sharpness_chart(name: str, runs: pd.DataFrame, steps: pd.DataFrame) -> Chart:
    """The sharpness so far with the limit 2/η of each run's learning rate, and the cost so far, of gradient descent."""
    steps = compared(steps)
    at = sorted(int(step) for step in steps["step"].unique())
    return Chart(
        name=f"{name}_touch",
        title="Watch the sharpness rise",
        spec=specification(steps),
        alternative=(
            f"Two plots over the steps of {words.plural(len(runs), 'run')} of gradient descent: the sharpness, with a "
            "dashed line at 2/η for each learning rate, and the cost below. The slider sets the step up to which they "
            "are drawn; the text below gives the numbers at that step."
        ),
        caption=words.sentences(
            f"sharpness λ, the {SHARPNESS}, and {describe.cost_name(steps)} up to the chosen step; pale: what is to "
            "come; dashed: 2/η, above which descent on a quadratic is unstable",
            describe.counts(runs),
            "move the slider, or click or tap a step in a plot",
        ),
        controls=[
            Control(
                parameter="step",
                label="step",
                values=at,
                texts=[f"{step:,}" for step in at],
                start=len(at) // 4,
                kind=RANGE,
            )
        ],
        gestures=[Gesture(selection=picked, field="step", parameters=["step"]) for picked in ("picked", "picked_cost")],
        readouts=[Readout(parameters=["step"], texts=texts(steps, at))],
    )


def texts(steps: pd.DataFrame, at: list[int]) -> dict[str, str]:
    """What holds at each step, rate by rate, by the step's place."""
    by_step: Mapping[int, pd.DataFrame] = dict(iter(steps.groupby("step")))
    return {str(place): step_text(by_step[step]) for place, step in enumerate(at)}


def step_text(steps: pd.DataFrame) -> str:
    """The median sharpness over seeds of each learning rate at one step, beside the limit."""
    several = steps.groupby(RATE).size().max() > 1
    parts = [
        f"η = {words.rate(float(rate))}: sharpness {same['sharpness'].median():.3g} with 2/η = "
        f"{same[CRITICAL].iloc[0]:.3g}, cost {same['cost'].median():.3g}"
        for rate, same in steps.groupby(RATE)
    ]
    median = " (medians over seeds)" if several else ""
    return f"Step {steps['step'].iloc[0]:,}{median}. {'; '.join(parts)}."


def specification(steps: pd.DataFrame) -> dict[str, object]:
    """The sharpness above, the cost below."""
    rates = [f"η = {words.rate(rate)}" for rate in sorted(steps[RATE].unique())]
    colors = [color for _, color in zip(rates, style.CHOICES, strict=False)]
    color = alt.Color("η:N").scale(domain=rates[: len(colors)], range=colors)
    positive = steps["sharpness"].where(steps["sharpness"] > 0)
    bounds = axes.cost_limits(pd.concat([positive[positive < SPIKE * positive.median()], steps[CRITICAL]]))
    limits = axes.cost_limits(steps["cost"])
    rows = pd.DataFrame(
        {
            "run": steps["run_id"],
            "η": [f"η = {words.rate(rate)}" for rate in steps[RATE]],
            "step": steps["step"],
            "sharpness": positive.where(positive.between(*bounds)),
            "cost": axes.clipped(steps["cost"], limits),
            "limit": steps[CRITICAL],
        }
    )
    base = alt.Chart(vega.data(rows.to_dict("records"))).encode(color=color)
    lines = base.encode(
        x=alt.X("step:Q").title("step").axis(tickCount=5).scale(domain=[0, int(steps["step"].max())], nice=False)
    )
    above = alt.layer(limit_rules(base), *so_far(lines, "sharpness", bounds, "picked")).properties(
        width=CONTAINER, height=230, title=vega.heading("sharpness λ; dashed: 2/η")
    )
    below = alt.layer(*so_far(lines, "cost", limits, "picked_cost")).properties(
        width=CONTAINER, height=150, title=vega.heading("cost")
    )
    return vega.specification(alt.vconcat(above, below, spacing=20), "step")


def limit_rules(base: alt.Chart) -> alt.Chart:
    """A dashed line at each learning rate's limit."""
    return (
        base.transform_aggregate(limit="min(limit)", groupby=["η"])
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.2, aria=False)
        .encode(y="limit:Q")
    )


def so_far(lines: alt.Chart, column: str, limits: Limits, picked: str) -> list[alt.Chart]:
    """A column along each run: pale throughout, full up to the chosen step, with a dot there."""
    y = alt.Y(f"{column}:Q").scale(vega.log_scale(*limits)).axis(vega.log_axis(*limits))
    lines = lines.encode(y=y, detail="run:N")
    choice = alt.selection_point(name=picked, fields=["step"], on="click", nearest=True, clear=False)
    return [
        lines.mark_line(strokeWidth=1, opacity=0.25, aria=False),
        lines.transform_filter("datum.step <= step").mark_line(strokeWidth=2, aria=False),
        lines.mark_point(opacity=0, size=80, aria=False).add_params(choice).properties(name=f"{picked}_dots"),
        lines.transform_filter("datum.step === step").mark_point(
            filled=True, opacity=1, size=70, stroke=PAPER, strokeWidth=0.8, aria=False
        ),
    ]
