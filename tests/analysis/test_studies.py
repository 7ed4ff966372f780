"""Every study: its experiment, its small version, its row in the README; and adding one."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache

import cases
import pytest
import resolvers
from commands import ROOT
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from plugins import composed_jobs, multirun
from studies import DIGITS, descended, over

from analysis import frames
from analysis.chapters import CHAPTERS
from analysis.claims.claim import SWEEP
from analysis.errors import StudyError
from analysis.studies import studies
from gdlab.sweeps import key
from hydra_plugins import grid_sweeper

STUDIES = studies()
EXPERIMENTS = {path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml")}
resolvers.register()
MANY = 1000  # jobs
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (\d+) \| (½|\d+) \|$", re.MULTILINE)


def settings(*overrides):
    """The sweeper's settings for an experiment with these overrides."""
    hydra, master = multirun(*overrides)
    values = OmegaConf.to_container(master.hydra.sweeper, resolve=True)
    del values["_target_"]
    return hydra, values


def jobs(*overrides):
    """The overrides of each job, before a search."""
    hydra, values = settings(*overrides)
    parser = OverridesParser.create(config_loader=hydra.config_loader)
    own = [text for text in overrides if not text.startswith("hydra.")]
    return grid_sweeper.GridSweeper(**values).jobs(parser, own)


@cache
def readme():
    """The table of studies: title, runs and minutes by name."""
    section = (ROOT / "README.md").read_text().split("\n## Studies\n")[1].split("\n## ")[0]
    return {name: (title, int(runs), minutes) for name, title, runs, minutes in ROW.findall(section)}


def test_every_study_has_an_experiment_and_every_experiment_a_study():
    assert {*STUDIES, SWEEP} == EXPERIMENTS
    assert SWEEP not in STUDIES


def test_studies_are_in_the_order_of_the_report():
    places = [(CHAPTERS.index(study.chapter), study.order) for study in STUDIES.values()]
    assert places == sorted(places) and len(set(places)) == len(places)


@pytest.mark.parametrize("name", [name for name, study in STUDIES.items() if study.small])
def test_the_small_version_is_a_part_of_the_full(name):
    """Its runs are those of the full version, so that none is trained twice."""
    small, full = (jobs(f"experiment={name}", *overrides) for overrides in (STUDIES[name].small, ()))
    if len(full) > MANY:  # composing them takes long; jobs with the same overrides are the same
        keys, all_keys = ({frozenset(overrides) for overrides in configs} for configs in (small, full))
    else:
        composed = (composed_jobs(name, *overrides) for overrides in (STUDIES[name].small, ()))
        keys, all_keys = ({key.key(config) for config in configs} for configs in composed)
    assert keys and keys < all_keys


def test_the_readme_lists_the_studies():
    assert set(readme()) - {SWEEP} == set(STUDIES)
    for name, (title, _, minutes) in readme().items():
        if name != SWEEP:
            assert title == STUDIES[name].title
            assert (0.5 if minutes == "½" else float(minutes)) == STUDIES[name].minutes


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_the_readme_counts_the_runs_of_the_full_version(name):
    _, values = settings(f"experiment={name}")
    count = len(jobs(f"experiment={name}"))
    if values["search"]["axis"] is None:
        assert readme()[name][1] == count
    else:  # a search takes as many runs as it needs
        assert readme()[name][1] > count


ODD = {
    "one walk": lambda: [cases.config("experiment=lr_parabola")],
    "walks that stay": lambda: over(cases.config("experiment=lr_parabola", "problem.start=[0.0]"), [0.1, 1.0]),
    "a cost below zero": lambda: over(cases.config("problem=saddle", "stop.max_steps=9"), [0.1, 1.0]),
    "one network": lambda: [cases.config(*DIGITS, "stop.max_epochs=1")],
    "lost networks": lambda: over(
        cases.config(*DIGITS, "experiment=edge_of_stability", "stop.max_steps=9"), [1e10, 1e30], [0, 1]
    ),
}


@pytest.fixture(scope="module", params=ODD)
def odd(request):
    """Runs that few studies are made for."""
    return descended(*ODD[request.param]())


@pytest.mark.parametrize("name", [name for name, study in studies().items() if study.load is frames.load])
def test_a_study_of_odd_runs_is_drawn_or_says_what_it_needs(name, odd):
    try:
        texts = [figure.caption for figure in studies()[name].analyze(*odd).figures]
    except StudyError as error:
        texts = [str(error)]
    assert texts and all(texts) and "\n" not in "".join(texts)


MINI_YAML = """# @package _global_
# A parabola at four learning rates.
defaults:
  - override /problem: parabola

problem:
  start: [5.0]
stop:
  max_steps: 8

tracking:
  description: Which of four converge?

hydra:
  mode: MULTIRUN
  sweeper:
    params:
      optimizer.learning_rate: 0.01,0.1,0.4,1.2
"""
MINI_PY = '''"""A parabola at four learning rates."""

from functools import partial

from analysis.chapters import STEPS
from analysis.recipes.against_rate import against_rate
from analysis.study import Study

STUDY = Study(
    title="Four learning rates",
    chapter=STEPS,
    order=15,
    minutes=0.5,
    analyze=partial(against_rate, "mini", "A parabola"),
)
'''
LAUNCH = """
import everything
overrides = everything.experiments(False)
assert everything.launch({"mini": overrides["mini"]}, "mini")
"""


@pytest.mark.slow
def test_a_study_is_added_with_two_files(tmp_path, workplace):
    project = tmp_path / "project"
    for name in ("analysis", "conf", "experiments", "hydra_plugins"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "conf" / "experiment" / "mini.yaml").write_text(MINI_YAML)
    (project / "analysis" / "studies" / "mini.py").write_text(MINI_PY)

    def python(*arguments):
        path = f"{project}:{project / 'experiments'}:{ROOT}"
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=workplace, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "4 trained" in python("-c", LAUNCH)
    python(str(project / "analysis" / "report.py"))
    page = (workplace / "reports" / "index.html").read_text()
    assert '<section id="mini">' in page and 'id="figure-mini_final"' in page
    assert "Not run yet" not in page.split('<section id="mini">')[1].split("</section>")[0]
