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
    (figure, forest), (verdicts, table) = result.figures, result.tables
    assert "2 optimizers × 2 learning rates × 2 seeds = 8 runs" in figure.caption
    assert sorted(figure.data["final_cost"]) == sorted(runs["final_cost"])
    expected = usable(runs, "optimizer.name")
    assert table.frame["optimizer"].tolist() == ["gradient descent", "adam"]
    assert table.frame["decades"].tolist() == expected["decades"].tolist()
    assert table.frame["final cost / lowest"].min() == 1
    lowest = ["gradient descent", "adam"][int(expected["cost"].argmin())]
    assert f"lowest final cost: {lowest}." in result.findings[2]
    assert result.findings[:2] == [
        f"A wider range of learning rates, within 2 times {level}: not decided for adam against gradient descent "
        "(n = 2 test seeds, of which a verdict needs 8)."
        for level in ("its own best", "the best of all")
    ]
    assert len(result.findings) == 5
    assert verdicts.frame["verdict"].tolist() == ["not decided"] * 2 and verdicts.frame["n"].tolist() == [2, 2]
    assert verdicts.frame["value"].tolist() == pytest.approx(
        [expected[width].iloc[1] - expected[width].iloc[0] for width in ("decades", "common")], abs=1e-12
    )
    assert len(forest.plot.axes) == 2 and len(forest.data) == 4  # of two seeds at two levels


def test_the_caption_counts():
    figure, _ = STUDY.analyze(two_optimizers(), None).figures
    assert "40 runs of 2 optimizers × 11 learning rates × 2 seeds, not one for each combination" in figure.caption
