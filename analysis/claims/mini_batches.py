"""Gradients that are stale, estimated from a few examples, or computed from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.claims._runs import EPOCHS, NETWORKS, estimate
from analysis.claims.claim import SWEEP, Claim, Evidence, Finding, NotRunError

if TYPE_CHECKING:
    import pandas as pd

STALE = "optimizer=stale_gradient optimizer.every"


def gets_worse_with_age(evidence: Evidence) -> Finding:
    """Compare 1, 5 and 20 steps along each gradient, each at the learning rate that was best for it on other seeds
    than those tested; fresh gradients have one rate.
    """
    every = evidence.runs["optimizer.every"].fillna(1).astype(int).astype(str)
    names = {"1": "1 step", "5": "5 steps", "20": "20 steps"}
    return of_tuned_arms(evidence, every, [("1", "5"), ("5", "20")], names, "along each gradient")


def of_tuned_arms(
    evidence: Evidence, arm: pd.Series, contrasts: list[tuple[str, str]], names: dict[str, str], where: str
) -> Finding:
    """Expect the first arm of each contrast to end at a lower training cost."""
    from analysis import words
    from analysis.stats import verdicts
    from analysis.stats.tuned import compared, tuned

    arms = tuned(evidence.runs.assign(arm=arm), "arm")
    found = list(compared(arms, contrasts, names).values())
    if len(found) < len(contrasts):
        raise NotRunError(SWEEP)
    costs = [
        f"{name} {arms[key].runs['final_cost'].mean():.3g} (η = {arms[key].rate:g})" for key, name in names.items()
    ]
    gains = [f"{words.estimate(item.value, item.low, item.high, '.3g')}, {item.verdict}" for item in found]
    return Finding(
        measured=f"final training cost {where}: {', '.join(costs)}; gain of each over the next, more than 0 expected: "
        f"{'; '.join(gains)} (n = {found[0].n} test seeds)",
        verdict=verdicts.combined([item.verdict for item in found]),
        runs=evidence.runs["run_id"].tolist(),
    )


fresh = Claim(
    name="fresh",
    order=130,
    about="lr_batch",
    text="A gradient is local: from as many steps, training learns less the longer it keeps to one gradient, at the "
    "best learning rate for each.",
    runs=(
        NETWORKS,
        f"{STALE}=5 {EPOCHS} optimizer.learning_rate=0.3,1.0,2.0 seed=range(12)",
        f"{STALE}=20 {EPOCHS} optimizer.learning_rate=0.1,0.2,0.4 seed=range(12)",
    ),
    check=gets_worse_with_age,
)


def errors_of_start(table: pd.DataFrame) -> tuple[float, float, float]:
    """Of one start: the power of the batch size with which the error falls, corrected for a finite training set; the
    error over what theory predicts; and the mean part along the gradient, weighted by the predicted variances.
    """
    squares = table.assign(error=table["error"] ** 2, predicted=table["predicted"] ** 2)
    by_size = squares.groupby("size")[["error", "predicted"]].mean()
    ratio = np.sqrt(by_size["error"] / by_size["predicted"]).to_numpy(float)
    exponent = -0.5 + np.polyfit(np.log(by_size.index.to_numpy(float)), np.log(ratio), 1)[0]
    return float(exponent), float(ratio.mean()), float(np.average(table["along"], weights=1 / squares["predicted"]))


def falls_as_the_square_root(evidence: Evidence) -> Finding:
    """Expect a power between -0.55 and -0.45, an error within 10% of theory and a bias within 2% of the gradient."""
    from analysis.stats import over_seeds, verdicts

    values = np.array([errors_of_start(table) for _, table in evidence.tables.groupby("run_id")])
    bounds = ((-0.55, -0.45), (0.9, 1.1), (0.98, 1.02))
    power, level, along = (
        over_seeds.within(column, low, high) for column, (low, high) in zip(values.T, bounds, strict=True)
    )
    return Finding(
        measured=f"with batches drawn as in training, and corrected for the finite training set: power of n with which "
        f"the error falls, -0.55 to -0.45 expected: {estimate(power, '.3f')}; error over what theory predicts, 0.9 to "
        f"1.1 expected: {estimate(level, '.2f')}; the estimates' mean over the gradient, along it, 0.98 to 1.02 "
        f"expected: {estimate(along, '.3f')} (n = {power.n} starts)",
        verdict=verdicts.combined([power.verdict, level.verdict, along.verdict]),
        runs=evidence.runs["run_id"].tolist(),
    )


estimates = Claim(
    name="estimates",
    order=140,
    about="lr_batch",
    text="A mini-batch estimates the gradient without bias, with an error that falls as 1/√n until n nears the size of "
    "the training set.",
    runs=("measurement=batch_gradients seed=range(8)",),
    check=falls_as_the_square_root,
)


def learns_more_from_mini_batches(evidence: Evidence) -> Finding:
    """Compare mini-batches, at one learning rate, with full batches at the rate that was best for them."""
    sizes = evidence.runs["problem.batch_size"].map(lambda size: "full" if np.isnan(size) else f"{size:.0f}")
    names = {"32": "batches of 32", "full": "full batches"}
    return of_tuned_arms(evidence, sizes, [("32", "full")], names, "after 10 epochs")


examples_seen = Claim(
    name="examples_seen",
    order=150,
    about="lr_batch",
    text="From the same number of examples, 10 epochs, mini-batches of 32 learn more than full batches.",
    runs=(NETWORKS, f"problem.batch_size=null {EPOCHS} optimizer.learning_rate=1.0,3.0,10.0 seed=range(12)"),
    check=learns_more_from_mini_batches,
)
