"""Final cost, final accuracy and the way there against the learning rate: where descent learns, shrugs and dies.

python experiments/train.py -m experiment=lr_divergence
python analysis/lr_divergence.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from analysis import axes, study, style, words
from analysis.study import Drawn
from gdlab.stopping import BUDGET, DIVERGED, SATURATED

EXPERIMENT = "lr_divergence"
TITLE = "How large may a learning rate be?"
QUESTION = "Too small and nothing is learned; too large and there is nothing left that could learn."
RATE = "optimizer.learning_rate"
SHRUG, DEAD = (0.90, "shrug 0.90"), (1.0, "dead 1.0")
CHANCE = (0.1, "chance 0.1")


def figures(runs: pd.DataFrame, steps: pd.DataFrame) -> list[Drawn]:
    """Every figure of the study."""
    names = [RATE, "seed", "outcome", "final_cost", "final_accuracy", "steps"]
    return [
        Drawn(
            name=f"{EXPERIMENT}_final",
            title="Final cost and accuracy against the learning rate",
            figure=final(runs),
            caption=final_caption(runs),
            data=runs.reindex(columns=[name for name in names if name in runs]).sort_values([RATE, "seed"]),
        ),
        Drawn(
            name=f"{EXPERIMENT}_trajectories",
            title="Cost against step",
            figure=trajectories(steps),
            caption=trajectories_caption(runs, steps),
            data=steps[[RATE, "seed", "outcome", "step", "cost"]].sort_values([RATE, "seed", "step"]),
        ),
    ]


@style.theme()
def final(runs: pd.DataFrame) -> Figure:
    """Final cost, and test accuracy where there is one, against the learning rate; every run a dot."""
    accurate = "final_accuracy" in runs
    figure = Figure(figsize=(style.COLUMN, 4.6 if accurate else 3.0), layout="constrained")
    panels = figure.subplots(1 + accurate, 1, sharex=True, squeeze=False, height_ratios=[3, 2][: 1 + accurate])[:, 0]
    limits = cost_limits(runs, "final_cost")
    medians = summary(runs).set_index(RATE)

    draw_runs(panels[0], runs.assign(final_cost=axes.placed(runs["final_cost"], limits)), "final_cost")
    draw_medians(panels[0], axes.placed(medians["median_final_cost"], limits), label=median_name(runs))
    axes.set_cost(panels[0], limits, f"final {cost_name(runs)}")
    axes.draw_references(panels[0], references(runs))
    if accurate:
        draw_runs(panels[1], runs, "final_accuracy")
        draw_medians(panels[1], medians["median_final_accuracy"], label=median_name(runs))
        axes.draw_references(panels[1], [CHANCE])
        panels[1].set(ylim=(0, 1), ylabel="final test accuracy")
    axes.set_learning_rate(panels[-1], runs[RATE])
    title = [words.size(runs), *axes.off_scale(runs["final_cost"], limits, runs["run_id"])]
    panels[0].legend(loc="lower left", bbox_to_anchor=(-0.05, 1.02), ncols=2, title="\n".join(title), alignment="left")
    return figure


def draw_runs(ax: Axes, runs: pd.DataFrame, column: str) -> None:
    """Every run a dot in its outcome's colour and marker, seeds side by side."""
    places = axes.side_by_side(runs[RATE], runs["seed"])
    for outcome, mark in style.OUTCOMES.items():
        ended = runs["outcome"] == outcome
        if ended.any():
            ax.scatter(
                places[ended],
                runs.loc[ended, column],
                s=np.clip(1200 / len(runs), 4, 15),
                color=mark.color,
                marker=mark.marker,
                edgecolor="white",
                linewidth=0.3,
                alpha=0.85,
                label=f"{outcome} ({ended.sum()})",
                clip_on=False,
                zorder=3,
            )


def draw_medians(ax: Axes, medians: pd.Series, label: str) -> None:
    marker = "_" if len(medians) == 1 else ""
    ax.plot(medians.index, medians, color=style.INK, linewidth=0.8, marker=marker, markersize=20, label=label, zorder=4)


def median_name(runs: pd.DataFrame) -> str:
    return "median over seeds" if runs["seed"].nunique() > 1 else "one seed"


@style.theme()
def trajectories(steps: pd.DataFrame) -> Figure:
    """The recorded cost of every run against the step, coloured by learning rate, a panel for each outcome."""
    outcomes = [outcome for outcome in style.OUTCOMES if (steps["outcome"] == outcome).any()]
    heights = [2.0 if outcome == BUDGET else 1.2 for outcome in outcomes]
    figure = Figure(figsize=(style.COLUMN, 1.1 + sum(heights)), layout="constrained")
    panels = figure.subplots(len(outcomes), 1, sharex=True, sharey=True, squeeze=False, height_ratios=heights)[:, 0]
    colors = ScalarMappable(rate_norm(steps[RATE]), style.scale_colors())
    limits = cost_limits(steps, "cost")
    for ax, outcome in zip(panels, outcomes, strict=True):
        ended = steps[steps["outcome"] == outcome]
        shown = ended.assign(cost=axes.placed(ended["cost"], limits))
        for _, run in shown.groupby("run_id", sort=False):
            ax.plot(run["step"], run["cost"], color=colors.to_rgba(run[RATE].iloc[0]), linewidth=0.8, alpha=0.9)
        ends = shown.drop_duplicates("run_id", keep="last")
        axes.set_cost(ax, limits, cost_name(steps))
        if outcome != BUDGET:
            draw_ends(ax, ends, style.OUTCOMES[outcome])
        axes.draw_references(ax, references(steps))
        title = [
            f"{outcome}: {words.plural(len(ends), 'run')}",
            *axes.off_scale(ended["cost"], limits, ended["run_id"]),
        ]
        ax.set_title("\n".join(title), loc="left")
    axes.set_step(panels[-1], steps["step"].max())
    bar = figure.colorbar(colors, ax=panels, location="top", label="learning rate η", aspect=40)
    axes.name_few(bar.ax.xaxis, steps[RATE])
    return figure


def draw_ends(ax: Axes, ends: pd.DataFrame, mark: style.Mark) -> None:
    """Mark where runs stopped, and count those that stopped at one place."""
    ax.scatter(
        ends["step"],
        ends["cost"],
        s=18,
        color=mark.color,
        marker=mark.marker,
        edgecolor=style.INK,
        linewidth=0.4,
        clip_on=False,
        zorder=3,
    )
    about = ends["cost"].map("{:.2g}".format)
    for (step, _), stopped in ends.groupby(["step", about]):
        if len(stopped) > 1:
            cost = stopped["cost"].median()
            inwards = (5, -9) if cost**2 > np.prod(ax.get_ylim()) else (5, 4)
            ax.annotate(f"{len(stopped)} runs", (step, cost), xytext=inwards, textcoords="offset points", fontsize=6.5)


def rate_norm(learning_rates: pd.Series) -> LogNorm:
    """A log colour scale over the learning rates, with a width even for one of them."""
    low, high = learning_rates.min(), learning_rates.max()
    return LogNorm(low, high) if low < high else LogNorm(low / 10**0.5, high * 10**0.5)


def cost_limits(frame: pd.DataFrame, column: str) -> axes.Limits:
    return axes.cost_limits(frame[column], [level for level, _ in references(frame)])


def cost_name(frame: pd.DataFrame) -> str:
    return "training cost" if "problem.data.name" in frame else "cost"


def references(runs: pd.DataFrame) -> list[tuple[float, str]]:
    """The costs of two ways of not learning, for ten sigmoid outputs under the quadratic cost."""
    if not {"problem.cost", "problem.output"} <= set(runs):
        return []
    bounded = (runs["problem.cost"] == "quadratic") & (runs["problem.output"] == "sigmoid")
    return [SHRUG, DEAD] if bounded.all() else []


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Each learning rate's runs, outcomes and medians over them; a cost that is not a number counts as infinite."""
    groups = runs.assign(final_cost=runs["final_cost"].fillna(np.inf)).groupby(RATE)
    table = pd.crosstab(runs[RATE], runs["outcome"]).reindex(columns=list(style.OUTCOMES), fill_value=0)
    table.insert(0, "runs", groups.size())
    for column in ("final_cost", "final_accuracy"):
        if column in runs:
            table[f"median_{column}"] = groups[column].median()
    return table.rename_axis(columns=None).reset_index()


def final_caption(runs: pd.DataFrame) -> str:
    seeds, accurate = runs["seed"].nunique(), "final_accuracy" in runs
    return words.sentences(
        f"Final {cost_name(runs)}{' and final test accuracy' if accurate else ''} against the learning rate η",
        words.size(runs),
        f"every dot is a run, in the colour of its outcome{', seeds side by side' if seeds > 1 else ''}",
        "the line joins the medians over seeds; no interval is drawn, as every run is"
        if seeds > 1
        else "one seed: no spread, and the line joins the runs",
        "" if runs[RATE].nunique() > 1 else "one learning rate: no line",
        *axes.off_scale(runs["final_cost"], cost_limits(runs, "final_cost"), runs["run_id"]),
        "chance: one answer for every example is right for about one in ten" if accurate else "",
        *shared_caption(runs),
    )


def trajectories_caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    return words.sentences(
        f"{cost_name(steps)} of every run against the step, both on log scales; step 0 has a place of its own",
        words.size(runs),
        f"a line is a run, measured at up to {steps['step'].nunique()} steps; its colour is its learning rate",
        "" if runs["seed"].nunique() > 1 else "one seed: no spread",
        "" if runs[RATE].nunique() > 1 else "one learning rate: one colour",
        "marks show where runs stopped before their budget was spent" if (runs["outcome"] != BUDGET).any() else "",
        *axes.off_scale(steps["cost"], cost_limits(steps, "cost"), steps["run_id"]),
        *shared_caption(runs),
    )


def shared_caption(runs: pd.DataFrame) -> list[str]:
    """What every figure of the study says: its level lines, how runs ended, what was run."""
    hidden = "; ".join(f"{name} {text}" for name, text in words.differences(runs).items())
    return [
        "dashed: the shrug, all ten outputs 0.1, costs 0.90; the dead network, all outputs 0, costs 1.0"
        if references(runs)
        else "",
        f"outcomes: {words.outcomes(runs)}",
        "; ".join(f"{name}: {text}" for name, text in words.setup(runs).items()),
        f"not told apart here, though runs differ in them: {hidden}" if hidden else "",
    ]


def findings(runs: pd.DataFrame) -> list[str]:
    """What the runs show, in sentences made from their numbers."""
    table = summary(runs)
    found = [best(table, "median_final_cost", "lowest", table["median_final_cost"].min())]
    if "median_final_accuracy" in table:
        found.append(best(table, "median_final_accuracy", "highest", table["median_final_accuracy"].max()))
    for outcome in (SATURATED, DIVERGED):
        ended = runs.loc[runs["outcome"] == outcome, RATE]
        if len(ended):
            found.append(f"{outcome}: {len(ended)} of {len(runs)} runs, {span(ended)}")
    return [words.sentences(text) for text in found]


def best(table: pd.DataFrame, column: str, which: str, value: float) -> str:
    if not np.isfinite(value):
        return "no learning rate has a finite median cost"
    rates = [f"{rate:g}" for rate in table.loc[table[column] == value, RATE]]
    quantity = column.replace("_", " ").replace("accuracy", "test accuracy")
    return f"the {which} {quantity} is {value:.3g}, at η = {words.listed(rates)}"


def span(learning_rates: pd.Series) -> str:
    low, high = learning_rates.min(), learning_rates.max()
    return f"at η = {low:g}" if low == high else f"at η from {low:g} to {high:g}"


def main() -> None:
    options = study.command_line(__doc__, EXPERIMENT).parse_args()
    drawn = figures(*study.load(options.uri, options.experiment))
    for file in study.save(drawn, options.output):
        print(f"wrote {file}")


if __name__ == "__main__":
    study.exit_plainly(main)
