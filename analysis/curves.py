"""Final cost and accuracy, and the way there, against the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import averages, axes, style, words
from analysis.study import RATE, Drawn, Made, Table

SHRUG, DEAD = (0.90, "shrug 0.90"), (1.0, "dead 1.0")
CHANCE = (0.1, "chance 0.1")
USABLE = 2.0  # times the best final cost: a learning rate that comes that close is usable
MOST_PANELS = 12
AVERAGE = "interquartile mean over seeds"
BAND = f"band: its {averages.INTERVAL} over seeds, each learning rate resampled on its own"


def against_rate(name: str, title: str, runs: pd.DataFrame, steps: pd.DataFrame) -> Made:
    """The figures and the table of one kind of runs over learning rates."""
    told = [RATE, "seed", "regime", "outcome", "final_cost", "final_accuracy", "start_sharpness", "steps"]
    return Made(
        findings=findings(runs),
        drawn=[
            Drawn(
                name=f"{name}_final",
                title=f"{title}: final cost{' and accuracy' if 'final_accuracy' in runs else ''}",
                figure=final(runs),
                caption=final_caption(runs),
                data=runs[[column for column in told if column in runs]].sort_values([RATE, "seed"]),
            ),
            Drawn(
                name=f"{name}_trajectories",
                title=f"{title}: cost against step",
                figure=trajectories(steps),
                caption=trajectories_caption(runs, steps),
                data=steps[[RATE, "seed", "regime", "step", "cost"]].sort_values([RATE, "seed", "step"]),
            ),
        ],
        tables=[
            Table(
                name=f"{name}_summary",
                title=f"{title}: by learning rate",
                frame=summary(runs),
                caption=words.sentences(
                    f"for each learning rate: runs, how many of each regime, {AVERAGE} and its {averages.INTERVAL}",
                    words.regimes(runs),
                ),
            )
        ],
    )


@style.theme()
def final(runs: pd.DataFrame) -> Figure:
    """Final cost, and test accuracy where there is one, against the learning rate; every run a dot."""
    accurate = "final_accuracy" in runs
    figure = Figure(figsize=(style.COLUMN, 4.8 if accurate else 3.2), layout="constrained")
    panels = figure.subplots(1 + accurate, 1, sharex=True, squeeze=False, height_ratios=[3, 2][: 1 + accurate])[:, 0]
    limits = cost_limits(runs, "final_cost")
    draw_runs(panels[0], runs.assign(final_cost=axes.placed(runs["final_cost"], limits)), "final_cost")
    draw_average(panels[0], runs, "final_cost", limits)
    axes.set_cost(panels[0], limits, f"final {cost_name(runs)}")
    axes.draw_references(panels[0], references(runs))
    if accurate:
        draw_runs(panels[1], runs, "final_accuracy")
        draw_average(panels[1], runs, "final_accuracy", (0, 1))
        axes.draw_references(panels[1], [CHANCE])
        panels[1].set(ylim=(0, 1), ylabel="final test accuracy")
    for ax, label in zip(panels, ("2/λ at the start", None), strict=False):
        draw_border(ax, runs, label)
    axes.set_learning_rate(panels[-1], runs[RATE])
    title = [words.size(runs), *axes.off_scale(runs["final_cost"], limits, runs["run_id"])]
    panels[0].legend(
        loc="lower left",
        bbox_to_anchor=(-0.12, 1.02),
        ncols=2,
        title="\n".join(title),
        alignment="left",
        columnspacing=1.0,
        handletextpad=0.5,
    )
    return figure


def draw_runs(ax: Axes, runs: pd.DataFrame, column: str) -> None:
    """Every run a dot in its regime's colour and marker, seeds side by side."""
    places = axes.side_by_side(runs[RATE], runs["seed"])
    for regime, mark in style.REGIMES.items():
        told = runs["regime"] == regime
        if told.any():
            ax.scatter(
                places[told],
                runs.loc[told, column],
                s=np.clip(1200 / len(runs), 4, 15),
                color=mark.color,
                marker=mark.marker,
                edgecolor="white",
                linewidth=0.3,
                alpha=0.85,
                label=f"{regime} ({told.sum()})",
                clip_on=False,
                zorder=3 + 1 / told.sum(),  # the rarest on top
            )


def draw_average(ax: Axes, runs: pd.DataFrame, column: str, limits: axes.Limits) -> None:
    """The interquartile mean over seeds and its interval, or the runs themselves where there is one seed."""
    table = averages.summarized(runs, [RATE], column)
    center = axes.placed(table["iqm"], limits)
    ax.plot(table[RATE], center, color=style.INK, linewidth=0.8, label=average_name(runs), zorder=4)
    if table["low"].notna().any():
        low, high = (axes.placed(table[end].fillna(table["iqm"]), limits) for end in ("low", "high"))
        ax.fill_between(table[RATE], low, high, color=style.INK, alpha=0.18, linewidth=0, zorder=1)


def draw_border(ax: Axes, runs: pd.DataFrame, label: str | None) -> None:
    """Where theory puts the border of stability at the start: 2 / λ, a line, as wide as it differs between seeds."""
    border = theory(runs)
    if border is None:
        return
    low, middle, high = border
    ax.axvspan(low, high, color=style.FAINT, alpha=0.2, linewidth=0, zorder=0)
    ax.axvline(middle, color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 1)), zorder=0, label=label)


def theory(runs: pd.DataFrame) -> tuple[float, float, float] | None:
    """The lowest, the median and the highest 2 / λ at the runs' starts."""
    if "start_sharpness" not in runs or not (runs["start_sharpness"] > 0).any():
        return None
    border = 2 / runs.loc[runs["start_sharpness"] > 0, "start_sharpness"]
    return float(border.min()), float(border.median()), float(border.max())


def average_name(runs: pd.DataFrame) -> str:
    return AVERAGE if runs["seed"].nunique() > 1 else "one seed"


@style.theme()
def trajectories(steps: pd.DataFrame) -> Figure:
    """The recorded cost of every run against the step, a panel for each learning rate, at most MOST_PANELS of them."""
    rates = shown_rates(steps)
    columns = min(3, len(rates))
    rows = -(-len(rates) // columns)
    figure = Figure(figsize=(max(style.COLUMN, 2.4 * columns), 0.6 + 1.35 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    limits = cost_limits(steps, "cost")
    shown = steps.assign(cost=axes.placed(steps["cost"], limits))
    for ax, rate in zip(panels, rates, strict=False):
        here = shown[shown[RATE] == rate]
        for (_, regime), run in here.groupby(["run_id", "regime"], sort=False):
            mark = style.REGIMES[str(regime)]
            ax.plot(run["step"], run["cost"], color=mark.color, linewidth=0.8, alpha=0.8)
            end = run.iloc[[-1]]
            ax.scatter(end["step"], end["cost"], s=9, color=mark.color, marker=mark.marker, clip_on=False, zorder=3)
        axes.set_cost(ax, limits, "")
        for level, _ in references(steps):
            ax.axhline(level, color=style.FAINT, linewidth=0.6, linestyle=(0, (4, 2)), zorder=0)
        ax.set_title(f"η = {rate:g}", loc="left")
    for ax in panels[len(rates) :]:
        ax.set_axis_off()
    axes.set_step(panels[0], steps["step"].max())
    for ax in panels:
        ax.set_xlabel("")
        ax.label_outer()
        ax.minorticks_off()  # a dozen panels of them would take longer to draw than all else
    figure.supxlabel("step", fontsize=8)
    figure.supylabel(cost_name(steps), fontsize=8)
    regimes = [name for name in style.REGIMES if (steps["regime"] == name).any()]
    handles = [
        panels[0].plot([], [], color=style.REGIMES[name].color, marker=style.REGIMES[name].marker, ms=3.5, label=name)[
            0
        ]
        for name in regimes
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def shown_rates(steps: pd.DataFrame) -> list[float]:
    """All learning rates, or as many as there are panels, evenly chosen, the ends among them."""
    rates = sorted(steps[RATE].unique())
    chosen = np.linspace(0, len(rates) - 1, min(len(rates), MOST_PANELS)).round().astype(int)
    return [float(rates[i]) for i in chosen]


@style.theme()
def sensitivity(runs: pd.DataFrame, key: str, say: Mapping[object, str]) -> Figure:
    """Final cost against the learning rate for each choice of `key`, and below it the range that is usable."""
    figure = Figure(figsize=(style.PAGE * 0.72, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.1])
    limits = cost_limits(runs, "final_cost")
    table = usable(runs, key)
    for i, (choice, color) in enumerate(zip(say, style.CHOICES, strict=False)):
        here = runs[runs[key] == choice]
        places = axes.side_by_side(here[RATE], here["seed"])
        center = averages.summarized(here, [RATE], "final_cost")
        top.scatter(places, axes.placed(here["final_cost"], limits), s=4, color=color, alpha=0.45, linewidth=0)
        top.plot(center[RATE], axes.placed(center["iqm"], limits), color=color, linewidth=1.2, label=say[choice])
        low, high = (axes.placed(center[end].fillna(center["iqm"]), limits) for end in ("low", "high"))
        top.fill_between(center[RATE], low, high, color=color, alpha=0.15, linewidth=0)
        row = table[table["choice"] == choice].iloc[0]
        bottom.plot([row["from"], row["to"]], [-i, -i], color=color, linewidth=4, solid_capstyle="butt")
        bottom.plot(row["best"], -i, color="white", marker="o", ms=3, markeredgecolor=color, zorder=3)
        told = f"{row['decades']:.2f}" + (f" [{row['low']:.2f}, {row['high']:.2f}]" if row["low"] == row["low"] else "")
        bottom.annotate(
            told,
            (row["to"], -i),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            annotation_clip=False,
        )
    axes.set_cost(top, limits, f"final {cost_name(runs)}")
    axes.draw_references(top, references(runs))
    title = [words.size(runs, [key]), *axes.off_scale(runs["final_cost"], limits, runs["run_id"])]
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=3, title="\n".join(title), alignment="left")
    axes.set_learning_rate(bottom, runs[RATE])
    bottom.set_yticks([-i for i in range(len(say))], list(say.values()))
    bottom.set(ylim=(0.6 - len(say), 0.6), ylabel="usable range\n(width in decades)")
    return figure


def usable(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """For each choice of `key` its best learning rate and final cost, and the range about it in which the interquartile
    mean of the final cost is within USABLE times that best, with its width in decades and the width's interval.
    """
    rows = []
    for stratum, (choice, here) in enumerate(runs.groupby(key, sort=False)):
        groups = {rate: group["final_cost"].to_numpy(float) for rate, group in here.groupby(RATE)}
        rates = np.array(list(groups))
        costs = np.array([averages.interquartile_mean(values) for values in groups.values()])
        low, high = np.nan, np.nan
        if all(len(values) > 1 for values in groups.values()):
            samples = np.array(
                [
                    averages.interquartile_mean(averages.resampled(values, 1000 * stratum + i))
                    for i, values in enumerate(groups.values())
                ]
            )
            low, high = averages.interval(np.array([np.ptp(np.log10(span(rates, sample))) for sample in samples.T]))
        start, end = span(rates, costs)
        best = int(np.argmin(costs))
        rows.append(
            [choice, rates[best], costs[best], start, end, np.log10(end / start), low, high, here["seed"].nunique()]
        )
    columns = ["choice", "best", "cost", "from", "to", "decades", "low", "high", "seeds"]
    return pd.DataFrame(rows, columns=columns)


def span(rates: np.ndarray, costs: np.ndarray) -> tuple[float, float]:
    """The ends of the range about the lowest cost that stays within USABLE times it; between two learning rates the
    logarithm of the cost is taken to be linear in that of the rate.
    """
    best = int(np.argmin(costs))
    if not 0 < costs[best] < np.inf:
        return float(rates[best]), float(rates[best])
    level = np.log(USABLE * costs[best])

    def edge(way: int) -> float:
        i = best
        while 0 <= i + way < len(rates) and np.log(costs[i + way]) <= level:
            i += way
        if not 0 <= i + way < len(rates) or not np.isfinite(costs[i + way]):
            return float(rates[i])
        here, there = np.log(costs[i]), np.log(costs[i + way])
        share = (level - here) / (there - here)
        return float(rates[i] * (rates[i + way] / rates[i]) ** share)

    return edge(-1), edge(1)


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
    """Each learning rate's runs, regimes, and averages over them with their intervals."""
    table = pd.crosstab(runs[RATE], runs["regime"]).reindex(columns=list(style.REGIMES), fill_value=0)
    table = table.loc[:, table.any()]
    table.insert(0, "runs", runs.groupby(RATE).size())
    for column in ("final_cost", "final_accuracy"):
        if column in runs:
            stated = averages.summarized(runs, [RATE], column).set_index(RATE)
            table[[column.replace("_", " "), f"{column.split('_')[1]} low", f"{column.split('_')[1]} high"]] = stated[
                ["iqm", "low", "high"]
            ]
    return table.rename_axis(columns=None, index="learning rate η").reset_index()


def final_caption(runs: pd.DataFrame) -> str:
    seeds, accurate = runs["seed"].nunique(), "final_accuracy" in runs
    border = theory(runs)
    return words.sentences(
        f"Final {cost_name(runs)}{' and final test accuracy' if accurate else ''} against the learning rate η",
        words.size(runs),
        f"every dot is a run, in the colour of its regime{', seeds side by side' if seeds > 1 else ''}",
        f"line: {AVERAGE}; {BAND}" if seeds > 1 else "one seed: no spread, and the line joins the runs",
        "" if runs[RATE].nunique() > 1 else "one learning rate: no line",
        f"dotted: the border of stability by theory, 2/λ with λ the sharpness at the start, median {border[1]:.3g}; "
        f"grey: from {border[0]:.3g} to {border[2]:.3g} over the starts"
        if border
        else "",
        *axes.off_scale(runs["final_cost"], cost_limits(runs, "final_cost"), runs["run_id"]),
        "chance: one answer for every example is right for about one in ten" if accurate else "",
        *shared_caption(runs),
    )


def trajectories_caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    rates, shown = runs[RATE].nunique(), len(shown_rates(steps))
    return words.sentences(
        f"{cost_name(steps)} of every run against the step, both on log scales; step 0 has a place of its own",
        words.size(runs),
        f"a panel is a learning rate{f', {shown} of the {rates}' if shown < rates else ''}; a line is a run, measured "
        f"at up to {steps['step'].nunique()} steps, in the colour of its regime; its end is marked",
        "" if runs["seed"].nunique() > 1 else "one seed: no spread",
        *axes.off_scale(steps["cost"], cost_limits(steps, "cost"), steps["run_id"]),
        *shared_caption(runs),
    )


def sensitivity_caption(runs: pd.DataFrame, key: str, what: str) -> str:
    return words.sentences(
        f"Final {cost_name(runs)} against the learning rate η for each {what}",
        words.size(runs, [key]),
        f"every dot is a run; line: {AVERAGE}; {BAND}",
        f"below: where that average is within {USABLE:g} times the {what}'s best, which the dot marks; the number is "
        f"its width in decades, with its {averages.INTERVAL}; a range that ends where the learning rates end may be "
        "wider",
        *axes.off_scale(runs["final_cost"], cost_limits(runs, "final_cost"), runs["run_id"]),
        *shared_caption(runs, [key]),
    )


def shared_caption(runs: pd.DataFrame, drawn: Sequence[str] = ()) -> list[str]:
    """What every figure says: its level lines, the regimes, what was run."""
    hidden = "; ".join(f"{name} {text}" for name, text in words.differences(runs, [RATE, *drawn]).items())
    return [
        "dashed: the shrug, all ten outputs 0.1, costs 0.90; the dead network, all outputs 0, costs 1.0"
        if references(runs)
        else "",
        *words.throughout(runs),
        f"not told apart here, though runs differ in them: {hidden}" if hidden else "",
    ]


def findings(runs: pd.DataFrame) -> list[str]:
    """What the runs show, in sentences made from their numbers."""
    costs = averages.summarized(runs, [RATE], "final_cost")
    found = [best(costs, "final cost", "lowest", costs["iqm"].min())]
    if "final_accuracy" in runs:
        accuracies = averages.summarized(runs, [RATE], "final_accuracy")
        found.append(best(accuracies, "final test accuracy", "highest", accuracies["iqm"].max()))
    for regime in style.REGIMES:
        told = runs.loc[runs["regime"] == regime]
        if len(told):
            found.append(f"{regime}: {len(told)} of {words.plural(len(runs), 'run')}, {range_of(told[RATE])}")
    border = theory(runs)
    if border:
        found.append(f"2/λ at the start: {border[1]:.3g} (median), from {border[0]:.3g} to {border[2]:.3g}")
    return [words.sentences(text) for text in found]


def best(table: pd.DataFrame, quantity: str, which: str, value: float) -> str:
    if not np.isfinite(value):
        return "no learning rate has a finite average cost"
    row = table[table["iqm"] == value].iloc[0]
    sure = f" [{row['low']:.3g}, {row['high']:.3g}]" if row["n"] > 1 else ""
    return f"the {which} {quantity} is {value:.3g}{sure}, at η = {row[RATE]:g} (n = {row['n']:.0f})"


def range_of(learning_rates: pd.Series) -> str:
    low, high = learning_rates.min(), learning_rates.max()
    return f"at η = {low:g}" if low == high else f"at η from {low:g} to {high:g}"
