"""Ten thousand seeds of one network: the distribution, the luck of the best, what decides, and seeds needed.

Picard 2021 (arXiv 2109.08203) asks the first of these of CIFAR 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis import columns, describe, frames, words
from analysis.answers.seeds import luck as of_luck
from analysis.chapters import ENDS
from analysis.columns import RATE
from analysis.draw import seeds as draw
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.stats import averages, luck, shares
from analysis.stats.estimates import Estimate
from analysis.stats.shares import Crossed
from analysis.study import Study

NEEDED = ("seed", "seeds.init", "seeds.batches", "final_accuracy", RATE)
FEWEST = 20  # runs of a distribution
FEWEST_LEVELS = 4  # starts, and orders, of a crossed design
COUNTS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
DIFFERENCES = (0.1, 0.2, 0.5, 1.0)  # points of accuracy

Values = Float[np.ndarray, " runs"]


@dataclass(frozen=True)
class Sample:
    """Test accuracies in percent, of the runs of an experiment by what they are for.

    `values` are those of the setting with the most runs, a seed each; `crossed` those of its crossed design, if it has
    one; `both` (settings, seeds) those of this setting and of another, at the seeds that they share, if there is one.
    """

    runs: pd.DataFrame
    values: Values
    crossed: Crossed | None
    both: Float[np.ndarray, "settings seeds"] | None
    other: str


def load(uri: str, experiment: str) -> tuple[pd.DataFrame]:
    """The runs of an experiment, without their recorded steps: ten thousand files would take longer than the rest."""
    runs = frames.runs(uri, experiment)
    frames.require(runs, NEEDED, f"experiment {experiment!r}")
    return (runs,)


def analyze(runs: pd.DataFrame) -> StudyResult:
    """The distribution over seeds, the best of n, the shares of the variance, and the seeds a comparison needs."""
    sample = sampled(runs)
    best = luck.best_of(sample.values, COUNTS)
    parts = shares.shares(sample.crossed) if sample.crossed is not None else {}
    needs = needed(sample)
    return StudyResult(
        answer=of_luck(sample.values, best, needs),
        findings=[
            distribution_finding(sample.values),
            best_finding(sample.values, best),
            shares_finding(sample.crossed, parts),
            needs_finding(sample, needs),
        ],
        figures=figures(sample, best, parts, needs),
        tables=tables(sample, best, needs),
    )


def sampled(runs: pd.DataFrame) -> Sample:
    """Sort the runs by what they are for."""
    settings = [name for name in columns.varying(runs, ["seed"]) if not name.startswith("record.")]
    groups = dict(list(runs.groupby(settings, dropna=False))) if settings else {(): runs}
    named = {key if isinstance(key, tuple) else (key,): group for key, group in groups.items()}
    first, *others = sorted(named, key=lambda key: -len(named[key]))
    main = named[first]
    by_start = main.groupby("seeds.init")["seeds.batches"].transform("nunique")
    plain = main[(by_start == 1) & (main["seeds.init"] == main["seeds.batches"])].set_index("seed")["final_accuracy"]
    if len(plain) < FEWEST:
        raise StudyError(f"{len(plain)} runs differ in their seed alone; this study needs {FEWEST} or more")
    other = named[others[0]].drop_duplicates("seed").set_index("seed")["final_accuracy"] if others else plain[:0]
    common = plain.index.intersection(other.index)
    pair = np.stack([plain[common], other[common]]) if len(common) >= FEWEST else None
    names = (
        ", ".join(f"{_short(name)} = {words.number(value)}" for name, value in zip(settings, others[0], strict=True))
        if others
        else ""
    )
    return Sample(
        runs=runs,
        values=100 * plain.to_numpy(float),
        crossed=_crossed(main[by_start > 1]),
        both=None if pair is None else 100 * pair,
        other=names,
    )


def _short(name: str) -> str:
    return "η" if name == RATE else name


def _crossed(runs: pd.DataFrame) -> Crossed | None:
    """The accuracies of a crossed design, in percent; None if there is none worth the name."""
    if runs["seeds.init"].nunique() < FEWEST_LEVELS or runs["seeds.batches"].nunique() < FEWEST_LEVELS:
        return None
    values = 100 * shares.crossed(runs, "final_accuracy")
    if np.isnan(values).any():
        raise StudyError(f"the crossed design lacks {np.isnan(values).sum()} of its {values.size} runs")
    return values


def needed(sample: Sample) -> pd.DataFrame:
    """The seeds of each setting that a comparison needs, by the difference; and what the sample says of its power."""
    deviation = float(sample.values.std(ddof=1))
    rows = []
    for difference in DIFFERENCES:
        unpaired = luck.seeds_needed(deviation, difference)
        row = {"difference": difference, "unpaired": unpaired, "power": luck.power(sample.values, unpaired, difference)}
        if sample.both is not None:
            spread = float((sample.both[0] - sample.both[1]).std(ddof=1))  # of two settings it is σ √(2 (1 - ρ))
            row["paired"] = luck.seeds_needed(spread / np.sqrt(2), difference)
        rows.append(row)
    return pd.DataFrame(rows)


def distribution_finding(values: Values) -> str:
    """The distribution in a sentence."""
    low, high = np.quantile(values, [0.025, 0.975])
    skewness = float((((values - values.mean()) / values.std()) ** 3).mean())
    return words.sentences(
        f"over {len(values):,} seeds the test accuracy is {values.mean():.2f} ± {values.std(ddof=1):.2f}% (mean ± "
        f"standard deviation); the worst run has {values.min():.1f}%, the best {values.max():.1f}%, and 95% of the "
        f"runs lie from {low:.1f} to {high:.1f}%; skewness {skewness:.2f}"
    )


def best_finding(values: Values, best: pd.DataFrame) -> str:
    """How lucky the best of n is, at the most n and at ten."""
    rows = best[best["n"].isin([10, best["n"].max()])]
    texts = [
        f"the best of {row['n']:.0f} runs has {row['expected best']:.2f}% [{row['low']:.2f}, {row['high']:.2f}], "
        f"{row['expected best'] - values.mean():.2f} points above the mean; normally distributed values would have "
        f"{row['normal']:.2f}%"
        for _, row in rows.iterrows()
    ]
    return words.sentences(*texts, "by choice alone: all runs are of one setting")


def shares_finding(values: Crossed | None, parts: Mapping[str, Estimate]) -> str:
    """The shares of the variance, and which of start and order decides more."""
    if values is None:
        return words.sentences("what the start and the order decide: not decided, no crossed design was run")
    text = "; ".join(f"{name} {words.estimate(*estimate, '.0%')}" for name, estimate in parts.items())
    start, order = (parts[name] for name in shares.PARTS[:2])
    verdict = "the start decides more than the order" if start[1] > order[2] else ""
    verdict = verdict or ("the order decides more than the start" if order[1] > start[2] else "")
    return words.sentences(
        f"shares of the variance of test accuracy in a crossed design of {values.shape[0]} starts × "
        f"{values.shape[1]} orders: {text}",
        verdict or "whether the start or the order decides more is not decided: their intervals overlap",
    )


def needs_finding(sample: Sample, needs: pd.DataFrame) -> str:
    """The seeds that comparisons need."""
    unpaired = ", ".join(f"{row['unpaired']:,.0f} for {row['difference']:g}" for _, row in needs.iterrows())
    parts = [
        f"seeds of each of two settings that resolve a difference of mean accuracy in points (5%, power "
        f"{luck.POWER:.0%}): {unpaired}"
    ]
    if sample.both is not None:
        rho, low, high = correlation(sample.both)
        paired = ", ".join(f"{row['paired']:,.0f} for {row['difference']:g}" for _, row in needs.iterrows())
        saved = 1 - (sample.both[0] - sample.both[1]).var(ddof=1) / (2 * sample.values.var(ddof=1))
        gain = f"common seeds save {saved:.0%} of the runs" if low > 0 else "common seeds save no runs that is resolved"
        parts += [
            f"with common seeds: {paired}; the accuracies of the two settings at the same seed, the second with "
            f"{sample.other}, correlate by {rho:.2f} [{low:.2f}, {high:.2f}] (n = {sample.both.shape[1]:,})",
            gain,
        ]
    return words.sentences(*parts)


def correlation(both: Float[np.ndarray, "settings seeds"]) -> Estimate:
    """The correlation of two settings over seeds, with Fisher's interval."""
    rho = float(np.corrcoef(both)[0, 1])
    margin = 1.96 / np.sqrt(both.shape[1] - 3)
    low, high = np.tanh([np.arctanh(rho) - margin, np.arctanh(rho) + margin])
    return rho, float(low), float(high)


def figures(sample: Sample, best: pd.DataFrame, parts: Mapping[str, Estimate], needs: pd.DataFrame) -> list[Figure]:
    """The two figures."""
    tests = describe.values(sample.runs, "problem.data.name")
    first = Figure(
        name="ten_thousand_seeds",
        title="Test accuracy over seeds, and the expected best of n runs",
        plot=draw.distribution(sample.values, step_of(sample.values), best),
        caption=words.sentences(
            f"left: final accuracy on the whole test set of {tests}, one run a seed (n = {len(sample.values):,}), and "
            "the normal distribution of the same mean and standard deviation; a bin is one test example",
            "right: the mean over all subsets of n runs of the best of them, drawn without replacement, with its "
            f"{averages.INTERVAL} (n up to a tenth of the runs), and that of n normally distributed values",
            describe.setup_text(sample.runs),
        ),
        data=pd.DataFrame({"final test accuracy (%)": np.sort(sample.values)}),
    )
    if not parts:
        return [first]
    crossed = sample.crossed
    assert crossed is not None
    return [
        first,
        Figure(
            name="ten_thousand_seeds_shares",
            title="What decides the accuracy, and how many seeds a comparison needs",
            plot=draw.shares_and_needs(parts, needs),
            caption=words.sentences(
                f"left: shares of the variance of test accuracy from {crossed.shape[0]} starts × {crossed.shape[1]} "
                f"orders of mini-batches = {crossed.size:,} runs, two-way random effects without replication; lines: "
                "95% generalized confidence intervals; both together: the interaction, which neither decides alone",
                f"right: {NEEDS_CAPTION}",
                describe.setup_text(sample.runs),
            ),
            data=needs,
        ),
    ]


NEEDS_CAPTION = (
    "seeds of each of two settings that resolve a difference, 2 (1 − ρ) σ² (z₀.₉₇₅ + z₀.₈)² / δ², with a two-sided "
    "test at 5% and a power of 80% (Chow, Shao and Wang 2008); unpaired: ρ = 0; paired: common seeds"
)


def step_of(values: Values) -> float:
    """The accuracy of one test example, in points: the smallest gap between two accuracies."""
    gaps = np.diff(np.unique(values.round(9)))
    return float(gaps.min()) if len(gaps) else 0.1


def tables(sample: Sample, best: pd.DataFrame, needs: pd.DataFrame) -> list[Table]:
    """The best of n, and the seeds needed, in numbers."""
    heads = {"expected best": "expected best (%)", "normal": "normal prediction (%)"}
    names = {
        "difference": "difference (points)",
        "unpaired": "seeds, unpaired",
        "power": "power found",
        "paired": "seeds, paired",
    }
    return [
        Table(
            name="ten_thousand_seeds_best",
            title="The expected best of n runs",
            frame=best.round(3).rename(columns=heads),
            caption=words.sentences(
                f"from {len(sample.values):,} runs, without replacement; low and high: its {averages.INTERVAL}"
            ),
        ),
        Table(
            name="ten_thousand_seeds_needed",
            title="Seeds that a comparison of two settings needs",
            frame=needs.rename(columns=names),
            caption=words.sentences(
                NEEDS_CAPTION,
                f"power found: the share of {luck.TRIALS:,} trials in which Welch's test at 5% found the difference "
                "between as many runs drawn from the sample and others shifted by it",
            ),
        ),
    ]


STUDY = Study(
    title="How much of a result is the seed?",
    chapter=ENDS,
    order=20,
    minutes=5,
    load=load,
    analyze=analyze,
    small=(
        "hydra.sweeper.cases=['seed=range(200)',"
        "'seed=0 seeds.init=range(20000,20008) seeds.batches=range(20000,20008)',"
        "'seed=range(50) optimizer.learning_rate=2.0']",
    ),
)
