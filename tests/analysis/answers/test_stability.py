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
                "Yes: over the last half of training its median is within 5% of 2/η in 1 of 1 run of gradient descent"
                " that start below."
            ),
        ),
        ([("gradient_descent", 1, 2, True)] * 2 + [("gradient_descent", 1, 2, False)], "Mostly: "),
        ([("gradient_descent", 1, 2, True), ("gradient_descent", 1, 2, False)], "Seldom: "),
        ([("gradient_descent", 1, 2, False)], "No: "),
        (
            [("gradient_descent", 3, 2, True)],
            "Not decided for gradient descent: no run of it started below 2/η.",
        ),
        (
            [("gradient_descent", 3, 2, True), ("adam", 1, 2, True), ("adam", 1, 2, False)],
            (
                "Not decided for gradient descent: no run of it started below 2/η. With other"
                " optimizers it is within 10% of their own limits in 1 of 2 runs."
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
            ("None that was tried: of 1 run above the stability limit, c = ηλ = 2, 1 diverged, and none converged."),
        ),
        (
            [("linear network, y = 0", 3.5, "catapult", 0.5), ("width 32", 5.0, "catapult", 0.6)],
            (
                "The largest that converged were, as c = ηλ, whose limit is 2: 3.5 on a linear network and 5 on a"
                " network of width 32. Of 2 runs whose cost first rose and then fell, 2 ended "
                "flatter than at the start."
            ),
        ),
        (
            [("uv", 3.5, "catapult", 1.5)],
            (
                "The largest that converged were, as c = ηλ, whose limit is 2: 3.5 on a uv. Of 1 run whose cost first"
                " rose and then fell, 0 ended flatter than at the start."
            ),
        ),
        (
            [("linear network, y = 0", 3.5, "catapult", 0.5), ("linear network, y = 16", 2.5, "lazy", 0.6)],
            (
                "The largest that converged were, as c = ηλ, whose limit is 2: 3.5 on a linear "
                "network (y = 0) and 2.5 on"
                " a linear network (y = 16). Of 1 run whose cost first rose and then fell, 1 ended flatter than at the"
                " start."
            ),
        ),
        (
            [("uv", 2.5, "lazy", 1.0)],
            (
                "The largest that converged were, as c = ηλ, whose limit is 2: 2.5 on a uv. The cost "
                "of none of them rose."
            ),
        ),
    ],
)
def test_catapults(rows, answer):
    assert stability.catapults(phased(*rows)) == answer


def test_catapults_of_many_widths_are_named_by_their_ends():
    rows = [(f"width {width}", top, "catapult", 0.5) for width, top in ((8, 80.0), (16, 70.0), (32, 50.0))]
    answer = stability.catapults(phased(("uv", 4.0, "catapult", 0.5), *rows))
    assert "whose limit is 2: 4 on a uv and 50 to 80 on networks of width 8 to 32." in answer


def conditions(*rows):
    return pd.DataFrame(rows, columns=["condition", "verdict", "dimension", "windows"])


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        (
            [("tanh", "fractal", 1.35, 8)],
            "Yes for tanh: enlarged, it stays ragged, with a median dimension of 1.35.",
        ),
        (
            [
                ("tanh", "fractal", 1.35, 8),
                ("relu", "fractal", 1.5, 8),
                ("one", "not told from smooth", 1.0, 8),
                ("x", "not decided", 1.1, 8),
            ],
            (
                "Yes for tanh and relu: enlarged, it stays ragged, with a median dimension of 1.35 to 1.50. It looks"
                " smooth for one. Not decided for x."
            ),
        ),
        ([("one", "not told from smooth", 1.0, 8)], "It looks smooth for one."),
        (
            [("tanh", "not decided", 1.2, 2)],
            "Not decided: a boundary was measured in 2 enlargements at most, and a verdict needs 8.",
        ),
        ([("tanh", "not decided", 1.2, 9)], "Not decided for any of the conditions."),
    ],
)
def test_boundaries(rows, answer):
    assert stability.ragged(conditions(*rows)) == answer
