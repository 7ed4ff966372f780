"""The study of optimizers, on small networks."""

import cases
import pytest
from studies import DIGITS, descended, over, two_optimizers

from analysis.stats.usable import usable
from analysis.studies.lr_optimizers import STUDY


@pytest.fixture(scope="module")
def optimizers():
    """Two optimizers, at two learning rates, with two seeds."""
    return descended(
        *(
            one
            for name in ("adam", "gradient_descent")
            for one in over(cases.config(*DIGITS, f"optimizer={name}", "stop.max_epochs=1"), [0.01, 0.1], [0, 1])
        )
    )


def test_choices_are_compared_and_counted(optimizers):
    runs, steps = optimizers
    result = STUDY.analyze(runs, steps)
    (figure,), (table,) = result.figures, result.tables
    assert "2 optimizers × 2 learning rates × 2 seeds = 8 runs" in figure.caption
    assert sorted(figure.data["final_cost"]) == sorted(runs["final_cost"])
    expected = usable(runs, "optimizer.name")
    assert table.frame["optimizer"].tolist() == ["gradient descent", "adam"]
    assert table.frame["decades"].tolist() == expected["decades"].tolist()
    assert table.frame["final cost / lowest"].min() == 1
    lowest = ["gradient descent", "adam"][int(expected["cost"].argmin())]
    assert f"lowest final cost: {lowest}." in result.findings[0]
    assert len(result.findings) == 3


def test_the_caption_counts():
    (figure,) = STUDY.analyze(two_optimizers(), None).figures
    assert "40 runs of 2 optimizers × 11 learning rates × 2 seeds, not one for each combination" in figure.caption
