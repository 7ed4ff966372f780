"""The study of the parabola: chosen runs, drawn on it, and what is said of them."""

import cases
import numpy as np
import pytest
from studies import RATE, descended, lines, made_up, over

from analysis.draw import style
from analysis.draw.parabola import REACH, on_parabola
from analysis.errors import StudyError
from analysis.studies.lr_parabola import STUDY, examples

RATES = [0.001, 0.1, 0.2, 0.5, 0.9, 1.0, 1.1, 2.0]
KINDS = {0.001: "little learnt", 0.2: "converging", 0.9: "converging, overshooting", 1.0: "bouncing", 2.0: "exploding"}


@pytest.fixture(scope="module")
def frames():
    """Walks from w = 5, with their steps."""
    return descended(*over(cases.config("experiment=lr_parabola"), RATES))


def test_a_walk_of_every_kind_is_chosen(frames):
    _, steps = frames
    chosen = examples(steps)
    assert (
        dict(zip(chosen[RATE], chosen["kind"], strict=True)) == KINDS
    )  # the leap at 0.5 lands at once, and is not one


def test_a_panel_shows_every_step_on_the_parabola(frames):
    runs, steps = frames
    chosen = examples(steps)
    *panels, together = on_parabola(steps[steps["run_id"].isin(chosen["run_id"])], chosen).axes
    for ax, (_, run) in zip(panels, chosen.iterrows(), strict=True):
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
    assert len(lines(together)) == len(chosen) == 5
    assert len(runs) == len(RATES)


def test_steps_out_of_sight_are_counted(frames):
    _, steps = frames
    chosen = examples(steps).iloc[[-1]]
    away, _ = on_parabola(steps[steps["run_id"].isin(chosen["run_id"])], chosen).axes
    count = (steps.loc[steps["run_id"] == chosen["run_id"].item(), "w1"].abs() > 5 * REACH).sum()
    assert away.get_title("left").endswith(f", {count} outside the panel") and count > 0


def test_a_parabola_elsewhere_and_of_another_curvature():
    config = cases.config("experiment=lr_parabola", "problem.curvature=8", "problem.center=3", "problem.start=[4]")
    runs, steps = descended(*over(config, [0.02, 0.24, 0.25, 0.3]))
    chosen = examples(steps)
    assert chosen["kind"].tolist() == ["converging", "converging, overshooting", "bouncing", "exploding"]
    ax = on_parabola(steps, chosen).axes[0]
    curve, walk, _ = lines(ax)
    for line in (curve, walk):
        w = np.array(line.get_xdata())
        assert np.allclose(line.get_ydata(), 4 * (w - 3) ** 2, rtol=1e-12, atol=1e-15)
    assert ax.get_xlim() == pytest.approx((3 - REACH, 3 + REACH))
    caption = STUDY.analyze(runs, steps).figures[0].caption
    assert "λ = 8" in caption and "2/λ" in caption


def test_what_the_study_makes(frames):
    result = STUDY.analyze(*frames)
    assert [item.name for item in result.figures] == [
        "lr_parabola_walks",
        "lr_parabola_final",
        "lr_parabola_trajectories",
    ]
    assert "5 of the 8 runs" in result.figures[0].caption
    assert "8 learning rates × 1 seed = 8 runs" in result.figures[1].caption
    assert set(result.figures[0].data[RATE]) == set(KINDS)
    assert "The stability limit at the start, 2/λ, is 1." in result.findings


def test_runs_of_no_parabola_are_refused():
    with pytest.raises(StudyError, match=r"lack.* problem\.curvature, problem\.center"):
        STUDY.analyze(*made_up({0.1: [0.5]}))
