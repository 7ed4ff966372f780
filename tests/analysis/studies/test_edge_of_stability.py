"""The study of the edge of stability."""

import cases
import pytest
from studies import DIGITS, descended, made_up, over

from analysis.errors import StudyError
from analysis.studies.edge_of_stability import STUDY

RATES, SEEDS = [0.05, 0.2, 30.0], [0, 1]


@pytest.fixture(scope="module")
def frames():
    """Small networks on their whole training set, of which those at the largest rate explode."""
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    return descended(*over(config, RATES, SEEDS))


def test_the_caption_counts(frames):
    (figure,) = STUDY.analyze(*frames).figures
    assert "3 learning rates × 2 seeds = 6 runs" in figure.caption
    assert "13 evenly spaced steps" in figure.caption


def test_a_quadratic_at_its_critical_sharpness_stays_there():
    config = cases.config("experiment=lr_parabola", "record.sharpness=always")
    first, *_, last = STUDY.analyze(*descended(*over(config, [0.5, 1.0]))).findings
    assert first == (
        "1 of 1 run of gradient descent that started with a sharpness below 2/η settled within 5% of it (the median "
        "over the last half of the steps), at 1 learning rate."
    ) or first.startswith("0 of 1 run of gradient descent that started with a sharpness below 2/η")
    assert last.startswith("Gradient descent at η = 1: the sharpness started at 2, below the limit of 2 in 0 of 1 run")
    assert last.endswith("was 1 times it; 1 of 1 within 5%.")


def test_runs_that_all_diverge_are_counted(frames):
    assert STUDY.analyze(*frames).findings[-1] == (
        "Gradient descent at η = 30: no run reached its last step (n = 2; 2 diverged)."
    )


def test_other_optimizers_have_a_figure_of_their_own_with_the_sharpness_that_decides():
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    adam = {**config, "optimizer": cases.config("optimizer=adam")["optimizer"]}
    result = STUDY.analyze(*descended(*over(config, [0.05]), *over(adam, [0.003], SEEDS)))
    assert [figure.name for figure in result.figures] == ["edge_of_stability", "edge_of_stability_optimizers"]
    data = result.figures[1].data
    assert len(data) == 26 and data["critical"].unique() == pytest.approx(38 / 0.003)
    assert data.loc[data["step"] == 0, "ratio"].isna().all() and data.loc[data["step"] > 0, "ratio"].gt(0).all()
    (caption,) = [figure.caption for figure in result.figures[1:]]
    assert "Adam: η = 0.003, β₁ = 0.9, β₂ = 0.999." in caption


def test_runs_without_sharpness_are_refused():
    with pytest.raises(StudyError, match="lack.* sharpness"):
        STUDY.analyze(*made_up({0.1: [0.5]}))
