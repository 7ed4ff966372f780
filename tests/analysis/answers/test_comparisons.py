"""Answers about arms against a baseline: a wording for every outcome, which changes when the data do."""

import pytest
from studies import verdict

from analysis.answers import comparisons
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED


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
