"""Means with Student's interval, or with the range."""

import numpy as np
import pytest

from analysis.stats import students


def test_the_interval_of_eight_values_is_students():
    """t(0.975, 7) = 2.364624; the values have the standard deviation √6."""
    value, low, high = students.mean_within(np.arange(8.0))
    margin = 2.364624 * np.sqrt(6) / np.sqrt(8)
    assert (value, low, high) == pytest.approx((3.5, 3.5 - margin, 3.5 + margin), abs=1e-6)


def test_few_values_have_a_range_and_one_has_none():
    assert students.mean_within(np.array([1.0, 2.0, 6.0])) == (3.0, 1.0, 6.0)
    value, low, high = students.mean_within(np.array([4.0]))
    assert value == 4 and np.isnan([low, high]).all()


def test_what_is_shown_is_named():
    assert students.kind(8) == "95% interval (Student's t), n = 8"
    assert students.kind(7) == "range, n = 7" and students.kind(1) == "n = 1"
    assert students.kinds([12, 8, 2, 8]) == "95% interval (Student's t), n = 8 to 12; range, n = 2"
