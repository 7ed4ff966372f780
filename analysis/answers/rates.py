"""Answers about learning rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import words
from analysis.columns import HIDDEN, RATE
from analysis.stats import stability
from analysis.stats.borders import CLOSE, RATIO
from analysis.stats.regimes import CONVERGING, EXPLODING, LITTLE_LEARNT
from analysis.stats.verdicts import FEWEST


def largest(runs: pd.DataFrame) -> str:
    """How large a learning rate may be: the largest at which all runs converge, and what happens beyond."""
    n, by_rate = int(runs.groupby(RATE).size().min()), (runs["regime"] == CONVERGING).groupby(runs[RATE])
    each = "the run converges" if n == 1 else f"all {n} runs converge"
    rates = by_rate.all().index[by_rate.all()]
    if rates.empty:
        return words.sentences(f"none of {_tried(runs)} is small enough that {each}")
    which = f"largest of {_tried(runs)}" if runs[RATE].nunique() > 1 else "only learning rate tried,"
    parts = [f"up to η = {words.rate(rates.max())}, the {which} at which {each}"]
    if limit := stability.limit_range(runs):
        where = " at the start" if HIDDEN in runs else ""
        parts[0] += f", {rates.max() / limit[1]:.2g} times the stability limit{where}"
    failing = runs.loc[(runs[RATE] < rates.max()) & ~runs["regime"].isin([CONVERGING, LITTLE_LEARNT]), RATE]
    if len(failing):
        parts.append(f"but not every smaller one is safe: {words.rates(failing.min(), failing.max())} some runs fail")
    above = by_rate.any().loc[rates.max() :]
    none = above.index[~above]
    exploding = runs.loc[(runs["regime"] == EXPLODING) & (runs[RATE] > rates.max()), RATE]
    if len(exploding):
        parts.append(f"from η = {words.rate(exploding.min())} on runs explode")
    elif len(none):
        parts.append(f"at η = {words.rate(none.min())} none does")
    else:
        parts.append("no larger one failed altogether, so the border lies beyond those that were tried")
    return words.sentences(*parts)


def explosion(runs: pd.DataFrame) -> str:
    """The learning rate from which on runs explode."""
    explodes = (runs["regime"] == EXPLODING).groupby(runs[RATE])
    some, every = explodes.any(), explodes.all()
    if not some.any():
        return words.sentences(f"none of the {len(runs)} runs exploded, at {_tried(runs)}")
    first = some.index[some].min()
    below, there = (runs[RATE] < first).sum(), runs.loc[runs[RATE] == first, "regime"]
    text = f"at η = {words.rate(first)}, {(there == EXPLODING).sum()} of {words.plural(len(there), 'run')} explode"
    text += f", and none of the {below} at smaller rates" if below else ", and no smaller rate was tried"
    later = [rate for rate in every.index if every.loc[rate:].all()]
    if not later:
        return words.sentences(text, "not all explode even at the largest")
    return words.sentences(text, f"from η = {words.rate(min(later))} on all do" if min(later) > first else "")


def _tried(runs: pd.DataFrame) -> str:
    rates = runs[RATE]
    if rates.nunique() == 1:
        return f"the one learning rate tried, η = {words.rate(rates.iloc[0])}"
    return f"the {rates.nunique()} learning rates tried ({words.rate(rates.min())} to {words.rate(rates.max())})"


def border(table: pd.DataFrame) -> str:
    """Whether measured borders are where they are predicted, on quadratics and for networks."""
    network = table["case"].str.startswith("network")
    parts = []
    if len(quadratics := table[~network]):
        close = int(((quadratics[RATIO] - 1).abs() <= CLOSE).sum())
        lead = "yes" if close == len(quadratics) else "no" if not close else "not always"
        parts.append(
            f"on quadratics {lead}: {close} of {words.plural(len(quadratics), 'border')} within {CLOSE:.0%} of the "
            "prediction"
        )
    if len(networks := table[network]):
        low, high = networks[RATIO].min(), networks[RATIO].max()
        where = f"at {low:.2g}" if low == high else f"at {low:.2g} to {high:.2g}"
        why = "" if low == high else ", depending on the network and on what rise of the cost counts"
        parts.append(f"for networks it lies {where} times the prediction made from the curvature at the start{why}")
    return words.sentences(*parts)


def batch(tables: dict[str, pd.DataFrame]) -> str:
    """Whether the best learning rate grows with the batch size, for each budget."""
    texts = [_batch(budget, rows) for budget, rows in tables.items()]
    counts = [_n(int(rows["n"].min())) for rows in tables.values()]
    if len(set(counts)) == 1:  # said once, at the end
        counts[:-1] = [""] * (len(counts) - 1)
    return words.sentences(*(text + count for text, count in zip(texts, counts, strict=True)))


def _n(n: int) -> str:
    return f" (n = {words.plural(n, 'seed')}{', too few for a verdict' if n < FEWEST else ''})"


def _batch(budget: str, table: pd.DataFrame) -> str:
    converging = (table["regime"] == CONVERGING).groupby(table["size"]).transform("any")
    learnt = table[np.isfinite(table["iqm"]) & converging]  # where no rate converges, none is the best
    best = learnt.loc[learnt.groupby("size")["iqm"].idxmin()].sort_values("size")
    rates, spent = best[RATE].to_numpy(float), f"after {budget}"
    if best.empty:
        return f"{spent} no learning rate converged"
    if len(best) == 1:
        return f"{spent} the best learning rate is η = {words.rate(rates[0])}, at one batch size"
    ends = f"from η = {words.rate(rates[0])} with batches of {best['label'].iloc[0]} to η = {words.rate(rates[-1])} "
    ends += f"with {'the whole training set' if np.isinf(best['size'].iloc[-1]) else best['label'].iloc[-1]}"
    steps = np.diff(rates)
    if not steps.any():
        return f"{spent} one learning rate, η = {words.rate(rates[0])}, is the best for all batch sizes"
    if (steps >= 0).all():
        return f"{spent} the best learning rate is never smaller with larger batches: it goes {ends}"
    if (steps <= 0).all():
        return f"{spent} the best learning rate is never larger with larger batches: it goes {ends}"
    return f"{spent} the best learning rate does not simply grow with the batch size: it goes, not steadily, {ends}"
