"""What decides a run's result, and what two runs must share to descend together."""

import dataclasses

import pytest
from cases import changed, config

import gdlab
from gdlab.arrays import columns
from gdlab.optimizers import OPTIMIZERS
from gdlab.sweeps.key import key, order, row_bytes, shared


@pytest.mark.parametrize(
    "change",
    [
        "optimizer=adam",
        "problem.batch_size=10",
        "problem.hidden=[8]",
        "schedule=cosine",
        "stop.max_epochs=1",
        "record.points=5",
        "record.sharpness=start",
        "record.path=true",
    ],
)
def test_what_must_be_shared(change):
    assert shared(config(change)) != shared(config())
    assert key(config(change)) != key(config())


@pytest.mark.parametrize("change", ["seed=3", "optimizer.learning_rate=3", "problem.initializer=constant"])
def test_what_may_differ(change):
    assert shared(config(change)) == shared(config())
    assert key(config(change)) != key(config())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_hyperparameter_of_a_rule_may_differ(name):
    rule = OPTIMIZERS[name]
    assert columns(rule) == tuple(field.name for field in dataclasses.fields(rule))
    made = config(f"optimizer={name}")
    for hyperparameter in columns(rule):
        assert shared(changed(made, optimizer={hyperparameter: 0.77})) == shared(made)


def test_a_start_of_its_own_may_differ():
    made = config("problem=bowl")
    assert shared(changed(made, problem={"start": [1.0, 2.0]})) == shared(made)
    assert shared(changed(made, problem={"curvature": 3.0})) != shared(made)


def test_a_key_is_of_the_result_alone():
    assert key(config("seed=9", "seeds.init=0", "seeds.batches=0")) == key(config())
    assert key({**config(), "tracking": {"experiment": "other"}, "resume": False}) == key(config())
    assert key(config()) == key(config("optimizer.learning_rate=1.0")) == key(config("optimizer.learning_rate=1"))


def test_a_key_is_of_the_data_and_of_the_version(monkeypatch):
    before = key(config())
    assert key(config("problem/data=digits")) != before
    assert key(config("problem.data.without=3")) != before
    monkeypatch.setattr(gdlab, "__version__", "another")
    assert key(config()) != before


def test_a_measurement_is_part_of_what_makes_a_run():
    plain = config("problem=double_well")
    measured = config("problem=double_well", "measurement=basins")
    keys = {key(changed(measured, measurement={"starts": starts})) for starts in (2, 3)}
    assert len({key(plain), *keys}) == 3


def test_the_order_of_mini_batches_is_a_seeds_where_there_are_any():
    assert order(config("seed=3")) == (3, None)
    assert order(config("seed=3", "problem.batch_size=null")) is None
    assert order(config("seed=3", "problem=bowl")) is None


def test_the_bytes_of_a_row():
    """Theta and its gradient, in float32; a mini-batch of 32 images of 784 pixels, as bytes and as float32."""
    theta, images = 2 * 13002 * 4, 32 * 784 * (1 + 4)
    assert row_bytes(config(), own_order=False) == theta
    assert row_bytes(config(), own_order=True) == theta + images
    assert row_bytes(config("problem=bowl"), own_order=True) == 2 * 2 * 8
