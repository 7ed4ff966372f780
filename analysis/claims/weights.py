"""Entries of the gradient: what the slope of a single weight says, and which weights matter."""

from __future__ import annotations

import numpy as np

from analysis.claims._runs import SLOPES, estimate
from analysis.claims.claim import Claim, Evidence, Finding, judged
from analysis.stats.verdicts import FAILS

SIGNS, CORRELATION = 0.9, 0.9  # chance has 0.5 and 0
TOP = 0.5  # of the squares; the largest tenth of normal noise has 0.44
LAYERS = ("layer_1", "layer_2", "layer_3")


def predicts_the_change(evidence: Evidence) -> Finding:
    """Expect more than 90% of signs to agree and a correlation above 0.9, for nudges of 0.0001 and for nudges of each
    weight's own size.

    The limit: only for one of them.
    """
    from analysis.stats import over_seeds, verdicts

    kinds = {"nudges of 0.0001": ("slope", "rise"), "nudges of a weight's own size": ("own_predicted", "own_fall")}
    sentences, found = [], []
    for kind, columns in kinds.items():
        pairs = [table[list(columns)].dropna().to_numpy(float).T for _, table in evidence.tables.groupby("run_id")]
        moving = [(predicted[predicted != 0], change[predicted != 0]) for predicted, change in pairs]
        signs = over_seeds.above([np.mean(np.sign(first) == np.sign(second)) for first, second in moving], SIGNS, 2)
        alike = over_seeds.above([np.corrcoef(first, second)[0, 1] for first, second in moving], CORRELATION, 2)
        found.append(verdicts.combined([signs.verdict, alike.verdict]))
        sentences.append(
            f"{kind}: the cost changes in the direction that the slope predicts for {estimate(signs, '.1%')} (above "
            f"{SIGNS:.0%} expected), and the sizes correlate at {estimate(alike, '.3f')} (above {CORRELATION:g})"
        )
    return judged(f"before training, {'; '.join(sentences)} (n = {signs.n} starts)", found, evidence.runs["run_id"])


sign_and_size = Claim(
    name="sign_and_size",
    order=100,
    about="gallery",
    text="The sign of a weight's slope says which way to change it, its size how much that matters.",
    runs=(SLOPES,),
    check=predicts_the_change,
)


def is_concentrated(evidence: Evidence) -> Finding:
    """Expect the largest tenth of each layer's slopes to have more than half of that layer's squared gradient, and dark
    pixels' weights to have none.

    The limit: not in every layer, so that some of the difference between weights is one between layers.
    """
    from analysis.stats import over_seeds

    runs = evidence.runs
    tests = {layer: over_seeds.above(runs[f"{layer}_top_10_percent"], TOP, len(LAYERS)) for layer in LAYERS}
    dark = runs["dark_largest_slope"].max()
    shares = [f"{name.replace('_', ' ')}: {estimate(test, '.1%')}" for name, test in tests.items()]
    last = tests[LAYERS[-1]]
    return judged(
        f"before training, the largest tenth of a layer's slopes carries this share of the layer's squared gradient, "
        f"above {TOP:.0%} expected, of normal noise 44%: {'; '.join(shares)}; the output layer has "
        f"{runs[LAYERS[-1]].mean():.1%} of all; the {runs['dark_weights'].iloc[0]:,.0f} weights of the "
        f"{runs['dark_pixels'].iloc[0]:.0f} pixels that are always dark have slopes of magnitude {dark:g} at most "
        f"(n = {last.n} starts)",
        [test.verdict for test in tests.values()] if dark == 0 else [FAILS],
        runs["run_id"],
    )


some_matter = Claim(
    name="some_matter",
    order=110,
    about="gallery",
    text="Some weights matter far more than others, and those of pixels that are always dark do not matter at all.",
    runs=(SLOPES,),
    check=is_concentrated,
)
