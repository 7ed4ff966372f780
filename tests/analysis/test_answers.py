"""Answers: a wording for every outcome, which changes when the data do."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import comparisons, paths, rates, seeds, sizes, stability
from analysis.columns import OPTIMIZER, RATE
from analysis.stats.paths import Paths
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED, Verdict

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
            f"Up to η = 1: of {TRIED} it is the largest at which all 2 runs converge. At η = 10 none does.",
        ),
        (
            both(CONVERGING, DEAD, EXPLODING),
            f"Up to η = 0.1: of {TRIED} it is the largest at which all 2 runs converge. From η = 10 on runs explode.",
        ),
        (
            both(CONVERGING, CONVERGING, CONVERGING),
            (
                f"Up to η = 10: of {TRIED} it is the largest at which all 2 runs converge. No larger one failed"
                " altogether, so the border lies beyond those that were tried."
            ),
        ),
        (
            both("bouncing", CONVERGING, EXPLODING),
            (
                f"Up to η = 1: of {TRIED} it is the largest at which all 2 runs converge. But not every smaller one is"
                " safe: at η = 0.1 some runs fail. From η = 10 on runs explode."
            ),
        ),
        (
            both("little learnt", CONVERGING, EXPLODING),
            f"Up to η = 1: of {TRIED} it is the largest at which all 2 runs converge. From η = 10 on runs explode.",
        ),
        (
            runs({2.0: (CONVERGING,)}),
            (
                "Up to η = 2: of the one learning rate tried, η = 2 it is the largest at which the run converges. No"
                " larger one"
            ),
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
            "From η = 1 on: none of the 2 runs at smaller rates explodes. All do.",
        ),
        (
            runs({0.1: (DEAD, DEAD), 1.0: (DEAD, EXPLODING), 10.0: (EXPLODING, EXPLODING)}),
            "From η = 1 on: none of the 2 runs at smaller rates explodes. From η = 10 on all do.",
        ),
        (
            runs({1.0: (EXPLODING, DEAD)}),
            "From η = 1 on, the smallest that was tried. Not all runs explode even at the largest.",
        ),
    ],
)
def test_explosions(found, answer):
    assert rates.explosion(found) == answer


@pytest.mark.parametrize(
    ("cases", "answer"),
    [
        ({"parabola": 1.0, "bowl": 1.005}, "On quadratics yes: 2 of 2 borders lie within 1% of the prediction."),
        ({"parabola": 1.0, "bowl": 1.5}, "On quadratics not always: 1 of 2 borders lie within 1% of the prediction."),
        ({"parabola": 0.5}, "On quadratics no: 0 of 1 border lie within 1% of the prediction."),
        (
            {"network a": 0.9, "network b": 7.0},
            "For networks it lies at 0.9 to 7 times the prediction made from the curvature at the start.",
        ),
        (
            {"network": 1.0},
            "For networks it lies at 1 times the prediction made from the curvature at the start.",
        ),
    ],
)
def test_borders(cases, answer):
    assert rates.border(pd.DataFrame({"case": list(cases), "measured / predicted": list(cases.values())})) == answer


def best(*chosen):
    """A table in which each batch size has one best learning rate."""
    rows = [
        {
            "size": size,
            "label": "whole set" if np.isinf(size) else f"{size:g}",
            RATE: rate,
            "iqm": 0.1 if rate == own else 0.5,
            "n": 3,
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
                "After 9 epochs, the larger the batches the larger the best learning rate, from η = 0.1 with batches of"
                " 1 to η = 10 with the whole training set (n = 3 seeds)."
            ),
        ),
        (
            (10.0, 1.0),
            (
                "After 9 epochs, the larger the batches the smaller the best learning rate, from η = 10 with batches of"
                " 1 to η = 1 with 8 (n = 3 seeds)."
            ),
        ),
        ((1.0, 1.0, 1.0), "After 9 epochs one learning rate, η = 1, is the best for all batch sizes (n = 3 seeds)."),
        (
            (0.1, 10.0, 1.0),
            (
                "After 9 epochs the best learning rate does not simply grow with the batch size: it goes from η = 0.1"
                " with batches of 1 to η = 1 with the whole training set, not steadily (n = 3 seeds)."
            ),
        ),
        ((1.0,), "After 9 epochs the best learning rate is η = 1, at one batch size (n = 3 seeds)."),
    ],
)
def test_batch_sizes(chosen, answer):
    assert rates.batch(best(*chosen)) == answer


def verdict(outcome, n=8):
    low, high = {HOLDS: (0.1, 0.3), FAILS: (-0.3, -0.1), UNDECIDED: (-0.1, 0.1)}[outcome]
    return Verdict(arm="a", hypothesis="h", statistic="s", value=(low + high) / 2, low=low, high=high, n=n)


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        ([HOLDS, HOLDS], "Yes: tuned alike, a and b did better (n = 8 seeds)."),
        ([FAILS, FAILS], "No: tuned alike, a and b did worse (n = 8 seeds)."),
        ([UNDECIDED, FAILS], "None is shown to: tuned alike, b did worse; for a it is not decided (n = 8 seeds)."),
        ([UNDECIDED, HOLDS], "Some do: tuned alike, b did better; for a it is not decided (n = 8 seeds)."),
        ([UNDECIDED, UNDECIDED], "Not decided: for a and b the difference may be chance (n = 8 seeds)."),
        ([HOLDS, FAILS], "Some do: tuned alike, a did better; b did worse (n = 8 seeds)."),
    ],
)
def test_arms_against_a_baseline(outcomes, answer):
    found = [verdict(outcome) for outcome in outcomes]
    assert comparisons.against(found, ["a", "b"], "tuned alike", "did better", "did worse") == answer


def test_arms_with_few_seeds():
    answer = comparisons.against([verdict(HOLDS, n=2)], ["a"], "tuned alike", "did better", "did worse")
    assert answer == "Not decided: tested on 2 seeds, and a verdict needs 8."


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
                "Not decided for gradient descent: no run of it started below the stability limit. So it does, to"
                " within 10%, in 1 of 2 runs of others, at limits of their own."
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
                "Not always: at the learning rate that suits best, descent reaches a lowest minimum from 54% of the"
                " starts on the double well."
            ),
        ),
        (
            {"himmelblau": [1.0], "rastrigin": [0.0]},
            (
                "It depends on the landscape: at the learning rate that suits best, descent reaches a lowest minimum"
                " from 100% of the starts on Himmelblau's function and 0% of the starts on Rastrigin's function."
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
                "Because units that start equal stay equal: of 32 hidden units at most 2 ended distinct, and the"
                " training cost did not fall below 0.75; from random starts it fell to 0.03."
            ),
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
    assert seeds.random(ends, 32) == answer


WIDTHS = pd.DataFrame(
    {
        "pairs are": ["aligned", "as they are", "aligned"],
        "hidden layers": ["8, 8", "8, 8", "16, 16"],
        "parameters": [1, 1, 2],
        "barrier": [0.2, 0.9, 0.08],
    }
)


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (verdict(HOLDS), "Yes: after alignment it is 0.2 → 0.08 for hidden layers (8, 8) and (16, 16) (n = 8 pairs)."),
        (verdict(FAILS), "No, it rises: after alignment it is 0.2 → 0.08"),
        (
            verdict(UNDECIDED),
            (
                "Not decided: after alignment it is 0.2 → 0.08 for hidden layers (8, 8) and (16, 16), but the"
                " difference may be chance (n = 8 pairs)."
            ),
        ),
        (
            verdict(HOLDS, n=2),
            (
                "Not decided: after alignment it is 0.2 → 0.08 for hidden layers (8, 8) and (16, 16), but a verdict"
                " needs 8 pairs (n = 2 pairs)."
            ),
        ),
        (None, "Not decided: all networks have one width."),
    ],
)
def test_widths(found, answer):
    assert sizes.falls(found, WIDTHS).startswith(answer)


def test_a_barrier_that_falls_and_rises_does_not_fall_steadily():
    wider = WIDTHS.iloc[[2]].assign(parameters=3, barrier=0.1, **{"hidden layers": "32, 32"})
    answer = sizes.falls(verdict(HOLDS), pd.concat([WIDTHS, wider]))
    assert answer.startswith("From end to end, not steadily: after alignment it is 0.2 → 0.08 → 0.1 for hidden layers")


STEPS = [0, 10, 1000]


@pytest.mark.parametrize(
    ("verdicts", "pairs", "answer"),
    [
        (
            {"8": ["stable"] * 3, "9": ["stable"] * 3},
            8,
            "By the start: two copies of a run that see other mini-batches from some step on end in one valley, if "
            "this is step 0 with hidden layers (8) and (9), or later.",
        ),
        (
            {"8": ["unstable", "stable", "stable"], "4": ["unstable", "stable", UNDECIDED]},
            8,
            "Early: two copies of a run that see other mini-batches from some step on end in one valley, if this is "
            "step 10 of 1,000 with hidden layers (8), or later. Not decided for hidden layers (4).",
        ),
        ({"8": ["unstable", "unstable", "stable"]}, 8, "During training: "),
        ({"8": ["unstable"] * 3}, 8, "Not by any step that was tried: "),
        ({"8": [UNDECIDED] * 3}, 3, "Not decided: each step has 3 pairs of copies, and a verdict needs 8."),
    ],
)
def test_forks(verdicts, pairs, answer):
    assert sizes.decided({width: (STEPS, found) for width, found in verdicts.items()}, 1000, pairs).startswith(answer)


def test_many_widths_that_part_alike_are_named_by_their_ends():
    siblings = {f"{width}, {width}": (STEPS, ["stable"] * 3) for width in (16, 32, 64, 128)}
    assert "is step 0 with hidden layers (16, 16) to (128, 128), or later." in sizes.decided(siblings, 1000, 8)


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        (
            ["a peak", "a peak"],
            (
                "Yes: without wrong labels the test cost peaks at 30,000 parameters, 3 times training examples ×"
                " outputs; with 20%"
            ),
        ),
        (
            ["no peak", "a peak"],
            (
                "It depends on the labels: with 20% the test cost peaks at 30,000 parameters, 3 times training examples"
                " × outputs; the test cost has no peak between two valleys without wrong labels."
            ),
        ),
        (
            ["no peak", "no peak"],
            "No: the test cost has no peak between two valleys without wrong labels and with 20%.",
        ),
        (
            ["no peak", UNDECIDED],
            (
                "Not shown: the test cost has no peak between two valleys without wrong labels; a peak is neither shown"
                " nor excluded with 20%."
            ),
        ),
        (["a peak", UNDECIDED], "In part: without wrong labels the test cost peaks"),
        (
            [UNDECIDED, UNDECIDED],
            "Not decided: a peak is neither shown nor excluded without wrong labels and with 20%.",
        ),
    ],
)
def test_double_descent(verdicts, answer):
    found = [
        (name, outcome, 30_000.0, 3.0)
        for name, outcome in zip(("without wrong labels", "with 20%"), verdicts, strict=True)
    ]
    assert sizes.descends_twice(found).startswith(answer)


FALLING, RISING = (1.0, 0.5, 0.5, 0.1), (1.0, 0.2, 0.3, 0.1)
DOWNHILL = "Downhill all the way with gradient descent: the cost never rises, in 2 of 2 runs."


@pytest.mark.parametrize(
    ("costs", "answer"),
    [
        ([], ""),
        ([("gradient_descent", FALLING)] * 2, DOWNHILL),
        (
            [("gradient_descent", FALLING), ("gradient_descent", RISING)],
            "Downhill with gradient descent, but not all the way: the cost rises at times in 1 of 2 runs.",
        ),
        (
            [("gradient_descent", FALLING)] * 2 + [("adam", RISING), ("momentum", FALLING)],
            f"{DOWNHILL} Other optimizers overshoot: with them the cost rises at times in 1 of 2 runs.",
        ),
        ([("adam", FALLING)], "With other optimizers the cost never rises, in 1 of 1 runs."),
        ([("gradient_descent", (1.0, 0.1, 0.1 + 1e-12)), ("gradient_descent", FALLING)], DOWNHILL),
    ],
)
def test_what_descent_looks_like(costs, answer):
    found = pd.DataFrame({"run_id": map(str, range(len(costs))), OPTIMIZER: [name for name, _ in costs]})
    rows = [
        {"run_id": str(number), "step": step, "cost": cost}
        for number, (_, steps) in enumerate(costs)
        for step, cost in reversed(list(enumerate(steps)))
    ]
    groups = [Paths(None, found, pd.DataFrame(rows))] if costs else []
    assert paths.looks(groups) == answer
