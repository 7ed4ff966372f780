"""Figures of minima that differ in their seeds, arm by arm."""

from __future__ import annotations

import pandas as pd

from analysis import describe, words
from analysis.draw import minima as draw
from analysis.draw.slices import three_minima
from analysis.errors import StudyError
from analysis.items import Figure
from analysis.stats import averages, minima, slices
from analysis.stats.minima import BOTH, ORDER, START, Arms, Lines

MEANINGS = {
    START: "runs differ in seeds.init, with one order of mini-batches",
    ORDER: "runs differ in seeds.batches, with one start",
    BOTH: "runs differ in both seeds",
}


UPPER_BOUND = (
    "aligned: units matched by their weights or by their activations, whichever leaves the lower barrier; that is an "
    "upper bound on the lowest barrier that a relabelling leaves"
)


def caption(arms: Arms, runs: pd.DataFrame, *parts: str) -> str:
    """A caption that ends with the meanings of the arms and the setup of the runs."""
    return words.sentences(*parts, arms_text(arms), describe.setup_text(runs))


def arms_text(arms: Arms) -> str:
    """The meanings of the arms, as a part of a caption."""
    return "; ".join(f"{arm}: {MEANINGS[arm]} (n = {len(group.runs)})" for arm, group in arms.items())


def bounds(arms: Arms) -> str:
    """The name of the bounds of averages over the runs of each arm."""
    return averages.bounds_name(len(group.runs) for group in arms.values())


def coordinates(arms: Arms) -> str:
    """The coordinates of distances, as a part of a caption; empty where they are theta's own."""
    if not next(iter(arms.values())).is_recentred:
        return ""
    return (
        "distances are re-centred: each bias is taken at the middle of the range of the units below it, 1/2 for "
        "sigmoid units, so that flipping the sign of a unit changes no network's distance from the origin"
    )


def finals(arms: Arms, runs: pd.DataFrame) -> Figure:
    """Final cost and accuracy by arm."""
    columns = ["arm", "seeds.init", "seeds.batches", "final_cost", "final_accuracy"]
    text = (
        "final training cost and final test accuracy; each coloured dot is a run; beside them: the interquartile mean "
        f"over seeds with its {bounds(arms)}"
    )
    return Figure(
        name="seed_minima_final",
        title="Final cost and accuracy by arm",
        plot=draw.finals(arms),
        caption=caption(arms, runs, text),
        data=pd.concat([group.runs.assign(arm=arm) for arm, group in arms.items()])[columns],
    )


def distances(arms: Arms, runs: pd.DataFrame) -> Figure:
    """Distances between minima, as they are and aligned."""
    text = (
        "Euclidean distance between the minima of every pair of runs, all maps on one colour scale; top: as they are; "
        "bottom: aligned, that is, after permuting the hidden units of one network and flipping their signs to bring "
        "it close to the other, by their weights"
    )
    return Figure(
        name="seed_minima_distances",
        title="Distances between minima, as they are and aligned",
        plot=draw.distances(arms),
        caption=caption(arms, runs, text, coordinates(arms), "each map orders its runs by average-linkage clustering"),
        data=minima.pairs(arms),
    )


def disagreement(arms: Arms, runs: pd.DataFrame) -> Figure:
    """Disagreement of pairs of runs against their distance."""
    count = len(next(iter(arms.values())).network.data.test_labels)
    text = (
        f"share of the {count:,} test examples on which the predictions of two runs differ, against the distance "
        "between their minima, as they are (left) and aligned (right); each dot is a pair of runs of one arm"
    )
    return Figure(
        name="seed_minima_disagreement",
        title="Are distant minima different functions?",
        plot=draw.disagreement(arms),
        caption=caption(arms, runs, text, coordinates(arms)),
        data=minima.pairs(arms),
    )


def barriers(arms: Arms, lines: Lines, runs: pd.DataFrame) -> Figure:
    """The cost along the lines between minima."""
    text = (
        f"training cost at {minima.POINTS} points of the straight line between two minima, from t = 0 to t = 1; thin: "
        "disjoint pairs of runs of an arm; thick: their mean"
    )
    barrier = (
        "the barrier is the largest rise of the cost above the linear interpolation between the two ends; the legend "
        f"has its mean over pairs with the {averages.bounds_name(len(both[0]) for both in lines.values())}"
    )
    return Figure(
        name="seed_minima_barriers",
        title="The cost on the straight line between two minima",
        plot=draw.lines(lines),
        caption=caption(arms, runs, text, UPPER_BOUND, barrier),
        data=minima.line_points(lines),
    )


def plane(arms: Arms, runs: pd.DataFrame) -> Figure:
    """The plane through three minima of the arm in which both seeds vary, or of the first arm.

    Raises
    ------
    StudyError
        If the three lie on one line.

    """
    group = arms.get(BOTH, next(iter(arms.values())))
    try:
        surface = slices.through_minima(group)
    except ValueError as error:
        raise StudyError(f"the ends of {words.listed(group.runs['run_name'][:3])}: {error}") from None
    text = (
        f"training cost on the plane through the minima of three runs (stars), at {slices.FINE} × {slices.FINE} "
        "points, on a log scale; both axes are distances in parameter space"
    )
    paths = (
        "lines: the paths of the three runs, projected onto the plane, with a dot for each recorded step"
        if surface.paths
        else "the paths are missing, as the runs did not set record.path=true"
    )
    return Figure(
        name="seed_minima_plane",
        title="The plane through three minima",
        plot=three_minima(surface, list(group.runs["seed"].iloc[:3])),
        caption=caption(arms, runs, text, paths),
        data=surface.table(),
    )
