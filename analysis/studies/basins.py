"""Basins of attraction: the minimum that descent from each start reaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.answers.seeds import lowest
from analysis.chapters import DOWNHILL
from analysis.columns import OPTIMIZER, PROBLEM, RATE
from analysis.draw import basins as maps
from analysis.draw import style
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.stats import stability
from analysis.study import Study
from gdlab import tracking
from gdlab.problems.landscapes import Landscape
from gdlab.sweeps import configuration

ROUNDING = 1e-9  # of costs that are the same
SHARES = ("fraction_global", "fraction_local", "fraction_unsettled", "fraction_diverged", "fraction_ridge")
HEADS = {
    RATE: "learning rate η",
    "starts": "starts",
    **{share: share.removeprefix("fraction_") for share in SHARES},
    "minima_reached": "minima reached",
}


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Landscape]]:
    """The measurements of an experiment, their starts, and the landscapes by run id.

    Raises
    ------
    TrackingError
        If the store, the experiment or its finished runs are missing.
    StudyError
        If a run has no shares of the starts, or is not of a landscape.

    """
    runs = frames.runs(uri, experiment)
    frames.require(
        runs, ("run_id", PROBLEM, OPTIMIZER, RATE, *SHARES), f"experiment {experiment!r} in {tracking.redacted(uri)}"
    )
    landscapes = {}
    for run_id, config in zip(runs["run_id"], tracking.configurations(runs, uri), strict=True):
        problem = configuration.problem(config)
        if not isinstance(problem, Landscape):
            raise StudyError(f"run {run_id} is not a landscape run; this study needs landscape runs")
        landscapes[run_id] = problem
    return runs, tracking.measurements(runs, uri), landscapes


def analyze(runs: pd.DataFrame, starts: pd.DataFrame, landscapes: Mapping[str, Landscape]) -> StudyResult:
    """A figure for each landscape, and a table of the shares of the starts."""
    figures = []
    for name, group in runs.groupby(PROBLEM, sort=False):
        ordered = group.sort_values(RATE)
        shown = ordered[ordered["fraction_unsettled"] + ordered["fraction_diverged"] < 1]
        shown = ordered if shown.empty else shown
        figures.append(
            Figure(
                name=f"basins_{name}",
                title=f"Basins of attraction of {words.landscape(str(name))}",
                plot=maps.basins(shown, starts, landscapes),
                caption=caption(shown, ordered.drop(shown.index), landscapes[ordered["run_id"].iloc[0]]),
                data=ordered[[RATE, "starts", *SHARES, "minima_reached"]],
            )
        )
    table = runs.assign(landscape=runs[PROBLEM].map(words.spoken)).sort_values(["landscape", RATE])
    pairs = zip(table["run_id"], table["landscape"], strict=True)
    equal = {name for run_id, name in pairs if are_equally_low(landscapes[run_id])}
    return StudyResult(
        answer=lowest(table, equal),
        findings=findings(table),
        figures=figures,
        tables=[
            Table(
                name="basins_shares",
                title="Ends of descent, by learning rate",
                frame=table[["landscape", *HEADS]].rename(columns=HEADS),
                caption=words.sentences(
                    "shares of the starts on a grid over the region drawn",
                    "global: descent reaches a minimum of the lowest cost; local: another minimum",
                    "unsettled: descent is not at rest after its last step",
                    "ridge: descent comes to rest where the landscape curves downwards, so that rounding decides",
                ),
            )
        ],
    )


def findings(table: pd.DataFrame) -> list[str]:
    """For each landscape the share of starts that end in a global minimum."""
    texts = []
    for name, rows in table.groupby("landscape", sort=False):
        low, high = rows["fraction_global"].min(), rows["fraction_global"].max()
        slowest = rows.iloc[0]
        texts.append(
            f"{name}: {slowest['fraction_global']:.2%} of {slowest['starts']:,.0f} starts end in a global minimum at "
            f"η = {words.rate(slowest[RATE])}; over all learning rates {low:.2%} to {high:.2%}"
        )
    return [words.sentences(text) for text in texts]


def are_equally_low(landscape: Landscape) -> bool:
    """True if all minima have one cost, to rounding."""
    costs = landscape.cost(landscape.minima)
    return bool(np.allclose(costs, costs[0], atol=ROUNDING))


def colors(landscape: Landscape) -> str:
    """The colour of the lowest minimum, in words."""
    if are_equally_low(landscape):
        return "all minima are equally low"
    if len(landscape.minima) > len(style.CHOICES):
        return "the lowest minimum is orange, and the others are darker the farther they are from it"
    return "the lowest minimum is blue"


def caption(runs: pd.DataFrame, restless: pd.DataFrame, landscape: Landscape) -> str:
    """The caption of one landscape's maps; `restless` are those left out, in which no start comes to rest."""
    unknown = words.listed([words.spoken(name) for name in stability.unknown_rules(runs)])
    return words.sentences(
        f"starts on a grid of {runs['starts'].iloc[0]:,.0f} points over the region drawn, in the colour of "
        "the minimum that descent from them reaches",
        f"a panel is a learning rate{_without(restless)}; dots: the minima",
        "crosses: minima in which descent cannot rest, since the learning rate exceeds the stability limit "
        f"{stability.formula(runs)}, with λ the sharpness at the minimum"
        if stability.factors(runs).notna().any()
        else "",
        f"the stability limit of {unknown} is unknown, so all minima are dots" if unknown else "",
        colors(landscape),
        "global: the share of starts that end in a minimum of the lowest cost",
        describe.setup_text(runs),
    )


def _without(restless: pd.DataFrame) -> str:
    if restless.empty:
        return ""
    return f", without those {words.rates(restless[RATE].min(), restless[RATE].max())}, where no start comes to rest"


STUDY = Study(
    title="How often does descent reach the lowest minimum?",
    chapter=DOWNHILL,
    order=30,
    minutes=0.5,
    analyze=analyze,
    load=load,
)
