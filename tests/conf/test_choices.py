"""conf/ against the registries: every choice has its file, every file its choice, and is where its defaults stand."""

import dataclasses

import cases
import numpy as np
import pytest
import yaml
from commands import ROOT

from gdlab.defaults import defaults
from gdlab.descent.schedules import SCHEDULES
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.optimizers import OPTIMIZERS
from gdlab.problems import PROBLEMS
from gdlab.problems.activations import ACTIVATIONS
from gdlab.problems.costs import COSTS
from gdlab.problems.data import DATA_SETS
from gdlab.problems.data.idx import write_idx
from gdlab.problems.initializers import INITIALIZERS
from gdlab.sweeps import configuration

GROUPS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "problem": PROBLEMS,
    "problem/data": DATA_SETS,
    "measurement": MEASUREMENTS,
}
NAMESAKES = {"ranking": "scores"}  # files that state other values of a choice that has a file of its own
FILES = [(group, path.stem) for group in GROUPS for path in sorted((ROOT / "conf" / group).glob("*.yaml"))]
LANDSCAPES = [name for name in PROBLEMS if name != "network"]


def content(group, name):
    """The section that a file states, read as plain YAML."""
    whole = yaml.safe_load((ROOT / "conf" / group / f"{name}.yaml").read_text())
    return whole.get(group, whole)


def values(group, name):
    """The values of that section: neither its name nor what it chooses from other groups."""
    return {key: value for key, value in content(group, name).items() if key not in ("name", "defaults")}


def fields(built):
    """What an object was built with."""
    return {field.name: getattr(built, field.name) for field in dataclasses.fields(built)}


def columns(section):
    """The hyperparameters of a section as a rule for one run holds them."""
    return {key: [[value]] for key, value in section.items()}


HIDDEN = tuple(values("problem", "network")["hidden"])  # a list in YAML


@pytest.mark.parametrize(("group", "name"), FILES)
def test_a_file_bears_the_name_of_its_choice(group, name):
    assert content(group, name)["name"] == NAMESAKES.get(name, name)
    assert content(group, name)["name"] in GROUPS[group]


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_has_a_file(group):
    assert set(GROUPS[group]) <= {name for of_group, name in FILES if of_group == group}


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("activation", ACTIVATIONS),
        ("output", {output for cost in COSTS.values() for output in cost.heads}),
        ("cost", COSTS),
        ("initializer", INITIALIZERS),
    ],
)
def test_the_networks_file_lists_the_choices_that_have_no_file(key, choices):
    lines = (ROOT / "conf" / "problem" / "network.yaml").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{key}:")]
    default, _, others = line.partition("#")
    assert sorted([yaml.safe_load(default)[key], *others.strip().split(", ")]) == sorted(choices)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_built_from_its_file(name):
    built = configuration.build([cases.config(f"optimizer={name}")]).optimizer
    assert type(built) is OPTIMIZERS[name]
    assert {key: value.tolist() for key, value in fields(built).items()} == columns(values("optimizer", name))


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_built_from_its_file(name):
    built = configuration.build([cases.config(f"schedule={name}")]).schedule
    assert type(built) is SCHEDULES[name]
    assert {key: value.tolist() for key, value in fields(built).items()} == columns(values("schedule", name))


@pytest.mark.parametrize("name", LANDSCAPES)
def test_a_landscape_is_built_from_its_file(name):
    built = configuration.build([cases.config(f"problem={name}")]).problem
    assert type(built) is PROBLEMS[name]
    assert fields(built) == values("problem", name)


def test_the_network_is_built_from_its_file():
    built = configuration.build([cases.config("problem=network")]).problem
    assert type(built) is PROBLEMS["network"]
    assert fields(built) == {**values("problem", "network"), "hidden": HIDDEN, "data": built.data}
    assert built.data.name == "mnist_5k"


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "measurement"])
def test_a_measurement_is_built_from_its_file(name):
    problem = "himmelblau" if name == "basins" else "network"
    built = configuration.build([cases.config(f"problem={problem}", f"measurement={name}")]).measurement
    assert type(built) is MEASUREMENTS[NAMESAKES.get(name, name)]
    assert fields(built) == values("measurement", name)


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_is_built_from_its_file(name, tmp_path):
    overrides, sizes = [f"problem/data={name}"], {"mnist_5k": (4000, 1000), "digits": (1437, 360)}
    if name not in sizes:  # read from files, here from small ones
        rng = np.random.default_rng(0)
        for part, count in (("train", 40), ("t10k", 10)):
            write_idx(tmp_path / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28)))
            write_idx(tmp_path / f"{part}-labels-idx1-ubyte", rng.integers(0, 10, count))
        overrides.append(f"problem.data.root={tmp_path}")
    built = configuration.build([cases.config(*overrides)]).problem.data
    assert built.name == name
    assert (len(built.train_labels), len(built.test_labels)) == sizes.get(name, (40, 10))


@pytest.mark.parametrize(("group", "name"), [*FILES, ("stop", "epochs"), ("stop", "steps")])
def test_defaults_in_python_are_what_hydra_composes(group, name):
    section = cases.config(f"{group}={name}")
    for key in group.split("/"):
        section = section[key]
    composed = {key: value for key, value in section.items() if key not in ("name", "data")}
    assert defaults(group, name) == composed


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rule_made_in_python_has_the_defaults_of_its_file(name):
    rule = OPTIMIZERS[name](learning_rate=7.0)
    expected = columns({**values("optimizer", name), "learning_rate": 7.0})
    assert {key: value.tolist() for key, value in fields(rule).items()} == expected


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_made_in_python_has_the_defaults_of_its_file(name):
    made = fields(SCHEDULES[name]())
    assert {key: value.tolist() for key, value in made.items()} == columns(values("schedule", name))


@pytest.mark.parametrize("name", LANDSCAPES)
def test_a_landscape_made_in_python_has_the_defaults_of_its_file(name):
    assert fields(PROBLEMS[name]()) == values("problem", name)


def test_a_network_made_in_python_has_the_defaults_of_its_file():
    data = cases.small_data()
    made = fields(PROBLEMS["network"](data=data))
    assert made == {**values("problem", "network"), "hidden": HIDDEN, "data": data}
