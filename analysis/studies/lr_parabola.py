"""Descent on a parabola, drawn on the parabola: each regime step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.chapters import DOWNHILL
from analysis.columns import OPTIMIZER, RATE
from analysis.draw.parabola import CENTER, CURVATURE, PLACE, on_parabola
from analysis.items import Figure, StudyResult
from analysis.recipes import captions
from analysis.recipes.against_rate import against_rate
from analysis.stats.regimes import CONVERGING
from analysis.study import Study
from analysis.touch.walks import walks_chart

NAME = "lr_parabola"
OVERSHOOTING, ONE_STEP = "converging, overshooting", "one step"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame) -> StudyResult:
    """The paths on the parabola, and the figures of every study over learning rates."""
    frames.require(steps, (OPTIMIZER, CURVATURE, CENTER, PLACE), f"experiment {NAME!r}, of parabola runs,")
    result = against_rate(NAME, "A parabola", runs, steps)
    chosen = examples(steps)
    paths = steps[steps["run_id"].isin(chosen["run_id"])]
    figure = Figure(
        name=f"{NAME}_walks",
        title="Each regime, step by step on the parabola",
        plot=on_parabola(paths, chosen),
        caption=caption(runs, chosen),
        data=paths[[RATE, "regime", "step", PLACE, "cost"]].sort_values([RATE, "step"]),
    )
    return replace(
        result,
        figures=[figure, *result.figures],
        charts=[walks_chart(f"{NAME}_walk"), *result.charts],
    )


def examples(steps: pd.DataFrame) -> pd.DataFrame:
    """The run with the middle learning rate of each kind: a kind is a regime, and the converging runs are of two, below
    and above the learning rate 1/λ that reaches the minimum in one step.
    """
    runs = steps.drop_duplicates("run_id")
    exact = 1 / runs[CURVATURE]
    converging = np.select([runs[RATE] < exact, runs[RATE] > exact], [CONVERGING, OVERSHOOTING], ONE_STEP)
    kinds = runs.assign(kind=runs["regime"].where(runs["regime"] != CONVERGING, converging)).sort_values(RATE)
    others = kinds[kinds["kind"] != ONE_STEP]
    groups = (others if len(others) else kinds).groupby("kind")
    return pd.concat([group.iloc[[len(group) // 2]] for _, group in groups]).sort_values(RATE)


def caption(runs: pd.DataFrame, chosen: pd.DataFrame) -> str:
    """The caption of the paths."""
    return words.sentences(
        "descent on C(w) = λ/2 (w - c)², step by step, from the large dot",
        f"a panel is a run: of each regime the run with the middle learning rate, {len(chosen)} of the "
        f"{words.plural(len(runs), 'run')}",
        "overshooting: every step crosses the minimum, to a lower cost"
        if (chosen["kind"] == OVERSHOOTING).any()
        else "",
        "; ".join(filter(None, [f"λ = {describe.values(runs, CURVATURE)}", captions.stability_formula(runs)])),
        *captions.shared(runs),
    )


STUDY = Study(
    title="How large may a learning rate be on a parabola?",
    chapter=DOWNHILL,
    order=20,
    minutes=0.5,
    analyze=analyze,
)
