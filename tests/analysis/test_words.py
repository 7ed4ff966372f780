"""Numbers, names and lists in plain English."""

import numpy as np
import pytest

from analysis import words


def test_sentences_begin_with_a_capital_but_symbols_stay():
    assert words.sentences("η is small", "the rest", "") == "η is small. The rest."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10.0, "10"),
        (9.9999, "10"),
        (0.1, "0.1"),
        (0.31623, "0.3162"),
        (3.16, "3.16"),
        (1000.0, "1000"),
        (1e-5, "1e-05"),
        (0.995, "0.995"),
    ],
)
def test_a_learning_rate_has_no_more_digits_than_it_needs(value, text):
    assert words.rate(value) == text


def test_a_range_of_one_learning_rate_is_that_rate():
    assert words.rates(0.1, 0.1) == "at η = 0.1"
    assert words.rates(0.1, 10.0) == "at η from 0.1 to 10"


def test_an_estimate_without_an_interval_stands_alone():
    assert words.estimate(0.5, 0.4, 0.6, ".2f") == "0.50 [0.40, 0.60]"
    assert words.estimate(0.5, np.nan, np.nan, ".2f") == "0.50"


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (7, "7"), (4000, "4,000"), (4000.0, "4,000"), (0.123456, "0.1235"), (np.nan, ""), ("a", "a")],
)
def test_cells_of_tables(value, text):
    assert words.cell(value) == text


def test_landscapes_are_called_by_their_authors():
    assert words.landscape("himmelblau") == "Himmelblau's function"
    assert words.landscape("double_well") == "the double well"


def test_lists_and_plurals():
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a"]) == "a" and words.listed([]) == ""
    assert words.plural(1, "run") == "1 run" and words.plural(2, "run") == "2 runs"
