"""Runs whose order of mini-batches changes at a step."""

import numpy as np
import pytest
from cases import changed, config
from messages import exactly

from gdlab.descent.batches import Fork, Shuffled
from gdlab.sweeps.cells import cells
from gdlab.sweeps.configuration import ConfigurationError, build, train_stack
from gdlab.sweeps.key import key, order, shared
from gdlab.sweeps.stacks import stacks

BASE = config(
    "problem/data=digits",
    "problem.hidden=[4]",
    "problem.examples=50",
    "stop.max_epochs=null",
    "stop.max_steps=60",  # an epoch is 44
    "record.points=61",
    "record.spacing=even",
    "record.path=true",
)


def run(seed, step=None, fork=None):
    return changed(BASE, seeds={"init": 5, "batches": seed, "fork_step": step, "fork": fork})


def path(*configs):
    """Theta at every step of each run."""
    return [trajectory.thetas["path"] for trajectory in train_stack(configs)]


def test_the_order_changes_at_the_step():
    first, second = Shuffled(20, 5, [3]), Shuffled(20, 5, [8])
    forked = Shuffled(20, 5, [3, 3, 3, 3], [None, Fork(0, 8), Fork(6, 8), Fork(4, 3)])
    for step in range(12):
        one, other, rows = next(first), next(second), next(forked)
        assert (rows[0] == one).all() and (rows[1] == other).all() and (rows[3] == one).all()
        assert (rows[2] == (one if step < 6 else other)).all()


def test_a_fork_survives_that_others_leave():
    forks = [Fork(3, 8), None, Fork(9, 8)]
    whole, part = Shuffled(20, 5, [1, 2, 3], forks), Shuffled(20, 5, [1, 2, 3], forks)
    for _ in range(2):
        next(whole), next(part)
    part = part.take(np.array([0, 2]))
    for _ in range(12):
        assert (next(part) == next(whole)[[0, 2]]).all()


@pytest.mark.parametrize("step", [1, 20, 50])
def test_children_are_their_parent_bit_for_bit_up_to_the_step(step):
    parent, one, other = path(run(1), run(1, step, 8), run(1, step, 9))
    for child in (one, other):
        assert (child[: step + 1] == parent[: step + 1]).all()
        assert (child[step + 1] != parent[step + 1]).any()
    assert (one[-1] != other[-1]).any()


def test_a_fork_at_the_start_is_the_other_seed_and_one_at_the_end_none():
    parent, at_once, never, other = path(run(1), run(1, 0, 8), run(1, 60, 8), run(8))
    assert (at_once == other).all() and (never == parent).all()


def test_a_forked_run_in_a_stack_is_the_run_alone():
    runs = [run(1), run(1, 7, 8), run(2, 30, 8), run(2, 30, 1)]
    for together, config_ in zip(path(*runs), runs, strict=True):
        assert (together == path(config_)[0]).all()


def test_a_fork_is_part_of_the_key_and_of_the_order_but_not_of_the_stack():
    runs = [run(1), run(1, 7, 8), run(1, 9, 8), run(1, 7, 9)]
    assert len({key(one) for one in runs}) == len({order(one) for one in runs}) == 4
    assert len({shared(one) for one in runs}) == 1
    assert order(run(1, 7, 8)) == (1, Fork(7, 8))
    many = [run(1, 7, 8)] * 8 + [run(1, 7, 9)] * 8
    assert [sorted(stack) for stack in stacks(many, workers=1)] == [list(range(8)), list(range(8, 16))]


def test_runs_that_fork_at_different_steps_are_different_cells():
    found = cells([run(1, 7, 8), run(1, 7, 9), run(2, 9, 8), run(2, 9, 9)])
    assert [cell.places for cell in found] == [[0, 1], [2, 3]]
    assert [cell.config["seeds"] for cell in found] == [{"fork_step": 7}, {"fork_step": 9}]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seeds.fork=1"], "seeds.fork_step and fork must be given together, got fork alone"),
        (["seeds.fork_step=1"], "seeds.fork_step and fork must be given together, got fork_step alone"),
        (["seeds.fork=1", "seeds.fork_step=-1"], "seeds.fork_step must be a whole number of at least 0, got -1"),
        (["seeds.fork=a", "seeds.fork_step=1"], "seeds.fork must be a whole number of at least 0, got 'a'"),
        (
            ["seeds.fork=1", "seeds.fork_step=1", "problem.batch_size=null"],
            "seeds.fork_step changes the order of mini-batches, of which there are none: leave it null",
        ),
    ],
)
def test_a_bad_fork_is_named(overrides, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        build([config(*overrides)])


def test_a_configuration_from_before_forks_has_none():
    old = changed(BASE, seeds={"init": 5, "batches": 1})
    del old["seeds"]["fork"], old["seeds"]["fork_step"]
    assert (path(old)[0] == path(run(1))[0]).all()
