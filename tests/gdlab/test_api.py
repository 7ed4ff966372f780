"""The Python API: `gdlab.run`, its frame and its errors; `gdlab.config`; what `gdlab` offers."""

import subprocess
import sys

import cases
import numpy as np
import pandas as pd
import pytest
from messages import exactly

import gdlab
from gdlab.descent.schedules import SCHEDULES, Cosine, Step
from gdlab.descent.trajectory import Trajectory
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.optimizers import OPTIMIZERS, GradientDescent, Momentum, StaleGradient
from gdlab.problems import PROBLEMS, Bowl, Himmelblau, Parabola
from gdlab.problems.data import DATA_SETS
from gdlab.seeds import stream

RATES = [0.1, 1.0, 2.0]
COSTS = [25, 16, 10.24, 25, 25, 25, 25, 225, 2025]  # (1 - 2η)^2t · 25


def test_three_rates_on_the_parabola():
    frame = gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=RATES), max_steps=2).frame
    assert list(frame) == ["run", "step", "epoch", "cost", "gradient_norm", "w1", "learning_rate"]
    assert frame["cost"].tolist() == pytest.approx(COSTS, rel=1e-15)
    assert frame["run"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert frame["step"].tolist() == frame["epoch"].tolist() == [0, 1, 2] * 3
    assert frame["learning_rate"].tolist() == [rate for rate in RATES for _ in range(3)]
    assert frame["w1"].tolist() == pytest.approx([5, 4, 3.2, 5, -5, 5, 5, -15, 45], rel=1e-15)


def test_the_runs_of_a_stack_are_trajectories_in_their_order():
    runs = gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=[*RATES, 30.0]), max_steps=20)
    assert isinstance(runs, gdlab.Trajectories) and len(runs) == 4
    assert all(isinstance(run, Trajectory) for run in runs)
    assert runs.outcomes == [run.outcome for run in runs] == ["budget", "budget", "diverged", "diverged"]
    assert runs.start.tolist() == [[5.0]] * 4
    assert runs.theta.tolist() == [run.end.tolist() for run in runs]
    assert runs[-1] is runs.runs[3] and len(runs[1:3]) == 2
    assert runs.frame.groupby("run").size().tolist() == [len(run.columns["step"]) for run in runs]


def test_the_frame_has_a_column_for_what_runs_differ_in_and_for_nothing_else():
    rule = Momentum(learning_rate=[0.1, 0.2, 0.1], momentum=[0.5, 0.8, 0.9])
    frame = gdlab.run(Bowl(), rule, schedule=Cosine(end=[0.1, 0.2, 0.3]), seed=[4, 5, 6], max_steps=3).frame
    starts = frame.query("step == 0").set_index("run")
    assert starts["momentum"].tolist() == [0.5, 0.8, 0.9]
    assert starts["end"].tolist() == [0.1, 0.2, 0.3]
    assert starts["seed"].tolist() == [4, 5, 6]
    same = gdlab.run(Bowl(), Momentum(learning_rate=[0.1, 0.2]), seed=[4, 4], max_steps=3).frame
    assert not {"seed", "momentum"} & set(same)


def test_the_frames_learning_rate_is_that_of_the_step():
    shape, steps = Cosine(end=0.1), 8
    run = gdlab.run(
        Bowl(), GradientDescent(learning_rate=[0.1, 0.2]), schedule=shape, max_steps=steps, points=9, spacing="even"
    )
    factors = [shape.factor(min(step, steps - 1), steps).item() for step in range(steps + 1)]
    for (_, rows), rate in zip(run.frame.groupby("run"), (0.1, 0.2), strict=True):
        assert rows["learning_rate"].tolist() == pytest.approx([rate * factor for factor in factors], rel=1e-15)


def test_two_hyperparameters_of_one_name_are_kept_apart():
    rule, schedule = StaleGradient(learning_rate=0.01, every=[1, 2, 5]), Step(every=[0.5, 0.25, 0.1])
    frame = gdlab.run(Bowl(), rule, schedule=schedule, max_steps=4).frame
    starts = frame.query("step == 0")
    assert starts["every"].tolist() == [1, 2, 5] and starts["schedule.every"].tolist() == [0.5, 0.25, 0.1]
    assert len(gdlab.run(Bowl(), rule, schedule=Step(), max_steps=4)) == 3
    with pytest.raises(ValueError, match=exactly("schedule.every must have one value or 3, one for each run, got 2")):
        gdlab.run(Bowl(), rule, schedule=Step(every=[0.5, 0.1]), max_steps=4)


def test_a_value_may_be_a_number_a_list_or_an_array():
    one, listed, array, column = (
        gdlab.run(Bowl(start=[3.0, 4.0]), GradientDescent(learning_rate=rate), max_steps=3).theta.tolist()
        for rate in (0.1, [0.1], np.array([0.1, 0.1]), np.array([[0.1], [0.1], [0.1]]))
    )
    assert one == listed and array == one * 2 and column == one * 3


def test_a_seed_decides_where_a_run_starts_and_the_order_of_its_mini_batches():
    network, rule = cases.network(batch_size=5), GradientDescent(learning_rate=0.5)
    runs = gdlab.run(network, rule, seed=np.array([0, 1, 0]), max_steps=20)
    assert runs.start[0].tobytes() == network.initial(stream(0, 0)).tobytes() != runs.start[1].tobytes()
    assert runs.theta[0].tobytes() == runs.theta[2].tobytes() != runs.theta[1].tobytes()
    assert gdlab.run(network, rule, seed=np.int64(1), max_steps=20).theta.tobytes() == runs.theta[1].tobytes()
    assert gdlab.run(network, rule, seed=range(2), max_steps=20).theta.tobytes() == runs.theta[:2].tobytes()
    assert gdlab.run(network, rule, max_steps=20).theta.tobytes() == runs.theta[0].tobytes()


def test_theta_says_where_runs_start_and_is_left_alone():
    theta = np.array([[3.0, 4.0], [-1.0, 0.5]])
    before = theta.copy()
    runs = gdlab.run(Bowl(start=[9.0, 9.0]), GradientDescent(learning_rate=0.25), theta=theta, max_steps=1)
    assert runs.start.tolist() == theta.tolist() == before.tolist()
    assert runs.theta.tolist() == (theta / 2).tolist()
    for one in ([[3.0, 4.0]], theta[:1].astype(np.float32)):
        seeded = gdlab.run(Bowl(), GradientDescent(learning_rate=0.25), theta=one, seed=[1, 2, 3], max_steps=1)
        assert seeded.start.tolist() == [[3.0, 4.0]] * 3 and seeded.theta.dtype == np.float64


def test_problems_may_differ_in_where_runs_start():
    starts = [[3.0, 4.0], [-1.0, 0.5], [0.0, 2.0]]
    runs = gdlab.run([Bowl(start=start) for start in starts], GradientDescent(learning_rate=0.25), max_steps=1)
    assert runs.start.tolist() == starts and runs.theta.tolist() == (np.array(starts) / 2).tolist()
    data = cases.small_data()
    networks = [cases.network(data=data, initializer=name) for name in ("constant", "scaled_normal")]
    drawn = gdlab.run(networks, GradientDescent(learning_rate=0.25), max_steps=1).start
    assert drawn.tolist() == [network.initial(stream(0, 0)).tolist() for network in networks]


def test_a_path_is_kept_where_it_is_asked_for():
    runs = gdlab.run(Himmelblau(), GradientDescent(learning_rate=[0.001, 0.002]), max_steps=9, points=4, path=True)
    for run in runs:
        assert len(run.path) == len(run.columns["step"])
        assert np.array(run.path).T.tolist() == [run.columns["w1"], run.columns["w2"]]
    assert gdlab.run(Himmelblau(), GradientDescent(learning_rate=0.001), max_steps=9)[0].path == []


def test_what_is_recorded():
    run = gdlab.run(
        Parabola(curvature=3.0, start=[1.0]),
        GradientDescent(learning_rate=0.001),
        max_steps=12,
        points=4,
        spacing="even",
        sharpness="always",
    )[0]
    assert run.columns["step"] == [0, 4, 8, 12] and run.columns["sharpness"] == [3.0] * 4


@pytest.mark.parametrize(
    ("limits", "steps"), [({"max_steps": 7}, 7), ({"max_epochs": 2}, 16), ({"max_steps": 7, "max_epochs": 2}, 7)]
)
def test_a_budget_takes_the_place_of_the_files(limits, steps):
    """A network's file says 20 epochs; here, 8 steps are one."""
    network = cases.network(batch_size=5)
    run = gdlab.run(network, GradientDescent(learning_rate=0.1), **limits)[0]
    assert (run.outcome, run.steps) == ("budget", steps)
    assert run.columns["epoch"][-1] == steps / 8


def test_rules_for_the_end_are_those_of_the_problems_file():
    assert gdlab.run(cases.network(batch_size=5), GradientDescent(learning_rate=0.1))[0].steps == 20 * 8
    assert gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=1e-6))[0].steps == 1000
    assert gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=0.5))[0].outcome == "converged"
    assert gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=2.0), max_steps=9).outcomes == ["diverged"]
    lenient = cases.budget(9, diverged_above=1e30)
    assert gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=2.0), stopping=lenient).outcomes == ["budget"]


P, GD = Parabola(start=[5.0]), GradientDescent(learning_rate=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"optimizer": GradientDescent(learning_rate=RATES), "seed": [0, 1]},
            "seed must have one value or 3, one for each run, got 2",
        ),
        (
            {"optimizer": Momentum(learning_rate=RATES, momentum=[0.5, 0.9])},
            "momentum must have one value or 3, one for each run, got 2",
        ),
        ({"problem": [P, P], "seed": range(3)}, "problem must have one value or 3, one for each run, got 2"),
        ({"theta": np.ones((2, 1)), "seed": range(3)}, "theta must have one value or 3, one for each run, got 2"),
        (
            {"schedule": Cosine(end=[0.1, 0.2]), "seed": range(3)},
            "end must have one value or 3, one for each run, got 2",
        ),
        ({"problem": []}, "problem must have at least one value, got 0"),
        ({"seed": []}, "seed must have at least one value, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"seed": np.array([0, 0.5])}, "seed must be a whole number of at least 0, got 0.0"),
        ({"theta": np.ones((1, 2))}, "theta must have the shape (runs, 1), got (1, 2)"),
        ({"theta": np.array([5.0])}, "theta must have the shape (runs, 1), got (1,)"),
        (
            {"problem": [P, Parabola(start=[5.0], curvature=8.0)]},
            "problem must be the same for all runs but for start and initializer",
        ),
        ({"problem": [P, Bowl()]}, "problem must be the same for all runs but for start and initializer"),
        ({"max_steps": 0}, "max_steps must be a whole number of at least 1, got 0"),
        (
            {"stopping": cases.budget(9), "max_steps": 5},
            "max_steps and max_epochs cannot be combined with stopping, which has a budget of its own",
        ),
        ({"points": 1}, "points must be a whole number of at least 2, got 1"),
        ({"spacing": "linear"}, "spacing must be one of log, even, ends, got 'linear'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=exactly(message)):
        gdlab.run(**{"problem": P, "optimizer": GD, **arguments})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_configuration_is_that_of_the_command_line(problem, optimizer):
    assert gdlab.config(problem, optimizer) == cases.config(f"problem={problem}", f"optimizer={optimizer}")


@pytest.mark.parametrize(
    ("arguments", "overrides"),
    [
        ({}, []),
        *(({"schedule": name}, [f"schedule={name}"]) for name in SCHEDULES),
        *(({"measurement": name}, [f"measurement={name}"]) for name in MEASUREMENTS),
        *(({"problem": {"name": "network", "data": name}}, [f"problem/data={name}"]) for name in DATA_SETS),
        (
            {"problem": {"name": "network", "data": {"name": "mnist", "without": 3}, "hidden": [8]}},
            ["problem/data=mnist", "problem.data.without=3", "problem.hidden=[8]"],
        ),
        ({"problem": {"name": "ravine", "condition": 5.0}}, ["problem=ravine", "problem.condition=5.0"]),
        (
            {"optimizer": {"name": "adam", "beta1": 0.5, "learning_rate": 1.0}},
            ["optimizer=adam", "optimizer.beta1=0.5", "optimizer.learning_rate=1.0"],
        ),
        ({"measurement": {"name": "directions", "count": 5}}, ["measurement=directions", "measurement.count=5"]),
        ({"stop": {"max_epochs": 3}, "record": {"path": True}}, ["stop.max_epochs=3", "record.path=true"]),
        ({"seed": 4}, ["seed=4"]),
        ({"seed": 4, "seeds": {"init": 7}}, ["seed=4", "seeds.init=7"]),
    ],
)
def test_every_section_of_a_configuration_is_that_of_the_command_line(arguments, overrides):
    assert gdlab.config(**arguments) == cases.config(*overrides)


def test_a_configuration_can_be_changed_without_changing_the_next():
    first = gdlab.config("parabola")
    for section in first.values():
        if isinstance(section, dict):
            section.clear()
    assert gdlab.config("parabola") == cases.config("problem=parabola")


def test_gdlab_lists_its_api():
    offered = {"Trajectories", "config", "run", "runs", "sweep", "thetas", "trajectories"}
    assert set(gdlab.__all__) == offered <= set(dir(gdlab))
    assert all(callable(getattr(gdlab, name)) for name in offered)
    with pytest.raises(AttributeError, match=exactly("module 'gdlab' has no attribute 'walk'")):
        _ = gdlab.walk


def test_importing_gdlab_and_running_imports_neither_mlflow_nor_hydra():
    code = (
        "import sys, gdlab\n"
        "from gdlab.optimizers import GradientDescent\n"
        "from gdlab.problems import Parabola\n"
        "runs = gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=0.1), max_steps=2)\n"
        "assert not {'mlflow', 'pandas', 'hydra', 'matplotlib', 'sklearn'} & sys.modules.keys()\n"
        "print(len(runs.frame))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_the_frame_is_made_once():
    runs = gdlab.run(P, GD, max_steps=2)
    assert runs.frame is runs.frame and isinstance(runs.frame, pd.DataFrame)
