"""Parts of captions that the figures of several studies share."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import describe, words
from analysis.columns import OPTIMIZER, RATE
from analysis.draw import axes
from analysis.stats import averages, stability

REFERENCES = (
    "dashed: the cost of two networks that ignore their input, 0.90 if all ten outputs are 0.1 (shrug) and 1.0 if all "
    "are 0 (dead)"
)
NO_BORDER = "; it is no border of what trains, since the sharpness changes along descent"
CHANCE = "chance: a constant answer is right for about one example in ten"


def band(runs: pd.DataFrame, by: Sequence[str] = (RATE,)) -> str:
    """The meaning of a band about averages over seeds."""
    return f"band: its {averages.bounds_name(averages.seed_counts(runs, by))} over seeds, within each learning rate"


def shared(runs: pd.DataFrame, drawn: Sequence[str] = ()) -> list[str]:
    """Parts for every figure of these runs: its reference levels, the regimes, the setup, and what it pools."""
    return [REFERENCES if axes.reference_levels(runs) else "", *describe.common_parts(runs), pooled(runs, drawn)]


def pooled(runs: pd.DataFrame, drawn: Sequence[str] = ()) -> str:
    """The params that runs of one drawn choice differ in, with their values; empty if there are none."""
    choices = runs.groupby(list(drawn), dropna=False) if drawn else None
    texts = [
        f"{name} {text}"
        for name, text in describe.differences(runs, [RATE, *drawn]).items()
        if choices is None or (choices[name].nunique(dropna=False) > 1).any()
    ]
    return f"pooled over {'; '.join(texts)}" if texts else ""


def stability_limit(runs: pd.DataFrame) -> str:
    """The stability limit that a figure marks, and the optimizers whose limit is unknown; empty if it marks none."""
    limits = stability.limit_range(runs)
    if limits is None:
        return unknown_limits(runs)
    low, median, high = limits
    values = f"median {median:.3g}; grey: its range over the starts, {low:.3g} to {high:.3g}"
    if low == high:
        values = f"{median:.3g}"
    basis = f" ({sharpness_basis(runs)})" if sharpness_basis(runs) else ""
    text = f"dotted: the stability limit {stability.formula(runs)}, with λ the sharpness at the start{basis}: {values}"
    text += NO_BORDER if basis else ""
    return "; ".join(filter(None, [text, unknown_limits(runs)]))


def sharpness_basis(runs: pd.DataFrame) -> str:
    """The cost whose sharpness at the start is λ, for networks: theirs changes along descent; else empty."""
    if "problem.data.name" not in runs:
        return ""
    is_sampled = "problem.examples" in runs and runs["problem.examples"].notna().any()
    return f"local, at the start only, and of {'the measured examples' if is_sampled else describe.WHOLE_SET}"


def stability_formula(runs: pd.DataFrame) -> str:
    """The stability limit in symbols, as a part of a caption; empty if it is unknown."""
    return f"stability limit: {stability.formula(runs)}" if stability.factors(runs).notna().any() else ""


def unknown_limits(runs: pd.DataFrame) -> str:
    """The optimizers whose stability limit is unknown, as a part of a caption; empty if there are none."""
    if stability.SHARPNESS not in runs or OPTIMIZER not in runs:
        return ""
    names = [words.spoken(name) for name in stability.unknown_rules(runs)]
    return f"the stability limit of {words.listed(names)} is unknown and left out" if names else ""
