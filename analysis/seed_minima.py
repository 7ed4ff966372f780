"""What does the seed decide? Minima compared: as points, up to relabelling, as functions, by their cost.

python experiments/train.py -m experiment=seed_minima
python analysis/seed_minima.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import averages, axes, basin_maps, curves, minima, study, style, valleys, words
from analysis.minima import ARMS, BOTH, ORDER, START, Minima
from analysis.study import Drawn, Made, Study, StudyError, Table
from gdlab.measure.geometry import distinct_units

INITIALIZER = "problem.initializer"
PAIRS = "all pairs of an arm; runs are resampled"


def seeds(runs: pd.DataFrame, steps: pd.DataFrame, found: Minima) -> Made:
    """The three arms, held against each other."""
    arms = minima.arms(found)
    if not arms:
        raise StudyError(
            "no arm has three runs: this study needs runs that differ in seeds.init, in seeds.batches, or in both; "
            f"run {runs['run_name'].iloc[0]!r} and the others do not"
        )
    lines = {arm: (part.lines(align=False), part.lines(align=True)) for arm, part in arms.items()}
    answers = answered(arms, lines)
    drawn = [
        Drawn(
            name="seed_minima_final",
            title="Final cost and accuracy by arm",
            figure=valleys.finals(arms),
            caption=captioned(
                runs,
                arms,
                "final training cost and final test accuracy; every dot is a run; black: the interquartile mean over "
                "seeds and its " + averages.INTERVAL,
            ),
            data=pd.concat([part.runs.assign(arm=arm) for arm, part in arms.items()])[
                ["arm", "seeds.init", "seeds.batches", "final_cost", "final_accuracy"]
            ],
        ),
        Drawn(
            name="seed_minima_distances",
            title="Distances between minima, as they are and aligned",
            figure=valleys.heatmaps(arms),
            caption=captioned(
                runs,
                arms,
                "Euclidean distance of every pair of runs, all maps on one colour scale; above: between the minima "
                "as they are; below: after the hidden units of one are relabelled, and change sign, to bring it "
                "nearest to the other; runs are in the order of an average-linkage clustering, each map its own",
            ),
            data=pairs(arms),
        ),
        Drawn(
            name="seed_minima_disagreement",
            title="Are minima that are far apart different functions?",
            figure=valleys.alikeness(arms),
            caption=captioned(
                runs,
                arms,
                f"share of the {len(found.network.data.test_labels):,} test examples that two runs answer "
                "differently, against the distance of their minima as they are (left) and aligned (right); every "
                "dot is a pair of runs of one arm",
            ),
            data=pairs(arms),
        ),
        Drawn(
            name="seed_minima_barriers",
            title="The cost on the straight line between two minima",
            figure=valleys.between(lines),
            caption=captioned(
                runs,
                arms,
                f"training cost at {minima.POINTS} points of the straight line between two minima, from t = 0 to t = "
                "1; thin: each of the disjoint pairs of an arm; thick: their mean; the barrier is the largest rise "
                f"above the line between the costs at the ends, its mean over pairs with its {averages.INTERVAL}",
            ),
            data=between_data(lines),
        ),
    ]
    mapped = arms.get(BOTH, next(iter(arms.values())))
    figure, surface = valleys.plane(mapped)
    away = ["path" in theta for theta in mapped.thetas[:3]]
    drawn.append(
        Drawn(
            name="seed_minima_plane",
            title="The plane through three minima",
            figure=figure,
            caption=captioned(
                runs,
                arms,
                "training cost on the plane through the minima of three runs (stars), at "
                f"{valleys.GRID} × {valleys.GRID} points, on a log scale; both axes are distances in parameter space"
                + (
                    "; lines: the paths of the three runs, projected onto the plane, a dot for each recorded step"
                    if all(away)
                    else "; no paths: these runs were not recorded with record.path=true"
                ),
            ),
            data=surface,
        )
    )
    return Made(
        findings=findings(arms, lines),
        drawn=drawn,
        tables=[
            Table(
                name="seed_minima_answers",
                title="Different points, different functions, worse minima?",
                frame=answers,
                caption=captioned(
                    runs,
                    arms,
                    f"each number with its {averages.INTERVAL} in brackets; distances and disagreement: mean over "
                    f"{PAIRS}; barriers: mean over disjoint pairs; spread: standard deviation over runs; variance "
                    "share: the arm's variance of the final cost over that of the arm in which both vary, which "
                    "need not add up to 1, as each of the other arms holds one start or one order fixed",
                ),
            )
        ],
    )


def answered(arms: valleys.Arms, lines: dict[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The questions of the study, a row each; a column for each arm."""
    columns: dict[str, list[str]] = {"question": [], "measured": []}
    columns |= {arm: [] for arm in arms}
    whole = arms.get(BOTH)

    def add(question: str, what: str, values: dict[str, tuple[float, float, float] | None], form: str) -> None:
        columns["question"].append(question)
        columns["measured"].append(what)
        for arm in arms:
            value = values[arm]
            columns[arm].append("" if value is None else told(value, form))

    point, renamed = "a different point?", "different up to relabelling?"
    add(point, "distance", {arm: minima.over_pairs(part.raw) for arm, part in arms.items()}, ".3g")
    add(renamed, "distance, aligned", {arm: minima.over_pairs(part.nearer) for arm, part in arms.items()}, ".3g")
    for place, kind in enumerate(("", ", aligned")):
        heights = {arm: minima.barriers(lines[arm][place]) for arm in arms}
        add(
            renamed if place else point,
            f"barrier{kind}",
            {arm: minima.over_runs(values, mean) for arm, values in heights.items()},
            ".3f",
        )
    add(
        "a different function?",
        "test examples answered differently",
        {arm: minima.over_pairs(part.disagreement) for arm, part in arms.items()},
        ".2%",
    )
    for column, name, form in (("final_cost", "final cost", ".4f"), ("final_accuracy", "test accuracy", ".2%")):
        values = {arm: part.runs[column].to_numpy(float) for arm, part in arms.items()}
        add("a worse minimum?", f"{name}, mean", {arm: minima.over_runs(v, mean) for arm, v in values.items()}, form)
        add(
            "a worse minimum?",
            f"{name}, spread",
            {arm: minima.over_runs(v, minima.spread) for arm, v in values.items()},
            form,
        )
        if whole is not None:
            both = whole.runs[column].to_numpy(float)
            shares = {arm: None if arm == BOTH else minima.variance_share(v, both) for arm, v in values.items()}
            add("owed to what varies?", f"{name}, variance share", shares, ".2f")
    return pd.DataFrame(columns)


def told(value: tuple[float, float, float], form: str) -> str:
    return f"{value[0]:{form}} [{value[1]:{form}}, {value[2]:{form}}]"


def mean(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=-1)


def findings(arms: valleys.Arms, lines: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """What each arm says, in two sentences."""
    found = []
    for arm, part in arms.items():
        raw, near = minima.over_pairs(part.raw), minima.over_pairs(part.nearer)
        apart = minima.over_pairs(part.disagreement)
        before, after = (minima.over_runs(minima.barriers(curve), mean) for curve in lines[arm])
        costs = part.runs["final_cost"].to_numpy(float)
        size = float(np.sqrt((np.asarray(part.ends, np.float64) ** 2).sum(axis=1)).mean())
        found.append(
            words.sentences(
                f"{arm} (n = {len(part.runs)}): two minima are {told(raw, '.3g')} apart, {raw[0] / size:.2f} times "
                f"as far as they are from the origin, and {told(near, '.3g')} after relabelling; the barrier between "
                f"them goes from {told(before, '.3f')} to {told(after, '.3f')}",
                f"they answer {told(apart, '.2%')} of the test examples differently, at a final cost of "
                f"{costs.mean():.4f} ± {costs.std(ddof=1):.4f} (standard deviation) and an accuracy of "
                f"{part.runs['final_accuracy'].mean():.2%} ± {part.runs['final_accuracy'].std():.2%}",
            )
        )
    return found


def pairs(arms: valleys.Arms) -> pd.DataFrame:
    """Every pair of runs of an arm: distances and disagreement."""
    frames = []
    for arm, part in arms.items():
        first, second = np.triu_indices(len(part.runs), 1)
        names = part.runs["run_name"].to_numpy()
        frames.append(
            pd.DataFrame(
                {
                    "arm": arm,
                    "first": names[first],
                    "second": names[second],
                    "distance": part.raw[first, second],
                    "distance aligned": part.nearer[first, second],
                    "disagreement": part.disagreement[first, second],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def between_data(lines: dict[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The cost along every line."""
    frames = [
        pd.DataFrame(
            {"pairs of": name, "as": kind, "pair": pair, "t": np.linspace(0, 1, len(line)), "cost": line},
        )
        for name, both in lines.items()
        for kind, curve in zip(("they are", "aligned"), both, strict=True)
        for pair, line in enumerate(curve)
    ]
    return pd.concat(frames, ignore_index=True)


def captioned(runs: pd.DataFrame, arms: valleys.Arms, text: str) -> str:
    """A caption, with what the arms are and what was run."""
    meanings = {
        START: "start varied: seeds.init differs, the order of mini-batches is one",
        ORDER: "order varied: seeds.batches differs, the start is one",
        BOTH: "both varied: both differ",
    }
    return words.sentences(
        text,
        "; ".join(f"{meanings[arm]} (n = {len(part.runs)})" for arm, part in arms.items()),
        words.setting(runs),
    )


def widths(runs: pd.DataFrame, steps: pd.DataFrame, groups: list[Minima]) -> Made:
    """Barriers between minima of networks of several widths."""
    few = [group for group in groups if len(group.runs) < 2]
    if few:
        raise StudyError(f"run {few[0].runs['run_name'].iloc[0]!r} is the only one of its shape: no pair to compare")
    rows = []
    for group in groups:
        for kind, align in (("as they are", False), ("aligned", True)):
            for height in minima.barriers(group.lines(align)):
                rows.append(
                    {
                        "hidden layers": ", ".join(map(str, group.network.hidden)),
                        "parameters": group.network.parameters,
                        "pairs are": kind,
                        "barrier": height,
                    }
                )
    table = pd.DataFrame(rows)
    summary = []
    for (layers, parameters, kind), part in table.groupby(["hidden layers", "parameters", "pairs are"], sort=False):
        value = minima.over_runs(part["barrier"].to_numpy(), mean)
        summary.append([layers, parameters, kind, len(part), *value])
    frame = pd.DataFrame(
        summary, columns=["hidden layers", "parameters", "pairs are", "pairs", "barrier", "low", "high"]
    )
    sentences = [
        f"hidden layers {row['hidden layers']}: barrier {row['barrier']:.3f} [{row['low']:.3f}, {row['high']:.3f}] "
        f"{row['pairs are']} (n = {row['pairs']} pairs)"
        for _, row in frame.iterrows()
    ]
    note = words.sentences(
        f"the barrier of the training cost on the straight line between two minima, at {minima.POINTS} points, for "
        f"disjoint pairs of runs; mean and its {averages.INTERVAL}",
        words.size(runs, ["problem.hidden"]),
        words.setting(runs),
    )
    return Made(
        findings=[words.sentences(text) for text in sentences],
        drawn=[
            Drawn(
                name="width",
                title="Barriers between minima by width",
                figure=valleys.by_width(table),
                caption=note,
                data=table,
            )
        ],
        tables=[Table(name="width_barriers", title="Barriers between minima by width", frame=frame, caption=note)],
    )


def symmetry(runs: pd.DataFrame, steps: pd.DataFrame, groups: list[Minima]) -> Made:
    """Distinct hidden units and the cost over steps, by the way the start was drawn."""
    study.checked(runs, (INITIALIZER, "problem.dtype"), "these runs")
    counted = []
    for group in groups:
        for (_, run), theta in zip(group.runs.iterrows(), group.thetas, strict=True):
            if "path" not in theta:
                raise StudyError(
                    f"run {run['run_name']!r} has no path in its theta.npz: launch it with record.path=true"
                )
            at = sorted(steps.loc[steps["run_id"] == run["run_id"], "step"])
            units = distinct_units(group.network, theta["path"])
            counted.append(pd.DataFrame({"run_id": run["run_id"], "step": at, "distinct units": units}))
    table = steps.merge(pd.concat(counted), on=["run_id", "step"])
    table["start"] = table[INITIALIZER].str.replace("_", " ") + ", " + table["problem.dtype"].astype(str)
    most = sum(groups[0].network.hidden)
    told_by = []
    for name, part in table.groupby("start"):
        last = part.sort_values("step").drop_duplicates("run_id", keep="last")
        told_by.append(
            f"{name}: {last['distinct units'].min()} to {last['distinct units'].max()} of {most} hidden units are "
            "distinct at the "
            f"end, at a training cost of {last['cost'].min():.3g} to {last['cost'].max():.3g} (n = {len(last)})"
        )
    return Made(
        findings=[words.sentences(text) for text in told_by],
        drawn=[
            Drawn(
                name="symmetry",
                title="Units that start alike",
                figure=symmetry_figure(table, most),
                caption=words.sentences(
                    f"the number of different hidden units, of {most}, and the training cost against the step; two "
                    "units of a layer are "
                    "the same if all their weights and biases are, to a millionth of the largest of the run's",
                    f"a line is a run, n = {len(runs)}, in the colour of how its start was drawn, and of its "
                    "precision: where units that started alike come apart, rounding has told them apart",
                    words.setting(runs),
                ),
                data=table[["start", "seed", "step", "cost", "distinct units"]],
            )
        ],
    )


@style.theme()
def symmetry_figure(table: pd.DataFrame, most: int) -> Figure:
    figure = Figure(figsize=(style.COLUMN, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    limits = axes.cost_limits(table["cost"])
    for (name, part), color in zip(table.groupby("start"), style.CHOICES, strict=False):
        for number, (_, run) in enumerate(part.groupby("run_id")):
            label = f"{name} (n = {part['run_id'].nunique()})" if number == 0 else None
            top.plot(run["step"], run["distinct units"], color=color, linewidth=0.9, label=label, clip_on=False)
            bottom.plot(run["step"], axes.placed(run["cost"], limits), color=color, linewidth=0.9)
    top.set(ylabel="distinct hidden units", ylim=(0, most))
    axes.set_cost(bottom, limits, curves.cost_name(table))
    axes.set_step(bottom, table["step"].max())
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.02), title="start and precision", alignment="left")
    return figure


STUDIES = (
    Study(
        name="seed_minima",
        title="What does the seed decide?",
        question="Two runs of one model land in different places: how different, and as what?",
        make=seeds,
        load=minima.load_alike,
    ),
    Study(
        name="basins",
        title="Which minimum does descent reach?",
        question="Downhill leads to a minimum, not always to the lowest.",
        make=basin_maps.maps,
        load=basin_maps.load,
    ),
    Study(
        name="symmetry",
        title="Why starts are random",
        question="Units that start alike have the same gradient, and stay alike.",
        make=symmetry,
        load=minima.load,
    ),
    Study(
        name="width",
        title="Do the minima of wider networks lie in one valley?",
        question="The barrier on the straight line between two minima, as the network gets wider.",
        make=widths,
        load=minima.load,
    ),
)

__all__ = ["ARMS", "STUDIES"]


def main() -> None:
    study.draw(STUDIES, __doc__)


if __name__ == "__main__":
    study.exit_plainly(main)
