"""Cost against the step."""

import itertools

import numpy as np
from matplotlib.colors import to_rgba
from studies import COSTS, EXPLODED, RATE, lines, made_up, points

from analysis.draw import style
from analysis.draw.trajectories import MOST_PANELS, panel_rates, trajectories


def color(regime):
    return to_rgba(style.REGIMES[regime].color)[:3]


def test_trajectories_have_a_panel_for_each_learning_rate():
    _, steps = made_up(COSTS)
    figure = trajectories(steps)
    assert [ax.get_title("left") for ax in figure.axes] == ["η = 0.01", "η = 0.1", "η = 10"]
    assert figure.get_supxlabel() == "step" and figure.get_supylabel() == "training cost"
    for ax, (_, here) in zip(figure.axes, steps.groupby(RATE), strict=True):
        assert ax.get_xscale() == "symlog" and ax.get_yscale() == "log"
        shown = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines(ax)]
        assert sorted(shown) == sorted((list(run["step"]), list(run["cost"])) for _, run in here.groupby("run_id"))


def test_trajectories_are_in_their_regimes_colours_and_their_ends_marked():
    _, steps = made_up(COSTS)
    for ax, regime, last in zip(
        trajectories(steps).axes, ("little learnt", "converging", "dead"), (64, 64, 8), strict=True
    ):
        assert {to_rgba(line.get_color())[:3] for line in lines(ax)} == {color(regime)}
        assert [(x, c) for x, _, c in points(ax)] == [(last, color(regime))] * 4


def test_exploded_runs_end_at_the_upper_edge():
    _, steps = made_up(EXPLODED)
    panels = trajectories(steps).axes
    ends = [line.get_ydata()[-1] == ax.get_ylim()[1] for ax in panels for line in lines(ax)]
    assert sum(ends) == 5 and len(ends) == 9


def test_too_many_learning_rates_are_shown_in_part():
    runs, steps = made_up({rate: [0.5, 0.6] for rate in np.geomspace(0.001, 1000, 25)})
    rates = panel_rates(steps)
    assert len(rates) == MOST_PANELS and {0.001, 1000.0} <= set(rates) <= set(runs[RATE])
    assert len(trajectories(steps).axes) == MOST_PANELS


def test_the_learning_rate_of_the_lowest_cost_is_never_left_out():
    rates = np.geomspace(0.001, 1000, 13)
    for best in rates:
        _, steps = made_up({rate: [0.1 if rate == best else 0.5, np.nan] for rate in rates})
        assert best in panel_rates(steps) and len(panel_rates(steps)) == MOST_PANELS


def test_step_zero_has_a_place():
    _, steps = made_up(COSTS)
    panel = trajectories(steps).axes[0]
    places = panel.transData.transform([(step, 1) for step in (0, 1, 10, 100)])[:, 0]
    assert all(left < right for left, right in itertools.pairwise(places))
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["0", "1", "10"]
