"""Answers about what happens at the stability limit and above it."""

from __future__ import annotations

import pandas as pd

from analysis import words
from analysis.columns import PLAIN
from analysis.stats.boundaries import FEWEST_WINDOWS
from analysis.stats.catapult import CASE, CATAPULT, DIVERGING, FLATTER, LIMIT, PHASE, C
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
            f"{lead}: the sharpness rises to the stability limit and stays there, to within {close(PLAIN):.0%}, in "
            f"{_settled(plain)} of gradient descent that start below it"
        )
    else:
        parts.append("not decided for gradient descent: no run of it started below the stability limit")
    if len(others):
        parts.append(
            f"of other optimizers, each at a limit of its own, it does so to within {close('adam'):.0%} in "
            f"{_settled(others)}"
        )
    return words.sentences(*parts)


def _settled(rows: pd.DataFrame) -> str:
    return f"{int(rows['settled'].sum())} of {words.plural(len(rows), 'run')}"


def catapults(table: pd.DataFrame) -> str:
    """Up to which c = ηλ runs converge after the cost has risen; `table` is that of `phases`."""
    above = table[table[C] > LIMIT]
    rose = above[above[PHASE] == CATAPULT]
    if above.empty:
        return f"Not decided: no learning rate above the stability limit, c = ηλ = {LIMIT:g}, was tried."
    if rose.empty:
        return words.sentences(
            f"none that was tried: of {words.plural(len(above), 'run')} above the stability limit, c = ηλ = {LIMIT:g}, "
            f"{(above[PHASE] == DIVERGING).sum()} diverged, and none converged after a rise of its cost"
        )
    top = {str(case): own[C].max() / LIMIT for case, own in rose.groupby(CASE, sort=False)}
    widths = [case for case in top if case.startswith(WIDTH)]
    tops = [f"{c:.2g} on {_named(case)}" for case, c in top.items() if case not in widths or len(widths) < FEW]
    if len(widths) >= FEW:
        low, high = (end(top[case] for case in widths) for end in (min, max))
        named = f"networks of {widths[0]} to {widths[-1].removeprefix(WIDTH)}"
        tops.append(f"{low:.2g} to {high:.2g} on {named}")
    flatter = int((rose[FLATTER] < 1).sum())
    return words.sentences(
        f"of those tried, in multiples of that limit, rates up to {words.listed(tops)}",
        f"there the cost first rises, then falls: {flatter} of {words.plural(len(rose), 'such run')} ended where it is "
        "flatter than at the start",
    )


def _named(case: str) -> str:
    """A case with its article, and its target in parentheses."""
    if case.startswith(WIDTH):
        return f"a network of {case}"
    name, comma, target = case.partition(", ")
    return f"a {name} ({target})" if comma else f"a {name}"


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
        parts.append(
            f"yes for {words.listed(fractal)}: however far it is enlarged it is ragged, with a dimension of {size}"
        )
    if smooth:
        parts.append(f"{'not told' if fractal else 'it is not told'} from a smooth curve for {words.listed(smooth)}")
    if open_:
        parts.append(f"not decided for {words.listed(open_)}")
    return words.sentences(*parts)
