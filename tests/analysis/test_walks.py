"""Descent on a parabola, drawn on it, as gdlab walks it."""

import cases
import numpy as np
import pytest
from studies import RATE, descended, lines, made_up, over

from analysis import style, walks
from analysis.study import StudyError

RATES = [0.001, 0.1, 0.2, 0.5, 0.9, 1.0, 1.1, 2.0]
KINDS = {0.001: "crawling", 0.2: "converging", 0.9: "converging, leaping over", 1.0: "bouncing", 2.0: "diverged"}


@pytest.fixture(scope="module")
def frames():
    """Walks from w = 5, with their steps."""
    return descended(*over(cases.config("experiment=lr_parabola"), RATES))


def test_a_walk_of_every_kind_is_chosen(frames):
    _, steps = frames
    shown = walks.chosen(steps)
    assert dict(zip(shown[RATE], shown["kind"], strict=True)) == KINDS  # the leap at 0.5 lands at once, and is not one


def test_a_panel_shows_every_step_on_the_parabola(frames):
    runs, steps = frames
    shown = walks.chosen(steps)
    *panels, together = walks.walks(steps[steps["run_id"].isin(shown["run_id"])], shown).axes
    for ax, (_, run) in zip(panels, shown.iterrows(), strict=True):
        curve, walk, start = lines(ax)
        assert np.allclose(curve.get_ydata(), np.square(curve.get_xdata()), rtol=1e-12)  # λ = 2: w²
        assert np.allclose(walk.get_ydata(), np.square(walk.get_xdata()), rtol=1e-12)
        own = steps[steps["run_id"] == run["run_id"]]
        assert list(walk.get_xdata()) == own["w1"].tolist()
        assert np.allclose(own["w1"], 5 * (1 - 2 * run[RATE]) ** own["step"], rtol=1e-12)
        assert list(start.get_xdata()) == [5]
        assert walk.get_color() == style.REGIMES[run["regime"]].color
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("w", "C(w)")
        assert ax.get_title("left").startswith(f"{KINDS[run[RATE]]}: η = {run[RATE]:g}\n")
    assert together.get_xlabel() == "step" and together.get_ylabel() == "C(w)" and together.get_yscale() == "log"
    assert len(lines(together)) == len(shown) == 5
    assert len(runs) == len(RATES)


def test_steps_out_of_sight_are_counted(frames):
    _, steps = frames
    shown = walks.chosen(steps).iloc[[-1]]
    away, _ = walks.walks(steps[steps["run_id"].isin(shown["run_id"])], shown).axes
    count = (steps.loc[steps["run_id"] == shown["run_id"].item(), "w1"].abs() > 5 * walks.EDGE).sum()
    assert away.get_title("left").endswith(f", {count} out of sight") and count > 0


def test_a_parabola_elsewhere_and_of_another_curvature():
    config = cases.config("experiment=lr_parabola", "problem.curvature=8", "problem.center=3", "problem.start=[4]")
    runs, steps = descended(*over(config, [0.02, 0.24, 0.25, 0.3]))
    shown = walks.chosen(steps)
    assert shown["kind"].tolist() == ["converging", "converging, leaping over", "bouncing", "diverged"]
    ax = walks.walks(steps, shown).axes[0]
    curve, walk, _ = lines(ax)
    for line in (curve, walk):
        w = np.array(line.get_xdata())
        assert np.allclose(line.get_ydata(), 4 * (w - 3) ** 2, rtol=1e-12, atol=1e-15)
    assert ax.get_xlim() == pytest.approx((3 - walks.EDGE, 3 + walks.EDGE))
    assert "λ = 8, so the border is at η = 2/λ" in walks.caption(runs, shown)


def test_what_the_study_makes(frames):
    made = walks.parabola(*frames)
    assert [item.name for item in made.drawn] == ["lr_parabola_walks", "lr_parabola_final", "lr_parabola_trajectories"]
    assert "n = 5 of the 8" in made.drawn[0].caption
    assert "8 learning rates × 1 seed = 8 runs" in made.drawn[1].caption
    assert set(made.drawn[0].data[RATE]) == set(KINDS)
    assert "2/λ at the start: 1 (median), from 1 to 1" in " ".join(made.findings)


def test_runs_of_no_parabola_are_refused():
    with pytest.raises(StudyError, match=r"these runs, of no parabola, lacks problem.curvature, problem.center"):
        walks.parabola(*made_up({0.1: [0.5]}))
