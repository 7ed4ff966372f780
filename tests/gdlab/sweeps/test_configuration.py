"""From configurations to stacks: what is built, what is recorded, what is refused."""

import numpy as np
import pytest
from cases import config
from messages import exactly

from gdlab import optimizers, problems
from gdlab.measure import curvature
from gdlab.sweeps.configuration import ConfigurationError, build, canonical_text, flat


def test_the_default_is_the_classic_network():
    stack = build([config()])
    assert stack.problem.parameters == 13002
    assert stack.theta.dtype == np.float32


def test_a_stack_takes_its_columns_from_the_runs():
    runs = [config("optimizer=momentum", f"optimizer.learning_rate={rate}", "optimizer.momentum=0.5", f"seed={seed}")
            for rate, seed in ((0.1, 4), (0.2, 4), (0.3, 5))]  # fmt: skip
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


def recorded(*runs):
    """The columns of these runs, descending together."""
    return [{name: np.array(values) for name, values in run.columns.items()} for run in build(runs).results()]


def same(one, other):
    """Whether columns are the same to the last bit."""
    return {name: values.tobytes() for name, values in one.items()} == {
        name: values.tobytes() for name, values in other.items()
    }


WALK = ("problem=ravine", "problem.curvature=5", "problem.start=[1,2]", "stop.max_steps=8")


@pytest.mark.parametrize(
    ("spacing", "steps"), [("log", [0, 1, 2, 4, 8]), ("even", [0, 2, 4, 6, 8]), ("ends", [0, 1, 2, 3, 5, 8])]
)
def test_steps_are_recorded_as_their_spacing_says(spacing, steps):
    (columns,) = recorded(config(*WALK, f"record.spacing={spacing}", "record.points=5"))
    assert columns["step"].tolist() == steps


@pytest.mark.parametrize(("when", "known"), [("start", 1), ("always", 9)])
def test_sharpness_is_recorded_at_the_start_or_always(when, known):
    (columns,) = recorded(config(*WALK, f"record.sharpness={when}", "record.spacing=even"))
    assert columns["step"].tolist() == list(range(9))
    assert (columns["sharpness"][:known] == 5).all() and np.isnan(columns["sharpness"][known:]).all()


def test_sharpness_at_the_ends_is_that_at_the_start_and_where_the_run_ends():
    """Also where it ends early."""
    long = ("problem=rosenbrock", "stop.max_steps=200", "record.points=5", "record.sharpness=ends")
    configs = [config(*long, f"optimizer.learning_rate={rate}") for rate in (0.0005, 0.5)]
    stack = build(configs)
    going, gone = stack.results()
    assert going.steps == 200 > gone.steps
    for run in (going, gone):
        known = run.columns["sharpness"]
        assert known[0] == curvature.sharpness(stack.problem, run.start[None])[0] and np.isnan(known[1:]).all()
        assert np.array_equal(
            run.final["final_sharpness"], curvature.sharpness(stack.problem, run.end[None])[0], equal_nan=True
        )
    (alone,) = build(configs[1:]).results()
    assert np.array_equal(alone.final["final_sharpness"], gone.final["final_sharpness"], equal_nan=True)


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_a_rule_with_a_preconditioner_has_the_preconditioned_sharpness(name):
    """On a quadratic, from the rule's own state; in a stack of runs that share their start and differ in all else."""
    few = (*WALK, "record.points=9", "record.spacing=even", "record.sharpness=always", f"optimizer={name}")
    rates = [0.1, 0.3]
    stack = build([config(*few, f"optimizer.learning_rate={rate}") for rate in rates])
    hessian = np.diag(stack.problem.hessian(stack.theta[:1])[0])
    for run, rate in zip(stack.results(), rates, strict=True):
        rule = type(stack.optimizer)(learning_rate=rate)
        theta = run.start[None].copy()
        state, found = rule.init(theta), run.columns["preconditioned_sharpness"]
        assert np.isnan(found[0]) and set(run.columns["sharpness"]) == {5}
        for step in range(1, 9):
            rule.update(theta, hessian * theta, state, rule.learning_rate)
            assert found[step] == pytest.approx((hessian / rule.preconditioner(state)).max(), rel=1e-12)
        (alone,) = build([config(*few, f"optimizer.learning_rate={rate}")]).results()
        assert np.array(alone.columns["preconditioned_sharpness"]).tobytes() == np.array(found).tobytes()


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


def test_equal_values_have_one_text():
    assert canonical_text({"b": 1.0, "a": [2, (3.0,)]}) == canonical_text({"a": (2.0, [3]), "b": 1})
    assert canonical_text(0.5) != canonical_text(1) != canonical_text("1") != canonical_text(None)


MISSING = object()


def spoiled(path, value):
    """A configuration with another value at this path, or none."""
    made = config("optimizer=momentum")
    *parents, last = path.split(".")
    section = made
    for name in parents:
        section = section[name]
    section[last] = value
    if value is MISSING:
        del section[last]
    return made


PROBLEMS, OPTIMIZERS = ", ".join(problems.PROBLEMS), ", ".join(optimizers.OPTIMIZERS)
NETWORK = "data, hidden, activation, output, cost, initializer, batch_size, dtype, examples, start"
RECORD = "points, spacing, sharpness, path"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("optimizer.momentum", 1.2, "optimizer.momentum must lie in [0, 1), got 1.2"),
        ("optimizer.learning_rate", -1, "optimizer.learning_rate must be greater than 0, got -1"),
        ("optimizer.learning_rate", "abc", "optimizer.learning_rate must be a finite number, got 'abc'"),
        ("optimizer.learning_rate", float("inf"), "optimizer.learning_rate must be a finite number, got inf"),
        ("optimizer.learning_rate", True, "optimizer.learning_rate must be a finite number, got True"),
        ("optimizer.learning_rate", MISSING, "optimizer.learning_rate is missing"),
        ("optimizer.beta", 1, "unknown key optimizer.beta; valid keys of optimizer: learning_rate, momentum"),
        (
            "optimizer.momentun",
            1,
            "unknown key optimizer.momentun; valid keys of optimizer: learning_rate, momentum; did you mean momentum?",
        ),
        ("optimizer.name", "os.system", f"optimizer.name must be one of {OPTIMIZERS}, got 'os.system'"),
        ("optimizer.name", "adm", f"optimizer.name must be one of {OPTIMIZERS}, got 'adm'; did you mean adam?"),
        ("optimizer", None, f"optimizer.name must be one of {OPTIMIZERS}, got None"),
        ("problem.name", "gdlab.data.load", f"problem.name must be one of {PROBLEMS}, got 'gdlab.data.load'"),
        ("problem.name", MISSING, f"problem.name must be one of {PROBLEMS}, got None"),
        (
            "problem.data.name",
            "builtins.open",
            "problem.data.name must be one of digits, fashion_mnist, mnist, mnist_5k, got 'builtins.open'",
        ),
        (
            "problem.data",
            3,
            "problem.data must be a section with the keys name, root, without, train_examples, label_noise, "
            "noise_seed, got 3",
        ),
        ("problem.colour", 3, f"unknown key problem.colour; valid keys of problem: {NETWORK}"),
        ("problem.hidden", [0], "problem.hidden must be a whole number of at least 1, got 0"),
        (
            "problem.batch_size",
            4001,
            "problem.batch_size must be a whole number from 1 to 4000 (the training set of mnist_5k), got 4001",
        ),
        ("schedule.end", 0.5, "unknown key schedule.end; valid keys of schedule: none"),
        ("stop.max_epochs", 0, "stop.max_epochs must be a whole number of at least 1, got 0"),
        ("stop.max_epochs", None, "stop.max_epochs or max_steps must be given, got null for both"),
        ("stop.diverged_above", 0.5, "stop.diverged_above must be greater than 1, got 0.5"),
        ("stop.cost_tolerance", 2, "stop.cost_tolerance must lie in (0, 1), got 2"),
        ("stop.cost_tolerance", MISSING, "stop.cost_tolerance is missing"),
        ("record.points", 1, "record.points must be a whole number of at least 2, got 1"),
        ("record.every", 1, f"unknown key record.every; valid keys of record: {RECORD}"),
        ("record.spacing", "linear", "record.spacing must be one of log, even, ends, got 'linear'"),
        ("record.spacing", [1], "record.spacing must be one of log, even, ends, got [1]"),
        ("record.spacing", MISSING, "record.spacing is missing"),
        ("record.sharpness", True, "record.sharpness must be one of never, start, ends, always, got True"),
        ("record", "always", f"record must be a section with the keys {RECORD}, got 'always'"),
        ("seeds.init", -1, "seeds.init must be a whole number of at least 0, got -1"),
        ("seeds.batches", 0.5, "seeds.batches must be a whole number of at least 0, got 0.5"),
        ("seeds.batches", MISSING, "seeds.batches is missing"),
        (
            "seeds.intt",
            1,
            "unknown key seeds.intt; valid keys of seeds: init, batches, fork_step, fork; did you mean init?",
        ),
    ],
)
def test_a_bad_configuration_is_named(path, value, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        build([spoiled(path, value)])
