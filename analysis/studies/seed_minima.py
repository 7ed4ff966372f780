"""Minima of one network that differ in their start, in their order of mini-batches, or in both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import networks, words
from analysis.answers.seeds import decides
from analysis.chapters import ENDS
from analysis.errors import StudyError
from analysis.items import StudyResult, Table
from analysis.recipes import minima as recipes
from analysis.stats import averages
from analysis.stats.comparison import comparison
from analysis.stats.estimates import Estimate, mean, over_pairs, over_runs
from analysis.stats.minima import Arms, Lines, Minima, arm_lines, barriers
from analysis.stats.minima import arms as arms_of
from analysis.study import Study
from analysis.touch.minima import minima_chart


def analyze(runs: pd.DataFrame, steps: pd.DataFrame, minima: Minima) -> StudyResult:
    """Compare the arms as points, up to relabelling, as functions, and by their final cost."""
    arms = arms_of(minima)
    if not arms:
        raise StudyError(
            "no arm has three runs; this study needs runs that differ in seeds.init, in seeds.batches, or in both, "
            f"unlike run {runs['run_name'].iloc[0]!r} and the others"
        )
    lines = arm_lines(arms)
    return StudyResult(
        answer=decides(arms),
        findings=[lead(arms), *(finding(arm, group, *lines[arm]) for arm, group in arms.items())],
        figures=[
            recipes.finals(arms, runs),
            recipes.distances(arms, runs),
            recipes.disagreement(arms, runs),
            recipes.barriers(arms, lines, runs),
            recipes.plane(arms, runs),
        ],
        tables=[answers(arms, lines, runs)],
        charts=[minima_chart("seed_minima", arms, recipes.arms_text(arms))],
    )


def lead(arms: Arms) -> str:
    """The point, the predictions and the final cost: how far each differs between the runs of an arm."""
    texts = []
    for arm, minima in arms.items():
        apart, costs = over_pairs(minima.raw_distances)[0], minima.runs["final_cost"]
        texts.append(
            f"{arm}, {apart / minima.norms.mean():.2f} times as far from each other as from the origin, "
            f"{over_pairs(minima.disagreement)[0]:.1%} of the test examples predicted differently, and a final cost "
            f"with a standard deviation of {costs.std() / costs.mean():.0%} of its mean"
        )
    return words.sentences(f"runs that differ in nothing but their seeds end: {'; '.join(texts)}")


def finding(arm: str, minima: Minima, raw: np.ndarray, aligned: np.ndarray) -> str:
    """The result of one arm in three sentences."""

    def text(estimate: Estimate, form: str, n: int = len(minima.runs)) -> str:
        return words.estimate(*estimate, form, is_range=n < averages.FEWEST)

    distance, distance_aligned = over_pairs(minima.raw_distances), over_pairs(minima.aligned_distances)
    barrier, barrier_aligned = (over_runs(barriers(curves), mean) for curves in (raw, aligned))
    costs, accuracies = minima.runs["final_cost"], minima.runs["final_accuracy"]
    return words.sentences(
        f"{arm} (n = {len(minima.runs)}): the distance between two minima is {text(distance, '.3g')}, "
        f"{distance[0] / minima.norms.mean():.2f} times their mean distance from the origin"
        f"{' (all re-centred)' if minima.is_recentred else ''}, and {text(distance_aligned, '.3g')} after alignment",
        f"the barrier between them is {text(barrier, '.3f', len(raw))}, and at most "
        f"{text(barrier_aligned, '.3f', len(raw))} after alignment",
        f"their predictions differ on {text(over_pairs(minima.disagreement), '.2%')} of the test examples; the final "
        f"cost is {costs.mean():.4f} ± {costs.std():.4f} (mean ± standard deviation), the accuracy "
        f"{accuracies.mean():.2%} ± {accuracies.std():.2%}",
    )


def answers(arms: Arms, lines: Lines, runs: pd.DataFrame) -> Table:
    """The questions of the study and their answers, a column for each arm."""
    pairs = (len(both[0]) for both in lines.values())
    caption = recipes.caption(
        arms,
        runs,
        f"in brackets the {averages.bounds_name([*(len(group.runs) for group in arms.values()), *pairs])}; n counts "
        "runs, of barriers pairs",
        recipes.coordinates(arms),
        f"barrier, {recipes.UPPER_BOUND}",
        "distance and disagreement: mean over all pairs of runs of an arm, with runs resampled for the interval; "
        "barrier: mean over disjoint pairs; spread: standard deviation over runs",
        "variance share: the variance in the arm over that in the arm in which both seeds vary; the shares need not "
        "add up to 1, since each of the other arms has a single start or a single order",
    )
    return Table(
        name="seed_minima_answers",
        title="Different points, different functions, worse minima?",
        frame=comparison(arms, lines),
        caption=caption,
    )


STUDY = Study(
    title="What does the seed decide?",
    chapter=ENDS,
    order=10,
    minutes=1,
    load=networks.load_alike,
    analyze=analyze,
    small=("seed=range(1,7)",),
)
