"""Answers about what happens at the stability limit and above it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import words
from analysis.columns import PLAIN
from analysis.stats.boundaries import FEWEST_WINDOWS
from analysis.stats.catapult import CASE, CATAPULT, DIVERGING, FLATTER, LAZY, LIMIT, PHASE, C
from analysis.stats.sharpness import CRITICAL, close

WIDTH = "width "
FEW = 3  # cases that are named one by one


def settles(table: pd.DataFrame) -> str:
    """Whether the sharpness of runs that start below the limit settles at it; `table` is that of `late_sharpness`."""
    below = table[table["at the start"] < table[CRITICAL]]
    plain, others = below[below["optimizer"] == PLAIN], below[below["optimizer"] != PLAIN]
    parts = []
    if len(plain):
        share = plain["settled"].mean()
        lead = "yes" if share == 1 else "mostly" if share > 0.5 else "seldom" if share else "no"
        parts.append(
            f"{lead}: over the last half of training its median is within {close(PLAIN):.0%} of 2/η in "
            f"{_settled(plain)} of gradient descent that start below"
        )
    else:
        parts.append("not decided for gradient descent: no run of it started below 2/η")
    if len(others):
        parts.append(
            f"with other optimizers it is within {close('adam'):.0%} of their own limits in {_settled(others)}"
        )
    return words.sentences(*parts)


def _settled(rows: pd.DataFrame) -> str:
    return f"{int(rows['settled'].sum())} of {words.plural(len(rows), 'run')}"


def catapults(table: pd.DataFrame) -> str:
    """The largest c = ηλ at which runs converged, and whether they ended flatter; `table` is that of `phases`."""
    above = table[table[C] > LIMIT]
    if above.empty:
        return f"Not decided: no learning rate above the stability limit, c = ηλ = {LIMIT:g}, was tried."
    kept = above[above[PHASE].isin([LAZY, CATAPULT])]
    if kept.empty:
        return words.sentences(
            f"none that was tried: of {words.plural(len(above), 'run')} above the stability limit, c = ηλ = {LIMIT:g}, "
            f"{(above[PHASE] == DIVERGING).sum()} diverged, and none converged"
        )
    top = {str(case): own[C].max() for case, own in kept.groupby(CASE, sort=False)}
    widths = [case for case in top if case.startswith(WIDTH)]
    tops = [
        f"{c:.2g} on {_named(case, list(top))}" for case, c in top.items() if case not in widths or len(widths) < FEW
    ]
    if len(widths) >= FEW:
        low, high = (end(top[case] for case in widths) for end in (min, max))
        named = f"networks of {widths[0]} to {widths[-1].removeprefix(WIDTH)}"
        tops.append(f"{low:.2g} to {high:.2g} on {named}")
    rose = kept[kept[PHASE] == CATAPULT]
    flatter = int((rose[FLATTER] < 1).sum())
    return words.sentences(
        f"the largest that converged were, as c = ηλ, whose limit is {LIMIT:g}: {words.listed(tops)}",
        f"of {words.plural(len(rose), 'run')} whose cost first rose and then fell, {flatter} ended flatter than at "
        "the start"
        if len(rose)
        else "the cost of none of them rose",
    )


def _named(case: str, cases: Sequence[str]) -> str:
    """A case with its article, and with its target where another has the same name."""
    if case.startswith(WIDTH):
        return f"a network of {case}"
    name, comma, target = case.partition(", ")
    alike = sum(other.partition(", ")[0] == name for other in cases) > 1
    return f"a {name} ({target})" if comma and alike else f"a {name}"


def ragged(table: pd.DataFrame) -> str:
    """Whether the boundary stays ragged when it is enlarged; `table` has a row for each condition."""
    names = {verdict: rows["condition"].tolist() for verdict, rows in table.groupby("verdict", sort=False)}
    fractal, smooth = names.get("fractal", []), names.get("not told from smooth", [])
    open_ = names.get("not decided", [])
    if not fractal and not smooth:
        most = int(table["windows"].max()) if len(table) else 0
        return words.sentences(
            f"not decided: a boundary was measured in {words.plural(most, 'enlargement')} at most, and a verdict needs "
            f"{FEWEST_WINDOWS}"
            if most < FEWEST_WINDOWS
            else "not decided for any of the conditions"
        )
    values = table.loc[table["verdict"] == "fractal", "dimension"]
    parts = []
    if fractal:
        size = f"{values.min():.2f}" if len(values) == 1 else f"{values.min():.2f} to {values.max():.2f}"
        parts.append(f"yes for {words.listed(fractal)}: enlarged, it stays ragged, with a median dimension of {size}")
    if smooth:
        parts.append(f"it looks smooth for {words.listed(smooth)}")
    if open_:
        parts.append(f"not decided for {words.listed(open_)}")
    return words.sentences(*parts)
