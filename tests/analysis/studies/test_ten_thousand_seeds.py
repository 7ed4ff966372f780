"""The study of many seeds, on made-up runs."""

import numpy as np
import pandas as pd
import pytest
from messages import exactly

from analysis.errors import StudyError
from analysis.studies import studies
from analysis.studies.ten_thousand_seeds import sampled, step_of

STUDY = studies()["ten_thousand_seeds"]
RATE = "optimizer.learning_rate"


def accuracies(rng, count, mean=0.9):
    return (rng.normal(mean, 0.008, count) * 1000).round() / 1000


def plain(rng, seeds, rate=3.0, shift=None):
    accuracy = accuracies(rng, len(seeds)) if shift is None else shift
    return pd.DataFrame(
        {"seed": seeds, "seeds.init": seeds, "seeds.batches": seeds, RATE: rate, "final_accuracy": accuracy}
    )


def crossed(rng, starts=6, orders=5):
    """Starts that decide most."""
    init, order = np.meshgrid(range(900, 900 + starts), range(900, 900 + orders), indexing="ij")
    effect = rng.normal(0, 0.01, starts)[init - 900] + rng.normal(0, 0.001, init.shape)
    return pd.DataFrame(
        {
            "seed": 0,
            "seeds.init": init.ravel(),
            "seeds.batches": order.ravel(),
            RATE: 3.0,
            "final_accuracy": 0.9 + effect.ravel(),
        }
    )


def whole(second=True):
    rng = np.random.default_rng(0)
    main = plain(rng, np.arange(60))
    parts = [main, crossed(rng)]
    if second:
        parts.append(plain(rng, np.arange(25), 2.0, shift=main["final_accuracy"][:25] + 0.01))
    runs = pd.concat(parts, ignore_index=True)
    return runs.assign(run_id=runs.index.map(str), outcome="budget", **{"problem.data.name": "mnist_5k"})


def test_runs_are_sorted_by_what_they_are_for():
    runs = whole()
    sample = sampled(runs)
    assert sample.values == pytest.approx(100 * runs["final_accuracy"][:60])
    assert sample.crossed.shape == (6, 5)
    assert sample.both.shape == (2, 25) and sample.other == "η = 2"
    assert sample.both[1] - sample.both[0] == pytest.approx(1)
    assert step_of(sample.values) == pytest.approx(0.1)


def test_the_findings_answer_the_title():
    result = STUDY.analyze(whole())
    distribution, best, shares, needs = result.findings
    values = 100 * whole()["final_accuracy"][:60]
    assert distribution.startswith(f"Over 60 seeds the test accuracy is {values.mean():.2f} ± {values.std():.2f}%")
    assert best.startswith("The best of 5 runs has ")
    assert "a crossed design of 6 starts × 5 orders: start 9" in shares
    assert "The start decides more than the order." in shares
    assert "correlate by 1.00" in needs
    assert [figure.name for figure in result.figures] == ["ten_thousand_seeds", "ten_thousand_seeds_shares"]
    paired = result.tables[1].frame["seeds, paired"]
    assert (paired == 2).all()  # the second setting is better by one point at every seed


def test_without_a_crossed_design_the_shares_are_not_decided():
    runs = whole(second=False)
    result = STUDY.analyze(runs[runs["seeds.init"] < 900])
    assert "not decided, no crossed design was run" in result.findings[2]
    assert len(result.figures) == 1 and "seeds, paired" not in result.tables[1].frame


def test_a_crossed_design_with_holes_and_few_runs_are_named():
    runs = whole()
    hole = runs[(runs["seeds.init"] != 902) | (runs["seeds.batches"] != 903)]
    with pytest.raises(StudyError, match=exactly("the crossed design lacks 1 of its 30 runs")):
        sampled(hole)
    with pytest.raises(StudyError, match=exactly("19 runs differ in their seed alone; this study needs 20 or more")):
        sampled(whole(second=False)[41:])


def test_the_figures_show_the_numbers():
    first, second = (figure.plot for figure in STUDY.analyze(whole()).figures)
    left, right = first.axes
    assert left.get_xlabel() == "final test accuracy (%)" and right.get_xlabel() == "number of runs n"
    assert sum(patch.get_height() * patch.get_width() for patch in left.patches) == pytest.approx(1)
    shares, needs = second.axes
    assert [text.get_text() for text in shares.get_yticklabels()] == ["start", "order", "both together"]
    assert {line.get_label() for line in needs.get_lines()} == {"unpaired", "paired"}
