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
    last = STUDY.analyze(*descended(*over(config, [0.5, 1.0]))).findings[-1]
    assert last.startswith("η = 1: no run diverged (n = 1)") and "within 3% of it at 100% of" in last


def test_runs_that_all_diverge_are_counted(frames):
    assert STUDY.analyze(*frames).findings[-1] == "η = 30: all 2 runs diverged."


def test_runs_without_sharpness_are_refused():
    with pytest.raises(StudyError, match="lack.* sharpness"):
        STUDY.analyze(*made_up({0.1: [0.5]}))
