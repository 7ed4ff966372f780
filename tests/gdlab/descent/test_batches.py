import numpy as np

from gdlab.descent.batches import Shuffled
from gdlab.seeds import stream


def test_an_epoch_sees_every_example_once():
    batches = Shuffled(20, 5, [3])
    first, second = (np.concatenate([next(batches) for _ in range(4)]) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert (first != second).any()


def test_examples_that_do_not_fill_a_batch_sit_the_epoch_out():
    batches = Shuffled(22, 5, [3])
    epoch = np.concatenate([next(batches) for _ in range(4)])
    assert len(set(epoch)) == 20


def test_runs_with_equal_seeds_share_an_order():
    shared, alone, mixed = Shuffled(20, 5, [3, 3]), Shuffled(20, 5, [3]), Shuffled(20, 5, [3, 8, 3])
    assert not shared.own and mixed.own
    for _ in range(9):
        one = next(alone)
        assert (next(shared) == one).all()
        rows = next(mixed)
        assert (rows[0] == one).all() and (rows[2] == one).all() and (rows[1] != one).any()


def test_taking_runs_out_does_not_disturb_the_others():
    whole, part = Shuffled(20, 5, [1, 2, 3]), Shuffled(20, 5, [1, 2, 3])
    for _ in range(6):
        next(whole), next(part)
    part = part.take(np.array([2]))
    assert not part.own
    for _ in range(10):
        assert (next(part) == next(whole)[2]).all()


def test_streams_of_a_seed_differ_and_seed_zero_is_a_seed():
    draws = {(seed, number): stream(seed, number).random() for seed in (0, 1) for number in (0, 1)}
    assert len(set(draws.values())) == 4
    assert stream(0, 0).random() == draws[0, 0]
