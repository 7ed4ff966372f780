import numpy as np
import pytest

from gdlab.descent import schedules


def factors(schedule, steps=100):
    return np.array([schedule.factor(step, steps).item() for step in range(steps + 1)])


def test_constant():
    assert (factors(schedules.Constant()) == 1).all()


def test_step_drops_each_quarter():
    values = factors(schedules.Step(drop=0.5, every=0.25))
    assert values[[0, 24, 25, 50, 75, 99]].tolist() == [1, 1, 0.5, 0.25, 0.125, 0.125]


def test_exponential_falls_by_equal_ratios_to_its_end():
    values = factors(schedules.Exponential(end=0.01))
    assert values[0] == 1
    assert values[-1] == pytest.approx(0.01)
    assert np.allclose(values[1:] / values[:-1], 0.01**0.01)


def test_cosine_is_half_way_at_half_time():
    values = factors(schedules.Cosine(end=0.2))
    assert values[[0, 50, 100]] == pytest.approx([1, 0.6, 0.2])
    assert (np.diff(values) < 0).all()


def test_warmup_rises_then_falls():
    values = factors(schedules.WarmupCosine(end=0.0, warmup=0.1))
    assert values[0] == pytest.approx(1 / 11)
    assert values.argmax() == 10 and values[10] == 1
    assert values[-1] == pytest.approx(0, abs=1e-15)
    assert np.allclose(np.diff(values[:11]), 1 / 11)


def test_runs_may_differ():
    schedule = schedules.Exponential(end=[0.1, 0.01])
    assert schedule.factor(50, 100)[:, 0] == pytest.approx([0.1**0.5, 0.1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Step(drop=0, every=0.5), r"drop must lie in \(0, 1\], got 0"),
        (lambda: schedules.Exponential(end=2), r"end must lie in \(0, 1\], got 2"),
        (lambda: schedules.WarmupCosine(end=0, warmup=1), r"warmup must lie in \(0, 1\), got 1"),
        (lambda: schedules.Cosine(end="x"), "end must be a finite number, got 'x'"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
