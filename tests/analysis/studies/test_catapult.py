"""The study of the phases of the learning rate."""

import cases
import numpy as np
import pytest
from studies import descended, over

from analysis.errors import StudyError
from analysis.stats.catapult import period, phases
from analysis.studies.catapult import STUDY

UV = ("experiment=catapult", "problem=uv", "problem.width=128")


@pytest.fixture(scope="module")
def linear():
    """Wide linear networks at c of 1, 3 and 5, about: λ at the start is 2."""
    return descended(*over(cases.config(*UV), [0.5, 1.5, 2.5], [0, 1]))


@pytest.fixture(scope="module")
def doubling():
    """A linear network with a target that it cannot keep to at large rates."""
    config = cases.config("experiment=catapult", "problem=uv", "problem.target=16")
    return descended(*over(config, [0.4, 0.55, 0.8]))


def test_a_wide_linear_network_is_lazy_then_a_catapult_then_divergent(linear):
    table = phases(*linear)
    assert table["phase"].tolist() == ["lazy", "catapult", "divergent"] * 2
    assert np.allclose(table["c"], table["η"] * table["λ"]) and table["c"].between(0.9, 5.6).all()
    lazy, rose = table[table["phase"] == "lazy"], table[table["phase"] == "catapult"]
    assert (lazy["largest cost / start"] == 1).all() and (rose["largest cost / start"] > 1).all()
    assert (rose["final cost / start"] < 1e-6).all()
    assert (rose["final sharpness / start"] < 0.5).all() and (lazy["final sharpness / start"] > 0.9).all()


def test_the_findings_count_each_phase_in_its_range(linear):
    onset, diverged, finding = STUDY.analyze(*linear).findings
    table = phases(*linear)
    lowest = {name: rows["c"].min() for name, rows in table.groupby("phase")}
    assert onset == (
        "The lowest c at which the cost first rises and then falls: linear network, y = 0 at c = "
        f"{lowest['catapult']:.3g}."
    )
    assert diverged == f"Runs diverged: linear network, y = 0 from c = {lowest['divergent']:.3g}."
    assert finding.startswith(
        "Linear network, y = 0: 2 of 2 runs at c < 2 were lazy (the cost never above its start); 2 of 2 at 2 ≤ "
    )
    assert "2 of 2 at c > 4 diverged" in finding and "2 of 2 ended flatter" in finding


def test_the_period_doubles_above_the_onset(doubling):
    """No minimum is stable above η = √n/y = 0.5."""
    table = phases(*doubling)
    assert table["period"].tolist()[:2] == [1, 2] and table["period"].iloc[2] != 1
    result = STUDY.analyze(*doubling)
    assert [figure.name for figure in result.figures] == ["catapult_doubling"]
    assert "period 2 from c = " in result.findings[-1]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        (np.ones(32), 1),
        (np.zeros(32), 1),
        (np.tile([1.0, 2.0], 16), 2),
        (np.tile([1.0, 2.0, 1.5, 2.5], 8), 4),
        (np.random.default_rng(0).uniform(size=32), 0),
        (np.array([1.0, np.inf]), 0),
    ],
)
def test_periods(costs, expected):
    assert period(costs) == expected


def test_runs_without_final_sharpness_are_refused():
    with pytest.raises(StudyError, match=r"lacks final_sharpness; this study needs record\.sharpness=ends"):
        STUDY.analyze(*descended(*over(cases.config("experiment=lr_parabola"), [0.5])))
