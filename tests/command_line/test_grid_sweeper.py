"""The axes of a sweep: log-spaced, crossed, together."""

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from hydra_plugins._axes import geomspace, grid


def jobs(*overrides, zip=()):
    return [tuple(job) for job in grid(OverridesParser.create().parse_overrides(list(overrides)), zip)]


def test_axes_cross_as_in_hydras_own_sweeper():
    assert jobs("a=1,2", "b=x,y", "c=3") == [
        ("a=1", "b=x", "c=3"),
        ("a=1", "b=y", "c=3"),
        ("a=2", "b=x", "c=3"),
        ("a=2", "b=y", "c=3"),
    ]
    assert jobs("seed=range(3)") == [("seed=0",), ("seed=1",), ("seed=2",)]


def test_log_spaced_values():
    expected = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    assert jobs("a=geomspace:0.001:1000:7") == [(f"a={value}",) for value in expected]
    values = geomspace("a", "geomspace:1e-3:1e3:25")
    assert np.allclose(values, np.geomspace(1e-3, 1e3, 25), rtol=5e-4)
    assert values[0] == 1e-3 and values[-1] == 1e3 and all(float(f"{value:.4g}") == value for value in values)


def test_log_spaced_values_stay_apart():
    values = geomspace("a", "geomspace:1:1.0001:11")
    assert len(set(values)) == 11
    assert np.allclose(np.diff(np.log(values)), 1e-5, rtol=0.05)


@pytest.mark.parametrize("text", ["0:1:3", "1:1:3", "1:10:1", "1:10", "a:b:c", "-1:10:3", "1:inf:4", "1:10:2.5"])
def test_bad_log_spaced_axes_are_refused(text):
    with pytest.raises(HydraException, match="rate must be geomspace:START:STOP:COUNT, like .*, got geomspace:"):
        geomspace("rate", f"geomspace:{text}")


def test_an_interval_says_what_to_write_instead():
    with pytest.raises(HydraException, match="a must list its values, or give them as geomspace:START:STOP:COUNT"):
        jobs("a=interval(0,1)")


def test_axes_can_vary_together():
    zipped = jobs("a=1,2", "s=5,6", "b=x,y", zip=[["a", "b"]])
    assert zipped == [("a=1", "s=5", "b=x"), ("a=1", "s=6", "b=x"), ("a=2", "s=5", "b=y"), ("a=2", "s=6", "b=y")]
    assert len(jobs("a=geomspace:1:10:3", "b=1,2,3", zip=[["a", "b"]])) == 3


def test_axes_that_cannot_vary_together_are_refused():
    with pytest.raises(HydraException, match="must have the same number of values, but a has 2, b has 3"):
        jobs("a=1,2", "b=1,2,3", zip=[["a", "b"]])
    with pytest.raises(HydraException, match="names c, which this sweep does not vary"):
        jobs("a=1,2", zip=[["a", "c"]])
    with pytest.raises(HydraException, match="names a twice"):
        jobs("a=1,2", "b=1,2", zip=[["a", "b"], ["a"]])
