"""Gradients that are stale, estimated from a few examples, or computed from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.claims.claim import Claim, Evidence, Finding, finding

if TYPE_CHECKING:
    import pandas as pd

TWO_EPOCHS = "stop.max_epochs=2 seed=range(3)"


def gets_worse_with_age(evidence: Evidence) -> Finding:
    from analysis.stats import averages

    table = averages.summarized(evidence.runs, ["optimizer.every"], "final_cost")
    costs = ", ".join(f"{row['iqm']:.3g} for {row['optimizer.every']:.0f}" for _, row in table.iterrows())
    return finding(
        f"final cost by number of steps along one gradient: {costs} (n = {table['n'].min():.0f} seeds each)",
        bool((table["iqm"].diff().dropna() > 0).all()),
        evidence.runs["run_id"],
    )


fresh = Claim(
    name="fresh",
    order=130,
    text="A gradient is local: every step needs a fresh one.",
    runs=("optimizer=stale_gradient optimizer.learning_rate=1.0 optimizer.every=1,2,5,10,20 seed=range(3)",),
    check=gets_worse_with_age,
)


def fitted_exponent(table: pd.DataFrame) -> tuple[float, float, float]:
    """The power of the batch size with which the root mean square error falls, with its bootstrap interval."""
    from analysis.stats import averages

    groups = {size: group["error"].to_numpy(float) for size, group in table.groupby("size")}
    logs = np.log(list(groups))
    samples = np.array(
        [np.sqrt((averages.resampled(errors, i) ** 2).mean(axis=1)) for i, errors in enumerate(groups.values())]
    )
    slopes = np.polyfit(logs, np.log(samples), 1)[0]
    typical = np.array([np.sqrt((errors**2).mean()) for errors in groups.values()])
    low, high = averages.interval(slopes)
    return float(np.polyfit(logs, np.log(typical), 1)[0]), low, high


def falls_as_the_square_root(evidence: Evidence) -> Finding:
    run = evidence.runs.iloc[-1]
    exponent, low, high = fitted_exponent(evidence.tables)
    return finding(
        f"the error falls as n to the power {exponent:.3f} [{low:.3f}, {high:.3f}], "
        f"from {run['error_1']:.0%} of the gradient at n = 1",
        low <= -0.5 <= high or abs(exponent + 0.5) < 0.02,
        [run["run_id"]],
    )


estimates = Claim(
    name="estimates",
    order=140,
    text="A mini-batch estimates the gradient, with an error that falls as 1/√n.",
    runs=("measurement=batch_gradients",),
    check=falls_as_the_square_root,
)


def learns_more_from_mini_batches(evidence: Evidence) -> Finding:
    from analysis.stats import averages

    sizes = evidence.runs["problem.batch_size"]
    groups = [evidence.runs[which] for which in (sizes == 1, sizes == 32, sizes.isna())]
    single, small, full = (averages.interquartile_mean(group["final_cost"].to_numpy(float)) for group in groups)
    return finding(
        f"training cost after two epochs: {single:.3g} one example at a time, {small:.3g} in batches of 32, {full:.3g} "
        f"with full batches (n = {min(map(len, groups))} seeds each)",
        bool(single < full and small < full),
        evidence.runs["run_id"],
    )


examples_seen = Claim(
    name="examples_seen",
    order=150,
    text="From the same number of examples, mini-batches learn more than full batches.",
    runs=(
        f"problem.batch_size=1 optimizer.learning_rate=0.3 {TWO_EPOCHS}",
        f"problem.batch_size=32 optimizer.learning_rate=3.0 {TWO_EPOCHS}",
        f"problem.batch_size=null optimizer.learning_rate=3.0 {TWO_EPOCHS}",
    ),
    check=learns_more_from_mini_batches,
)
