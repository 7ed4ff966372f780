import numpy as np
import pytest
from cases import config
from commands import ROOT

from gdlab.descent.trajectory import Recorder
from gdlab.measure import curvature
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError, build, flat, key, shared

CHOICES = {
    group: sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))
    for group in ("problem", "problem/data", "optimizer", "schedule", "stop", "experiment")
}


@pytest.mark.parametrize(
    "choice",
    [f"{group}={name}" for group in ("problem", "optimizer", "schedule", "stop") for name in CHOICES[group]]
    + ["problem/data=digits", *(f"+experiment={name}" for name in CHOICES["experiment"])],
)
def test_every_choice_composes_and_takes_two_steps(choice):
    stack = build([config(choice.removeprefix("+"), "stop.max_steps=2", "stop.max_epochs=null")])
    snapshots = list(stack.descend())
    assert snapshots[-1].step == 2
    assert np.isfinite(snapshots[-1].values["cost"]).all()


def test_the_default_is_the_classic_network():
    stack = build([config()])
    assert stack.problem.parameters == 13002
    assert stack.theta.dtype == np.float32


def test_a_stack_takes_its_columns_from_the_runs():
    runs = [config("optimizer=momentum", f"optimizer.learning_rate={rate}", "optimizer.momentum=0.5", f"seed={seed}")
            for rate, seed in ((0.1, 4), (0.2, 4), (0.3, 5))]  # fmt: skip
    assert len({shared(run) for run in runs}) == 1
    stack = build(runs)
    assert stack.optimizer.learning_rate.tolist() == [[0.1], [0.2], [0.3]]
    assert stack.optimizer.momentum.tolist() == [[0.5]] * 3
    assert stack.seeds == [4, 4, 5]
    assert (stack.theta[0] == stack.theta[1]).all() and (stack.theta[0] != stack.theta[2]).any()


def test_seeds_can_be_set_apart():
    init, batches = build([config("seeds.init=7")]), build([config("seeds.batches=7")])
    plain = build([config()])
    assert (init.theta != plain.theta).any() and init.seeds == [0]
    assert (batches.theta == plain.theta).all() and batches.seeds == [7]


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
    ],
)
def test_what_must_be_shared(change):
    assert shared(config(change)) != shared(config())


@pytest.mark.parametrize("change", ["seed=3", "optimizer.learning_rate=3", "problem.initializer=constant"])
def test_what_may_differ(change):
    assert shared(config(change)) == shared(config())
    assert key(config(change)) != key(config())


def test_key_is_of_the_result_alone():
    assert key(config("tracking.experiment=other")) == key(config())
    assert key(config("seed=9", "seeds.init=0", "seeds.batches=0")) == key(config())
    assert key(config()) == key(config("optimizer.learning_rate=1.0"))
    assert key(config("problem/data=digits")) != key(config())


def recorded(*runs):
    """The columns of these runs, descending together."""
    stack = build(runs)
    recorder = Recorder(stack.theta)
    for snapshot in stack.descend():
        recorder.add(snapshot)
    return [{name: np.array(values) for name, values in run.columns.items()} for run in recorder.trajectories]


def same(one, other):
    """Whether columns are the same to the last bit."""
    return {name: values.tobytes() for name, values in one.items()} == {
        name: values.tobytes() for name, values in other.items()
    }


WALK = ("problem=ravine", "problem.curvature=5", "problem.start=[1,2]", "stop.max_steps=8")


@pytest.mark.parametrize(("spacing", "steps"), [("log", [0, 1, 2, 4, 8]), ("even", [0, 2, 4, 6, 8])])
def test_steps_are_recorded_log_spaced_or_evenly(spacing, steps):
    (columns,) = recorded(config(*WALK, f"record.spacing={spacing}", "record.points=5"))
    assert columns["step"].tolist() == steps


@pytest.mark.parametrize(("when", "known"), [("start", 1), ("always", 9)])
def test_sharpness_is_recorded_at_the_start_or_always(when, known):
    (columns,) = recorded(config(*WALK, f"record.sharpness={when}", "record.spacing=even"))
    assert columns["step"].tolist() == list(range(9))
    assert (columns["sharpness"][:known] == 5).all() and np.isnan(columns["sharpness"][known:]).all()


def test_sharpness_is_not_recorded_unless_asked_for():
    (columns,) = recorded(config(*WALK))
    assert "sharpness" not in columns
    (also,) = recorded(config(*WALK, "record.sharpness=always"))
    del also["sharpness"]
    assert same(also, columns)


def test_sharpness_of_a_network_is_that_at_its_recorded_points():
    small = ("problem/data=digits", "problem.hidden=[4]", "problem.examples=60", "stop.max_steps=40", "record.points=4")
    stack = build([config(*small, "record.sharpness=always")])
    seen = [
        (s.values["sharpness"], curvature.sharpness(stack.problem, s.theta)) for s in stack.descend() if len(s.rows)
    ]
    assert len({float(recorded[0]) for recorded, _ in seen}) == 4
    assert all(recorded == expected for recorded, expected in seen)


def test_sharpness_in_a_stack_is_that_alone_though_runs_leave_early():
    long = (*WALK, "stop.max_steps=200", "record.points=5", "record.sharpness=always")
    rates = [config(*long, f"optimizer.learning_rate={rate}") for rate in (0.1, 9.0)]
    going, gone = recorded(*rates)
    assert gone["step"][-1] < 200 and set(gone["sharpness"]) == {5}
    assert same(going, *recorded(rates[0])) and same(gone, *recorded(rates[1]))


def test_flat_joins_with_dots():
    assert flat({"a": {"b": 1, "c": {"d": [2, 3]}}, "e": None}) == {"a.b": 1, "a.c.d": [2, 3], "e": None}


def changed(path, value):
    spoiled = config("optimizer=momentum")
    *parents, last = path.split(".")
    section = spoiled
    for name in parents:
        section = section[name]
    if value is None:
        del section[last]
    else:
        section[last] = value
    return spoiled


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimizer.momentum", 1.2, r"optimizer.momentum must lie in \[0, 1\), got 1.2"),
        ("optimizer.learning_rate", -1, "optimizer.learning_rate must be greater than 0, got -1"),
        ("optimizer.learning_rate", "abc", "optimizer.learning_rate must be a finite number, got 'abc'"),
        ("optimizer.learning_rate", float("inf"), "optimizer.learning_rate must be a finite number, got inf"),
        ("optimizer.momentum", None, "optimizer.momentum is missing"),
        ("optimizer.beta", 1, "optimizer.beta is not a key: optimizer has learning_rate, momentum"),
        ("optimizer.name", "os.system", "optimizer.name must be one of gdlab.optimizers.*, got 'os.system'"),
        ("problem.name", "gdlab.data.load", "problem.name must be one of gdlab.network.Network,"),
        ("problem.data.name", "builtins.open", "problem.data.name must be one of gdlab.data.load, got"),
        ("problem.data.name", "cifar", "problem.data.name must be one of mnist_5k, "),
        ("problem.data", 3, "problem.data.name must be one of gdlab.data.load, got 3"),
        ("problem.hidden", [0], "problem.hidden must be a whole number of at least 1, got 0"),
        ("problem.batch_size", 4001, r"problem.batch_size must be a whole number from 1 to 4000 \(the training set of"),
        ("stop.max_epochs", 0, "stop.max_epochs must be a whole number of at least 1, got 0"),
        ("stop.diverged_above", 0.5, "stop.diverged_above must be greater than 1, got 0.5"),
        ("stop.cost_tolerance", 2, r"stop.cost_tolerance must lie in \(0, 1\), got 2"),
        ("record.points", 1, "record.points must be a whole number of at least 2, got 1"),
        ("record.every", 1, "record.every is not a key: record has points"),
        ("record.spacing", "linear", "record.spacing must be one of log, even, got 'linear'"),
        ("record.spacing", [1], r"record.spacing must be one of log, even, got \[1\]"),
        ("record.spacing", None, "record.spacing is missing"),
        ("record.sharpness", True, "record.sharpness must be one of never, start, always, got True"),
        ("seeds.init", -1, "seeds.init must be a whole number of at least 0, got -1"),
        ("seeds.batches", 0.5, "seeds.batches must be a whole number of at least 0, got 0.5"),
    ],
)
def test_a_bad_configuration_is_named(path, value, message):
    with pytest.raises(ConfigurationError, match=message):
        build([changed(path, value)])


def test_no_budget_at_all():
    spoiled = changed("stop.max_epochs", "later")
    spoiled["stop"]["max_epochs"] = None
    with pytest.raises(ConfigurationError, match="stop.max_epochs or max_steps must be given, got null for both"):
        build([spoiled])


def test_targets_are_gdlabs_own():
    for section in configuration.BUILDABLE.values():
        assert all(name.startswith("gdlab.") for name in section)
