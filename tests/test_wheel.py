"""The installed package: what is in it, what it needs, and that it works without the source tree."""

from __future__ import annotations

import ast
import csv
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from io import StringIO
from pathlib import Path

import pytest
from commands import ROOT

EXAMPLE = """
import gdlab
from gdlab.optimizers import GradientDescent
from gdlab.problems import Parabola

print(gdlab.__file__)
gdlab.run(Parabola(start=[5.0]), GradientDescent(learning_rate=[0.1, 1.0, 2.0]), max_steps=2).frame.to_csv("runs.csv")
"""
COSTS = {"0.1": [25, 16, 10.24], "1.0": [25, 25, 25], "2.0": [25, 225, 2025]}

pytestmark = pytest.mark.xdist_group("wheel")

OF_HYDRA = "omegaconf"  # hydra-core chooses its version


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was installed to."""
    wheels, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels], cwd=ROOT, check=True)
    (wheel,) = wheels.glob("*.whl")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    return folder


def outside(folder: Path, installed: Path, program: str) -> str:
    """The output of a program that sees the installed wheel and the installed dependencies, but not the source tree."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-S", "-c", program]  # -S: .pth files, the editable install's among them, are not read
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def test_the_readme_example_runs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    place = outside(tmp_path, installed, EXAMPLE).strip()
    assert place == str(installed / "gdlab" / "__init__.py")
    rows = list(csv.DictReader(StringIO((tmp_path / "runs.csv").read_text())))
    for rate, costs in COSTS.items():
        of_rate = [float(row["cost"]) for row in rows if row["learning_rate"] == rate]
        assert of_rate == pytest.approx(costs, rel=1e-12)  # 0.1 is no binary fraction


def test_nothing_else_is_installed_at_the_top_level(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert names == {"gdlab", "hydra_plugins"}


def test_every_module_and_configuration_file_is_installed(installed: Path) -> None:
    for package in ("gdlab", "hydra_plugins"):
        assert files(installed / package, "*.py") == files(ROOT / package, "*.py")
    assert files(installed / "gdlab" / "conf", "*.yaml") == files(ROOT / "conf", "*.yaml")
    assert (installed / "gdlab" / "py.typed").is_file()


def test_hydra_finds_the_plugins(installed: Path, tmp_path: Path) -> None:
    program = """
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
Plugins.instance()
print(*ConfigStore.instance().list("hydra/launcher"), *ConfigStore.instance().list("hydra/sweeper"))
"""
    assert {"stacked.yaml", "grid.yaml"} <= set(outside(tmp_path, installed, program).split())


def test_dependencies_are_what_the_installed_modules_import() -> None:
    optional = requirements("server") | requirements("cluster")
    assert imported("gdlab", "hydra_plugins") - {OF_HYDRA} - optional == requirements("")


def test_the_report_extra_holds_what_the_scripts_import_beside_the_library() -> None:
    beside = imported("analysis", "experiments", "benchmarks") - imported("gdlab", "hydra_plugins")
    assert beside - requirements("server") == requirements("report")


def test_the_server_extra_holds_what_only_a_server_needs() -> None:
    assert requirements("server") <= imported("gdlab", "experiments")


def test_the_cluster_extra_holds_what_only_a_cluster_needs() -> None:
    assert requirements("cluster") <= imported("gdlab")
    assert not requirements("cluster") & requirements("")


def files(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob(pattern)}


def imported(*packages: str) -> set[str]:
    """The distributions that some packages of this project import, but for the standard library and themselves."""
    modules = set()
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    providers = packages_distributions()
    return {provider(module, providers[module]) for module in modules if module in providers} - {"gdlab"}


def provider(module: str, distributions: Sequence[str]) -> str:
    """The distribution that a module comes from: the one of its name, if it has several."""
    names = [canonical(name) for name in distributions]
    return module if module in names else names[0]


def requirements(extra: str) -> set[str]:
    """What the project declares that it needs, with an extra or without one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {canonical(re.split(r"[<>=\[]", text)[0]) for text in declared}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
