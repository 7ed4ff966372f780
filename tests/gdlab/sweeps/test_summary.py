"""Results in words: ranks, tables, notes."""

import math

import pytest

from gdlab.sweeps.summary import FAILED, REUSED, TRAINED, JobResult, cells, counts, note, ranked, table
from gdlab.sweeps.training import Failure


def result(name, cost=math.nan, accuracy=None, how=TRAINED, **others):
    """A run of seven steps."""
    final = {"final_cost": cost, "steps": 7.0} | ({} if accuracy is None else {"final_accuracy": accuracy})
    return JobResult(place=0, name=name, how=how, outcome="budget", final=final, **others)


def failed(name, message="it broke"):
    return JobResult(place=0, name=name, how=FAILED, failure=Failure(message, "Traceback"))


NETWORKS = [result("a", 0.5, 0.81), failed("b"), result("c", 0.25, 0.925, REUSED)]


def names(results):
    return [one.name for one in results]


def test_the_lowest_cost_is_the_best_and_what_failed_is_the_worst():
    assert names(ranked(NETWORKS)) == ["c", "a", "b"]


def test_without_an_accuracy_the_lowest_cost_is_the_best():
    landscapes = [result("a", 2.0), result("b"), result("c", -1.0), failed("d"), result("e", 0.0)]
    assert names(ranked(landscapes)) == ["c", "e", "a", "b", "d"]


def test_a_table_has_the_columns_that_hold_something():
    assert cells(NETWORKS) == [
        ["run", "outcome", "steps", "final cost", "test accuracy"],
        ["a", "budget", "7", "0.5", "81.00%"],
        ["b", "it broke", "", "", ""],
        ["c", "budget", "7", "0.25", "92.50%"],
    ]
    assert cells([result("a", 2.0)]) == [["run", "outcome", "steps", "final cost"], ["a", "budget", "7", "2"]]
    assert cells([failed("a")]) == [["run", "outcome"], ["a", "it broke"]]


def test_a_table_of_measurements_has_their_metrics():
    measured = [
        JobResult(place=0, name="a", how=TRAINED, outcome="measured", final={"better": 0.0, "norm": 1 / 3}),
        JobResult(place=1, name="b", how=TRAINED, outcome="measured", final={"exponent": -0.5}),
    ]
    assert cells(measured) == [
        ["run", "outcome", "better", "norm", "exponent"],
        ["a", "measured", "0", "0.3333", ""],
        ["b", "measured", "", "", "-0.5"],
    ]


def test_a_table_in_markdown_has_the_best_first():
    assert table([result("a", 2.0), result("b", 1.0)]) == (
        "| run | outcome | steps | final cost |\n"
        "| --- | --- | --- | --- |\n"
        "| b | budget | 7 | 1 |\n"
        "| a | budget | 7 | 2 |\n"
    )


def test_counts_are_by_what_became_of_jobs():
    assert counts([*NETWORKS, result("d")]) == {REUSED: 1, TRAINED: 2, FAILED: 1}
    assert counts([]) == {REUSED: 0, TRAINED: 0, FAILED: 0}


def test_a_note_counts_names_the_best_and_shows_the_table():
    assert note(NETWORKS, jobs=4) == (
        "4 jobs: 1 reused, 1 trained, 1 failed.\n"
        "\n"
        "Lowest final cost: c.\n"
        "\n"
        f"{table(NETWORKS)}\n"
        "All of them: `runs.md` among the artifacts."
    )


@pytest.mark.parametrize(("results", "head"), [([], "4 jobs: none done."), ([failed("a")], "4 jobs: 1 failed.")])
def test_a_note_names_no_best_where_there_is_none(results, head):
    assert note(results, jobs=4).startswith(f"{head}\n\n| run |")


def test_a_long_note_shows_the_best_and_what_failed():
    many = [result(f"run{cost:02}", float(cost)) for cost in range(30)] + [failed(f"bad{i:02}") for i in range(12)]
    lines = note(many, jobs=42).splitlines()
    shown = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")][2:]
    assert shown == [f"run{cost:02}" for cost in range(10)] + [f"bad{i:02}" for i in range(10)]
