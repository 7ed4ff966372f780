"""Answers about learning rates: a wording for every outcome, which changes when the data do."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import rates
from analysis.columns import RATE

CONVERGING, EXPLODING, DEAD = "converging", "exploding", "dead"


def runs(regimes):
    """Two runs at each learning rate, with a regime each."""
    rows = [
        {RATE: rate, "seed": seed, "regime": regime}
        for rate, both in regimes.items()
        for seed, regime in enumerate(both)
    ]
    return pd.DataFrame(rows)


def both(*regimes):
    """The regime of both runs at the learning rates 0.1, 1 and 10."""
    return runs(dict(zip((0.1, 1.0, 10.0), [(regime, regime) for regime in regimes], strict=True)))


TRIED = "the 3 learning rates tried (0.1 to 10)"


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (both(DEAD, DEAD, DEAD), f"None of {TRIED} is small enough that all 2 runs converge."),
        (
            both(CONVERGING, CONVERGING, DEAD),
            f"Up to η = 1, the largest of {TRIED} at which all 2 runs converge. At η = 10 none does.",
        ),
        (
            both(CONVERGING, DEAD, EXPLODING),
            f"Up to η = 0.1, the largest of {TRIED} at which all 2 runs converge. From η = 10 on runs explode.",
        ),
        (
            both(CONVERGING, CONVERGING, CONVERGING),
            (
                f"Up to η = 10, the largest of {TRIED} at which all 2 runs converge. No larger one failed"
                " altogether, so the border lies beyond those that were tried."
            ),
        ),
        (
            both("bouncing", CONVERGING, EXPLODING),
            (
                f"Up to η = 1, the largest of {TRIED} at which all 2 runs converge. But not every smaller one is"
                " safe: at η = 0.1 some runs fail. From η = 10 on runs explode."
            ),
        ),
        (
            both("little learnt", CONVERGING, EXPLODING),
            f"Up to η = 1, the largest of {TRIED} at which all 2 runs converge. From η = 10 on runs explode.",
        ),
        (
            runs({2.0: (CONVERGING,)}),
            ("Up to η = 2, the only learning rate tried, at which the run converges. No larger one"),
        ),
    ],
)
def test_the_largest_learning_rate(found, answer):
    assert rates.largest(found).startswith(answer)


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (both(CONVERGING, CONVERGING, DEAD), f"None of the 6 runs exploded, at {TRIED}."),
        (
            both(CONVERGING, EXPLODING, EXPLODING),
            "At η = 1, 2 of 2 runs explode, and none of the 2 at smaller rates.",
        ),
        (
            runs({0.1: (DEAD, DEAD), 1.0: (DEAD, EXPLODING), 10.0: (EXPLODING, EXPLODING)}),
            "At η = 1, 1 of 2 runs explode, and none of the 2 at smaller rates. From η = 10 on all do.",
        ),
        (
            runs({1.0: (EXPLODING, DEAD)}),
            "At η = 1, 1 of 2 runs explode, and no smaller rate was tried. Not all explode even at the largest.",
        ),
    ],
)
def test_explosions(found, answer):
    assert rates.explosion(found) == answer


@pytest.mark.parametrize(
    ("cases", "answer"),
    [
        ({"parabola": 1.0, "bowl": 1.005}, "On quadratics yes: 2 of 2 borders within 1% of the prediction."),
        ({"parabola": 1.0, "bowl": 1.5}, "On quadratics not always: 1 of 2 borders within 1% of the prediction."),
        ({"parabola": 0.5}, "On quadratics no: 0 of 1 border within 1% of the prediction."),
        (
            {"network a": 0.9, "network b": 7.0},
            "For networks it lies at 0.9 to 7 times the prediction made from the curvature at the start,"
            " depending on the network and on what rise of the cost counts.",
        ),
        (
            {"network": 1.0},
            "For networks it lies at 1 times the prediction made from the curvature at the start.",
        ),
    ],
)
def test_borders(cases, answer):
    assert rates.border(pd.DataFrame({"case": list(cases), "measured / predicted": list(cases.values())})) == answer


FEW = "(n = 3 seeds, too few for a verdict)"


def best(*chosen):
    """A table in which each batch size has one best learning rate."""
    rows = [
        {
            "size": size,
            "label": "whole set" if np.isinf(size) else f"{size:g}",
            RATE: rate,
            "iqm": 0.1 if rate == own else 0.5,
            "n": 3,
            "regime": CONVERGING,
        }
        for size, own in zip((1.0, 8.0, np.inf), chosen, strict=False)
        for rate in (0.1, 1.0, 10.0)
    ]
    return {"9 epochs": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        (
            (0.1, 1.0, 10.0),
            (
                "After 9 epochs the best learning rate is never smaller with larger batches: it goes from η = 0.1 with"
                f" batches of 1 to η = 10 with the whole training set {FEW}."
            ),
        ),
        (
            (10.0, 1.0),
            (
                "After 9 epochs the best learning rate is never larger with larger batches: it goes from η = 10 with"
                f" batches of 1 to η = 1 with 8 {FEW}."
            ),
        ),
        ((1.0, 1.0, 1.0), f"After 9 epochs one learning rate, η = 1, is the best for all batch sizes {FEW}."),
        (
            (0.1, 10.0, 1.0),
            (
                "After 9 epochs the best learning rate does not simply grow with the batch size: it goes, not steadily,"
                f" from η = 0.1 with batches of 1 to η = 1 with the whole training set {FEW}."
            ),
        ),
        ((1.0,), f"After 9 epochs the best learning rate is η = 1, at one batch size {FEW}."),
    ],
)
def test_batch_sizes(chosen, answer):
    assert rates.batch(best(*chosen)) == answer


def test_a_batch_size_at_which_nothing_was_learnt_has_no_best_rate():
    table = best(0.1, 1.0, 0.1)["9 epochs"]
    table.loc[np.isinf(table["size"]), "regime"] = "little learnt"
    assert rates.batch({"9 epochs": table}).endswith(f"it goes from η = 0.1 with batches of 1 to η = 1 with 8 {FEW}.")


def test_enough_seeds_for_a_verdict():
    table = best(1.0)["9 epochs"].assign(n=8)
    assert rates.batch({"9 epochs": table}) == (
        "After 9 epochs the best learning rate is η = 1, at one batch size (n = 8 seeds)."
    )


def test_the_number_of_seeds_is_said_once_where_it_is_one():
    table = best(1.0)["9 epochs"]
    assert rates.batch({"9 epochs": table, "5 steps": table}).count(FEW) == 1
    assert "(n = 8 seeds)" in (answer := rates.batch({"9 epochs": table, "5 steps": table.assign(n=8)}))
    assert FEW in answer


def test_nothing_converged():
    table = best(1.0)["9 epochs"].assign(regime=DEAD)
    assert rates.batch({"9 epochs": table}) == f"After 9 epochs no learning rate converged {FEW}."
