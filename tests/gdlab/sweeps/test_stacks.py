"""Which runs descend together: how a sweep is cut into stacks."""

import gdlab
from gdlab.sweeps.stacks import CACHE, stacks


def config(seed=0, rate=1.0, **problem):
    """A run of a small network, 64 features wide."""
    network = {"name": "network", "data": "digits", **problem}
    return gdlab.config(network, {"name": "gradient_descent", "learning_rate": rate}, seed=seed)


def sizes(parts):
    return sorted(len(part) for part in parts)


def flat(parts):
    return sorted(place for part in parts for place in part)


def test_only_what_descends_together_is_stacked():
    configs = [config(batch_size=32), config(batch_size=16), config(batch_size=32, rate=0.1), config(hidden=[8])]
    assert sorted(map(sorted, stacks(configs, workers=2))) == [[0, 2], [1], [3]]


def test_runs_that_share_their_mini_batches_stay_together():
    configs = [config(seed=seed, rate=rate) for rate in range(1, 13) for seed in (0, 1)]
    parts = stacks(configs, workers=2, rows=12)
    assert sizes(parts) == [12, 12]
    for part in parts:
        assert len({configs[place]["seeds"]["batches"] for place in part}) == 1


def test_few_runs_of_each_order_share_a_stack():
    assert sizes(stacks([config(seed=seed) for seed in range(20)], workers=1, rows=20)) == [20]


def test_the_order_of_mini_batches_does_not_matter_without_any():
    configs = [config(seed=seed, batch_size=None) for seed in range(20)]
    assert sizes(stacks(configs, workers=1, rows=20)) == [20]


def test_every_worker_has_two_stacks_if_the_rows_suffice():
    assert sizes(stacks([config() for _ in range(64)], workers=2)) == [16] * 4
    assert sizes(stacks([config() for _ in range(10)], workers=2)) == [5, 5]


def test_stacks_are_no_larger_than_asked_for_and_lose_no_run():
    configs = [config(seed=seed % 3) for seed in range(31)]
    parts = stacks(configs, workers=2, rows=4)
    assert max(sizes(parts)) <= 4
    assert flat(parts) == list(range(31))


def test_stacks_fit_the_cache():
    wide = [config(hidden=[512]) for _ in range(200)]  # 38,410 parameters, and as many slopes
    assert max(sizes(stacks(wide, workers=1))) <= CACHE // (2 * 4 * 38_410)


def test_stacks_with_their_own_examples_hold_fewer_rows():
    shared = sizes(stacks([config(hidden=[128], batch_size=64) for _ in range(200)], workers=1))
    own = sizes(stacks([config(seed=seed, hidden=[128], batch_size=64) for seed in range(200)], workers=1))
    assert 4 <= max(own) <= max(shared) / 2


def test_examples_that_do_not_fit_the_cache_do_not_make_stacks_smaller():
    large = {"hidden": [1000], "batch_size": 128}
    shared = sizes(stacks([config(**large) for _ in range(30)], workers=1))
    own = sizes(stacks([config(seed=seed, **large) for seed in range(30)], workers=1))
    assert own == shared and max(own) == 3


def test_a_measurement_stays_alone():
    measurements = [gdlab.config("bowl", measurement="directions", seed=seed) for seed in range(3)]
    runs = [gdlab.config("bowl", seed=seed) for seed in range(3)]
    assert sorted(map(sorted, stacks(measurements + runs, workers=1, rows=8))) == [[0], [1], [2], [3, 4, 5]]
