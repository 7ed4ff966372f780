"""Answers about the stability limit: a wording for every outcome, which changes when the data do."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import stability


def late(*rows):
    return pd.DataFrame(rows, columns=["optimizer", "at the start", "critical", "settled"])


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        (
            [("gradient_descent", 1, 2, True)],
            (
                "Yes: the sharpness rises to the stability limit and stays there, to within 5%, in 1 of 1 run of"
                " gradient descent that start below it."
            ),
        ),
        ([("gradient_descent", 1, 2, True)] * 2 + [("gradient_descent", 1, 2, False)], "Mostly: "),
        ([("gradient_descent", 1, 2, True), ("gradient_descent", 1, 2, False)], "Seldom: "),
        ([("gradient_descent", 1, 2, False)], "No: "),
        (
            [("gradient_descent", 3, 2, True)],
            "Not decided for gradient descent: no run of it started below the stability limit.",
        ),
        (
            [("gradient_descent", 3, 2, True), ("adam", 1, 2, True), ("adam", 1, 2, False)],
            (
                "Not decided for gradient descent: no run of it started below the stability limit. Of other"
                " optimizers, each at a limit of its own, it does so to within 10% in 1 of 2 runs."
            ),
        ),
    ],
)
def test_the_edge_of_stability(rows, answer):
    assert stability.settles(late(*rows)).startswith(answer)


def phased(*rows):
    return pd.DataFrame(rows, columns=["case", "c", "phase", "final sharpness / start"])


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([("uv", 1.0, "lazy", 1.0)], "Not decided: no learning rate above the stability limit, c = ηλ = 2, was tried."),
        (
            [("uv", 3.0, "divergent", np.nan)],
            (
                "None that was tried: of 1 run above the stability limit, c = ηλ = 2, 1 diverged, and none converged"
                " after a rise of its cost."
            ),
        ),
        (
            [("linear network, y = 0", 3.5, "catapult", 0.5), ("width 32", 5.0, "catapult", 0.6)],
            (
                "Of those tried, in multiples of that limit, rates up to 1.8 on a linear network (y = 0) and 2.5 on a"
                " network of width 32. There the cost first rises, then falls: 2 of 2 such runs ended where it is"
                " flatter than at the start."
            ),
        ),
        (
            [("uv", 3.5, "catapult", 1.5)],
            (
                "Of those tried, in multiples of that limit, rates up to 1.8 on a uv. There the cost first rises, then"
                " falls: 0 of 1 such run ended where it is flatter than at the start."
            ),
        ),
    ],
)
def test_catapults(rows, answer):
    assert stability.catapults(phased(*rows)) == answer


def test_catapults_of_many_widths_are_named_by_their_ends():
    rows = [(f"width {width}", top, "catapult", 0.5) for width, top in ((8, 80.0), (16, 70.0), (32, 50.0))]
    answer = stability.catapults(phased(("uv", 4.0, "catapult", 0.5), *rows))
    assert "rates up to 2 on a uv and 25 to 40 on networks of width 8 to 32." in answer


def conditions(*rows):
    return pd.DataFrame(rows, columns=["condition", "verdict", "dimension", "windows"])


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        (
            [("tanh", "fractal", 1.35, 8)],
            "Yes for tanh: however far it is enlarged it is ragged, with a dimension of 1.35.",
        ),
        (
            [
                ("tanh", "fractal", 1.35, 8),
                ("relu", "fractal", 1.5, 8),
                ("one", "not told from smooth", 1.0, 8),
                ("x", "not decided", 1.1, 8),
            ],
            (
                "Yes for tanh and relu: however far it is enlarged it is ragged, with a dimension of 1.35 to 1.50. Not"
                " told from a smooth curve for one. Not decided for x."
            ),
        ),
        ([("one", "not told from smooth", 1.0, 8)], "It is not told from a smooth curve for one."),
        (
            [("tanh", "not decided", 1.2, 2)],
            "Not decided: a boundary was measured in 2 enlargements at most, and a verdict needs 8.",
        ),
        ([("tanh", "not decided", 1.2, 9)], "Not decided for any of the conditions."),
    ],
)
def test_boundaries(rows, answer):
    assert stability.ragged(conditions(*rows)) == answer
