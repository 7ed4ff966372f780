"""Answers about seeds, starts and minima: a wording for every outcome, which changes when the data do."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import seeds


class Ends:
    """What an answer reads of an arm of `seed_minima`."""

    def __init__(self, apart, costs):
        self.runs = pd.DataFrame({"final_cost": costs})
        self.norms, self.disagreement = np.ones(3), np.full((3, 3), 0.07)
        self.raw_distances = apart * (1 - np.eye(3))


@pytest.mark.parametrize(
    ("apart", "costs", "answer"),
    [
        (
            1.2,
            [0.1, 0.1, 0.101],
            (
                "Where descent ends, and hardly how well: 3 runs that differ in start and order of mini-batches end 1.2"
                " times as far from each other as from the origin, and disagree on 7.0% of the test examples. Their"
                " final costs vary by 1% of the mean, one standard deviation."
            ),
        ),
        (1.2, [0.1, 0.2, 0.3], "Where descent ends, and how well: 3 runs"),
        (0.2, [0.1, 0.2, 0.3], "How well descent ends, and hardly where: 3 runs"),
        (0.2, [0.1, 0.1, 0.101], "Little: 3 runs"),
    ],
)
def test_seeds(apart, costs, answer):
    assert seeds.decides({"both varied": Ends(apart, costs)}).startswith(answer)


def test_the_arm_is_named():
    ends = Ends(1.0, [0.1, 0.1, 0.1])
    assert "3 runs that differ in their start end" in seeds.decides({"start varied": ends})
    assert "3 runs that differ in the order of mini-batches end" in seeds.decides({"order varied": ends})


def test_luck():
    best_of = pd.DataFrame({"n": [1, 100], "expected best": [90.0, 92.5]})
    needs = pd.DataFrame({"difference": [0.1, 0.5], "unpaired": [2000.0, 80.0]})
    assert (
        seeds.luck(np.array([89.0, 90.0, 91.0]), best_of, needs)
        == "3 runs that differ in nothing but the seed have a mean test accuracy of 90.0% and a standard deviation of"
        " 1.0 points. The best of 100 is 2.5 points above the mean by luck alone, and to tell two settings apart that"
        " differ by 0.5 points takes 80 seeds of each."
    )


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        ({"himmelblau": [0.9, 1.0]}, "Always: "),
        ({"rastrigin": [0.001, 0.0]}, "Hardly ever: "),
        (
            {"double_well": [0.5, 0.54]},
            (
                "Not always: at its best learning rate descent reaches a lowest minimum from 54% of the"
                " starts on the double well."
            ),
        ),
        (
            {"himmelblau": [1.0], "rastrigin": [0.0]},
            (
                "It depends on the landscape: at its best learning rate descent reaches a lowest minimum"
                " from 100% of the starts on Himmelblau's function and 0% on Rastrigin's function."
            ),
        ),
    ],
)
def test_lowest_minima(shares, answer):
    table = pd.DataFrame(
        [{"landscape": name, "fraction_global": share} for name, both in shares.items() for share in both]
    )
    assert seeds.lowest(table).startswith(answer)


def ended(units, cost, distinct):
    return pd.Series([units]), pd.Series([cost]), distinct


@pytest.mark.parametrize(
    ("ends", "answer"),
    [
        (
            {"constant": ended(2, 0.75, False), "normal": ended(32, 0.03, True)},
            (
                "Because units that start equal stay equal: 32 hidden units ended as copies of one in each layer, and"
                " the training cost did not fall below 0.75; from random starts it fell to 0.03."
            ),
        ),
        (
            {"constant": ended(5, 0.75, False), "normal": ended(32, 0.03, True)},
            "Because units that start equal stay equal: 32 hidden units ended as at most 5 different ones, and",
        ),
        (
            {"constant": ended(32, 0.1, False), "normal": ended(32, 0.03, True)},
            (
                "Here they need not be: all 32 hidden units ended distinct where they had started equal, through"
                " rounding alone."
            ),
        ),
        (
            {"normal": ended(32, 0.03, True)},
            "Not decided: this takes runs whose units start equal, and runs whose units start different.",
        ),
    ],
)
def test_random_starts(ends, answer):
    assert seeds.random(ends, 32, layers=2).startswith(answer)


def test_the_units_of_one_layer_are_copies_of_one():
    ends = {"constant": ended(1, 0.75, False), "normal": ended(32, 0.03, True)}
    assert "32 hidden units ended as copies of one, and" in seeds.random(ends, 32, layers=1)
