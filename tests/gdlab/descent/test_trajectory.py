"""What is kept of runs: the path of theta, where that is asked for."""

import cases
import numpy as np
import pytest
from cases import changed, config

import gdlab
from gdlab import optimizers, problems
from gdlab.sweeps import configuration, key


def walks(theta, learning_rate, path, steps=50):
    """The trajectories of a stack on (w - 0)²."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    return gdlab.run(
        problems.Parabola(), rule, theta=np.array(theta), stopping=cases.budget(steps), points=8, path=path
    )


def test_a_path_is_theta_at_every_recorded_step():
    (run,) = walks([[5.0]], 0.1, path=True)
    assert np.array(run.path)[:, 0] == pytest.approx([5 * 0.8**step for step in run.columns["step"]], rel=1e-14)
    assert len(run.path) == len(run.columns["step"])


@pytest.mark.parametrize("learning_rate", [0.1, 0.5, 3.0, 1e200])
def test_a_path_goes_from_start_to_end_bit_for_bit(learning_rate):
    for run in walks([[5.0], [-2.0], [0.0]], learning_rate, path=True):
        assert run.path[0].tobytes() == run.start.tobytes()
        assert run.path[-1].tobytes() == run.end.tobytes()


def test_runs_that_stop_early_keep_a_path_of_their_own():
    short, long = walks([[0.0], [5.0]], 0.1, path=True)
    assert (short.outcome, long.outcome) == ("converged", "budget")
    assert len(short.path) == 1 < len(long.path)
    assert np.array(long.path).tobytes() == np.array(walks([[5.0]], 0.1, path=True)[0].path).tobytes()


def test_no_path_unless_asked_for():
    assert walks([[5.0]], 0.1, path=False)[0].path == []


def test_a_path_is_true_or_false():
    made = config("problem=parabola")
    assert made["record"]["path"] is False
    for value in ("yes", 1, None):
        with pytest.raises(configuration.ConfigurationError, match=f"record.path must be true or false, got {value!r}"):
            configuration.build([changed(made, record={"path": value})])


def test_paths_are_not_mixed_with_runs_that_have_none():
    made = config("problem=parabola")
    assert key.shared(made) != key.shared(changed(made, record={"path": True}))
