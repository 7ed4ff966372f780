"""Borders predicted and measured, from made-up runs whose borders are known."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from studies import RATE

from analysis import borders, style
from analysis.study import StudyError


def case(rates, border, sharpness, target="parabola", momentum=None, rise=100.0, seeds=(0,), **params):
    """Runs at these rates, of which those above the border diverged."""
    optimizer = "GradientDescent" if momentum is None else "Momentum"
    return pd.DataFrame(
        {
            "run_id": f"{target}/{momentum}/{rise}/{rate}/{seed}",
            RATE: rate,
            "seed": seed,
            "final_cost": np.inf if rate > border else 0.1,
            "outcome": "diverged" if rate > border else "budget",
            "regime": "diverged" if rate > border else "converging",
            "start_sharpness": sharpness,
            "problem.name": target,
            "optimizer.name": f"gdlab.optimizers.{optimizer}",
            "optimizer.momentum": np.nan if momentum is None else momentum,
            "stop.diverged_above": rise,
            "stop.max_steps": 1000.0,
            **params,
        }
        for rate in rates
        for seed in seeds
    )


@pytest.fixture
def runs():
    """A parabola whose border is as predicted, one with momentum, a network whose border is not as predicted."""
    return pd.concat(
        [
            case([2.0, 0.5, 0.999, 1.008, 4.0], 1.0, 2.0),
            case([0.1, 3.79, 3.81, 9.0], 3.8, 1.0, momentum=0.9),
            case(
                [0.1, 0.3, 0.31, 1.0],
                0.305,
                4.0,
                "network",
                **{"problem.activation": "tanh", "problem.output": "identity"},
            ),
        ],
        ignore_index=True,
    )


def test_the_table_has_the_brackets_that_are_known(runs):
    table = borders.measured(runs)
    assert table["holds"].tolist() == [0.999, 3.79, 0.3]
    assert table["diverges"].tolist() == [1.008, 3.81, 0.31]
    assert table["predicted"].tolist() == [1.0, 3.8, 0.5]  # 2 (1 + β) / λ
    assert np.allclose(table["measured"], np.sqrt(table["holds"] * table["diverges"]), rtol=1e-15)
    assert np.allclose(table["measured / predicted"], table["measured"] / table["predicted"], rtol=1e-15)
    assert table["runs"].tolist() == [5, 4, 4]
    assert table["case"].tolist() == ["parabola", "parabola, momentum", "network, tanh / identity"]


def test_the_border_is_the_lowest_rate_that_diverged():
    runs = case([0.1, 0.5, 1.5, 2.0, 3.0], 1.0, 2.0)
    runs.loc[runs[RATE] == 2.0, "outcome"] = "budget"  # an island beyond the border
    (row,) = borders.measured(runs).to_dict("records")
    assert (row["holds"], row["diverges"]) == (0.5, 1.5)


def test_cases_that_differ_in_anything_are_told_apart():
    parts = [
        case([0.9, 1.1], 1.0, 2.0, rise=100.0),
        case([0.9, 1.1], 1.0, 2.0, rise=1.001),
        case([0.45, 0.55], 0.5, 4.0, **{"problem.curvature": 4.0}),
    ]
    table = borders.measured(pd.concat(parts, ignore_index=True))
    assert table["rise"].tolist() == [100, 1.001, 100] and table["λ"].tolist() == [2, 2, 4]


def test_seeds_of_a_case_are_one_case():
    (row,) = borders.measured(case([0.9, 1.1], 1.0, 2.0, seeds=range(3))).to_dict("records")
    assert row["runs"] == 6


def test_every_case_is_drawn(runs):
    table = borders.measured(runs)
    ax = borders.picture(table).axes[0]
    bars = [line for line in ax.get_lines() if len(line.get_xdata()) == 2 and list(line.get_ydata()) != [0, 1]]
    assert [list(bar.get_xdata()) for bar in bars] == [
        pytest.approx([row.holds / row.predicted, row.diverges / row.predicted]) for row in table.itertuples()
    ]
    dots = [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 1]
    assert dots == table["measured / predicted"].tolist()
    off = [to_rgba(bar.get_color()) == to_rgba(style.CHOICES[1]) for bar in bars]
    assert off == [False, False, True]
    assert [text.get_text() for text in ax.texts] == [f"{ratio:.3f}" for ratio in table["measured / predicted"]]
    assert ax.get_xlabel() == "measured border / predicted border" and ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "parabola, λ = 2, rise ×100",
        "parabola, momentum, β = 0.9, λ = 1, rise ×100",
        "network, tanh / identity, λ = 4, rise ×100",
    ]
    low, high = ax.get_xlim()
    assert low < table["measured / predicted"].min() and table["measured / predicted"].max() < high


def test_captions_count(runs):
    table = borders.measured(runs)
    assert "bisection with 13 runs in all" in borders.caption(runs, table)
    assert "wider than" not in borders.caption(runs, table)
    wide = borders.measured(case([0.5, 2.0], 1.0, 2.0))
    assert "Wider than 5%: 1 of the bars." in borders.caption(runs, wide)


def test_findings_say_how_far_off(runs):
    close, far = borders.findings(borders.measured(runs))
    assert close == "2 of 3 measured borders lie within 1 % of the prediction."
    assert far == "Network, tanh / identity: predicted 0.5, measured 0.305, 0.61 times as much (rise ×100)."


def test_no_border_is_said():
    for border in (0.001, 1e3):
        with pytest.raises(StudyError, match="no case of these runs has one that diverged above one that did not"):
            borders.measured(case([0.5, 2.0], border, 2.0))


def test_runs_without_sharpness_are_refused(runs):
    with pytest.raises(StudyError, match="these runs lacks start_sharpness: this study needs start_sharpness"):
        borders.borders(runs.drop(columns="start_sharpness"), None)
