"""Final cost against the learning rate for several choices of one param, and their usable learning rates."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis import describe, frames, words
from analysis.columns import RATE
from analysis.draw import axes
from analysis.draw.sensitivity import sensitivity
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats import averages
from analysis.stats.usable import USABLE, usable

MAY_BE_WIDER = "a range that ends with the swept learning rates may be wider"


def choices(name: str, key: str, runs: pd.DataFrame) -> StudyResult:
    """The figure, the table and the findings of learning rates swept for each choice of the param `key`."""
    frames.require(runs, (key,), f"experiment {name!r}")
    noun = describe.NOUNS.get(key, key)
    names, table = spoken_choices(runs, key), usable(runs, key)
    return StudyResult(
        findings=findings(table, names),
        figures=[
            Figure(
                name=name,
                title=f"Final cost against the learning rate, by {noun}",
                plot=sensitivity(runs, key, names),
                caption=caption(runs, key, noun, width_bounds(table)),
                data=runs[[key, RATE, "seed", "regime", "final_cost"]].sort_values([key, RATE, "seed"]),
            )
        ],
        tables=[
            Table(
                name=f"{name}_usable",
                title=f"Usable learning rates, by {noun}",
                frame=_readable(table, names, noun),
                caption=words.sentences(
                    f"usable: the {averages.AVERAGE} of the final cost is within {USABLE:g} times the {noun}'s best",
                    f"low and high: {width_bounds(table)} of the width",
                    f"decades, common level: the width within {USABLE:g} times the lowest cost of all, so that "
                    "a bad best of its own is no gain",
                    MAY_BE_WIDER,
                ),
            )
        ],
    )


def spoken_choices(runs: pd.DataFrame, key: str) -> dict[str, str]:
    """The names of the choices in words."""
    return {choice: words.spoken(str(choice)) for choice in runs[key].drop_duplicates()}


def width_bounds(table: pd.DataFrame) -> str:
    """The name of the bounds of the widths, of seeds that ran at every learning rate."""
    return f"{averages.bounds_name(table['seeds'])} over seeds"


def findings(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """The choices with the widest range and the lowest cost, then a sentence for each choice."""
    widest, lowest = table.loc[table["decades"].idxmax()], table.loc[table["cost"].idxmin()]
    texts = [
        f"widest usable range: {names[widest['choice']]}, {widest['decades']:.2f} decades; lowest final cost: "
        f"{names[lowest['choice']]}"
    ]
    for _, row in table.iterrows():
        width = words.estimate(row["decades"], row["low"], row["high"], ".2f", is_range=row["seeds"] < averages.FEWEST)
        texts.append(
            f"{names[row['choice']]}: best final cost {row['cost']:.3g} at η = {words.rate(row['best'])}; usable range "
            f"{width} decades, at the common level {row['common']:.2f}"
        )
    return [words.sentences(text) for text in texts]


def caption(runs: pd.DataFrame, key: str, noun: str, bounds: str) -> str:
    """The caption of the figure."""
    limits = axes.limits_with_references(runs, "final_cost")
    return words.sentences(
        f"final {describe.cost_name(runs)} against the learning rate η for each {noun}",
        describe.counts(runs, [key]),
        f"a dot is a run; line: {averages.AVERAGE}; {captions.band(runs, [key, RATE])}",
        f"below: the usable range, in which that average is within {USABLE:g} times the {noun}'s best (dot), with its "
        f"width in decades and, in brackets, the {bounds}; {MAY_BE_WIDER}",
        *axes.off_scale(runs["final_cost"], limits, runs["run_id"]),
        *captions.shared(runs, [key]),
    )


def _readable(table: pd.DataFrame, names: Mapping[str, str], noun: str) -> pd.DataFrame:
    heads = {
        "choice": noun,
        "best": "best η",
        "cost": "its final cost",
        "from": "usable from η",
        "to": "to η",
        "decades": "decades",
        "low": "decades, low",
        "high": "decades, high",
        "common": "decades, common level",
        "ratio": "final cost / lowest",
    }
    table = table.assign(choice=table["choice"].map(names), ratio=table["cost"] / table["cost"].min())
    return table[[*heads, "seeds"]].rename(columns=heads)
