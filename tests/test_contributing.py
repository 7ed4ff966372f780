"""The examples in CONTRIBUTING.md, written into a copy of the tree and run there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, script

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = re.findall(r"```(?:python|yaml)\n# (\S+\.(?:py|yaml))\n(.*?)```", TEXT, flags=re.DOTALL)
COMMANDS = re.findall(r"^python \S+/.*$", TEXT, flags=re.MULTILINE)

DERIVATIVES = """
import numpy as np
from gdlab.problems import Camel
from gdlab.problems.activations import ACTIVATIONS
from gdlab.problems.calls import replay

h = 1e-5
tolerance = 1e-7  # of central differences: h² times a third derivative, of some 100 for the camel

camel, theta = Camel(), np.random.default_rng(0).uniform(-2, 2, (20, 2))
gradient, above, below = np.empty((3, 20, 2))
camel.gradient(theta, gradient)
for i, axis in enumerate(h * np.eye(2)):
    assert np.allclose(gradient[:, i], (camel.cost(theta + axis) - camel.cost(theta - axis)) / (2 * h), atol=tolerance)
    camel.gradient(theta + axis, above)
    camel.gradient(theta - axis, below)
    assert np.allclose(camel.hessian(theta)[:, i], (above - below) / (2 * h), atol=tolerance)
slope = np.empty_like(camel.minima)
camel.gradient(camel.minima, slope)
assert np.allclose(slope, 0, atol=1e-14)  # a few roundings
assert (np.linalg.eigvalsh(camel.hessian(camel.minima)) > 0).all()

softsign, z = ACTIVATIONS["softsign"], np.linspace(-3, 3, 12)[None, None]
below, a, above = (z - h, z.copy(), z + h)
for units in (below, a, above):
    replay(softsign.apply(units))
assert np.allclose(softsign.derivative(a), (above - below) / (2 * h), atol=tolerance)
change = softsign.derivative(above) - softsign.derivative(below)
assert np.allclose(softsign.second_derivative(a), change / (2 * h), atol=tolerance)
error, spare = np.ones_like(a), np.empty_like(a)
replay(softsign.chain(error, a, spare))
assert np.allclose(error, softsign.derivative(a), rtol=1e-15)
"""

CLAIM = """
from types import SimpleNamespace
import gdlab
from analysis.claims import CLAIMS, FAILS, HOLDS, cases
from gdlab.optimizers import GradientDescent
from gdlab.problems import Parabola

(claim,) = (claim for claim in CLAIMS if claim.name == "overshoot")
assert set(claim.runs) <= set(cases())
for learning_rate, verdict in ((0.9, HOLDS), (0.1, FAILS), (1.1, FAILS)):
    optimizer = GradientDescent(learning_rate=learning_rate)
    walk = gdlab.run(Parabola(start=[5.0]), optimizer, max_steps=7, points=8, spacing="even")
    steps = walk.frame.assign(run_id="only")
    assert claim.check(SimpleNamespace(runs=steps[:1], steps=steps)).verdict == verdict
"""

pytestmark = pytest.mark.xdist_group("contributing")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A copy of the project with the examples' files in it."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("analysis", "conf", "experiments", "gdlab", "hydra_plugins"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(empty_store, folder)
    for name, content in FILES:
        assert not (folder / name).exists(), f"{name} exists already"
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_of_an_example_runs(tree: Path, command: str) -> None:
    _, name, *arguments = shlex.split(command)
    program = tree / "launch.py"  # in the copy's own folder, so that it imports from there
    program.write_text(
        f"import runpy, sys\nsys.path.insert(0, 'experiments')\nrunpy.run_path({name!r}, None, '__main__')"
    )
    done = script(tree, str(program), *arguments)
    assert done.returncode == 0, done.stderr
    assert ("wrote " if "figures.py" in name else "see it:") in done.stdout


def test_the_examples_are_in_every_folder_of_choices() -> None:
    folders = {str(Path(name).parent) for name, _ in FILES}
    rooms = ("optimizers", "descent/schedules", "measure/measurements")
    assert {f"gdlab/{room}" for room in rooms} <= folders
    assert {f"gdlab/problems/{kind}" for kind in ("landscapes", "data", "activations", "initializers")} <= folders


def test_the_examples_keep_the_rules_of_style(tree: Path) -> None:
    paths = [str(tree / name) for name, _ in FILES if name.endswith(".py")]
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--config", ROOT / "pyproject.toml", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_the_derivatives_of_the_examples_are_right(tree: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DERIVATIVES], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_claim_of_the_example_holds_where_it_should(tree: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CLAIM], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
