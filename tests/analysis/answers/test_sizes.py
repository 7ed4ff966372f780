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
        (
            verdict(HOLDS),
            "Yes: after alignment it is at most 0.2 → 0.08 for hidden layers (8, 8) and (16, 16) (n = 8 pairs).",
        ),
        (verdict(FAILS), "No, it rises: after alignment it is at most 0.2 → 0.08"),
        (
            verdict(UNDECIDED),
            (
                "Not decided: after alignment it is at most 0.2 → 0.08 for hidden layers (8, 8) and (16, 16), but the"
                " difference may be chance (n = 8 pairs)."
            ),
        ),
        (
            verdict(HOLDS, n=2),
            (
                "Not decided: after alignment it is at most 0.2 → 0.08 for hidden layers (8, 8) and "
                "(16, 16), but a verdict"
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
    assert answer.startswith(
        "On the whole, but not at every width: after alignment it is at most 0.2 → 0.08 → 0.1 for hidden"
    )


STEPS, APART = [0, 10, 1000], [3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("verdicts", "pairs", "answer"),
    [
        (
            {"8": ["stable"] * 3, "9": ["stable"] * 3},
            8,
            "The valley, by the start: two copies of a run end in one although they see different mini-batches from "
            "the first step on, with hidden layers (8) and (9). Their predictions may still differ, on up to 3% of the "
            "test examples.",
        ),
        (
            {"8": ["unstable", "stable", "stable"], "4": ["unstable", "stable", UNDECIDED]},
            8,
            "The valley, early: two copies of a run end in one although they see different mini-batches from step 10 "
            "of 1,000 on, with hidden layers (8). Their predictions may still differ, on up to 2% of "
            "the test examples. "
            "Not decided for hidden layers (4).",
        ),
        ({"8": ["unstable", "unstable", "stable"]}, 8, "The valley, during training: "),
        ({"8": ["unstable"] * 3}, 8, "Not by any step that was tried: "),
        ({"8": [UNDECIDED] * 3}, 3, "Not decided: each step has 3 pairs of copies, and a verdict needs 8."),
    ],
)
def test_forks(verdicts, pairs, answer):
    assert sizes.decided({width: (STEPS, found, APART) for width, found in verdicts.items()}, 1000, pairs).startswith(
        answer
    )


def test_many_widths_that_part_alike_are_named_by_their_ends():
    siblings = {f"{width}, {width}": (STEPS, ["stable"] * 3, APART) for width in (16, 32, 64, 128)}
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
                " × outputs; without wrong labels it has no peak between two valleys, and is 0.28 at "
                "its lowest and 0.32"
                " at the largest size."
            ),
        ),
        (
            ["no peak", "no peak"],
            "No: without wrong labels it has no peak between two valleys, and is 0.28 at its lowest and 0.32 at the "
            "largest size; with 20% it has no peak",
        ),
        (
            ["no peak", UNDECIDED],
            (
                "Not shown: without wrong labels it has no peak between two valleys, and is 0.28 at its lowest and 0.32"
                " at the largest size; a peak is neither shown nor excluded with 20%."
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
        sizes.Course(name, outcome, 30_000.0, 3.0, lowest=0.28, last=0.32)
        for name, outcome in zip(("without wrong labels", "with 20%"), verdicts, strict=True)
    ]
    assert sizes.descends_twice(found).startswith(answer)
