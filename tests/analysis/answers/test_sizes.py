"""Answers about the size of a network: a wording for every outcome, which changes when the data do."""

import pandas as pd
import pytest
from studies import verdict

from analysis.answers import sizes
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

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
    assert answer.startswith("On the whole, but not at every width: after alignment it is 0.2 → 0.08 → 0.1 for hidden")


STEPS = [0, 10, 1000]


@pytest.mark.parametrize(
    ("verdicts", "pairs", "answer"),
    [
        (
            {"8": ["stable"] * 3, "9": ["stable"] * 3},
            8,
            "By the start: two copies of a run end in one valley although they see different mini-batches from the "
            "first step on, with hidden layers (8) and (9).",
        ),
        (
            {"8": ["unstable", "stable", "stable"], "4": ["unstable", "stable", UNDECIDED]},
            8,
            "Early: two copies of a run end in one valley although they see different mini-batches from step 10 of "
            "1,000 on, with hidden layers (8). Not decided for hidden layers (4).",
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
    assert "from the first step on, with hidden layers (16, 16) to (128, 128)." in sizes.decided(siblings, 1000, 8)


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
