"""Optuna's sweeper on the stacked launcher, each batch of trials in stacks; `make test-hydra-next` installs it."""

import re

import pytest
import yaml
from commands import train

pytest.importorskip("optuna", reason="an extra: pip install hydra-optuna-sweeper")

SWEEPER = (
    "hydra/sweeper=optuna",
    "hydra.sweeper.n_trials=12",
    "hydra.sweeper.n_jobs=4",
    "hydra.sweeper.sampler.seed=0",
)
SPACE = ("problem=parabola", "stop.max_steps=50", "optimizer.learning_rate=tag(log,interval(0.01,10.0))")


def test_trials_train_in_stacks(workplace):
    done = train(workplace, "-m", *SWEEPER, *SPACE, "hydra.launcher.workers=1", "hydra.verbose=gdlab")
    assert done.returncode == 0, done.stderr
    assert re.findall("planned 4 jobs .* in stacks of (.*) rows", done.stdout) == ["4", "4", "4"]
    assert "diverged" in done.stdout  # and their objective, inf, is told to Optuna
    (results,) = (workplace / "multirun").glob("*/*/optimization_results.yaml")
    best = yaml.safe_load(results.read_text())
    assert 0.1 < best["best_params"]["optimizer.learning_rate"] < 0.9
    assert best["best_value"] < 1e-10
    again = train(workplace, "-m", *SWEEPER, *SPACE)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("4 runs: 0 trained, 4 reused") == 3  # the sampler's seed gives the same trials


def test_a_sweep_in_which_all_diverge_has_no_finite_best(workplace):
    done = train(workplace, "-m", *SWEEPER, *SPACE[:2], "optimizer.learning_rate=interval(5.0,9.0)")
    assert done.returncode == 0, done.stderr
    assert "Best value: inf" in done.stdout


def test_a_dry_run_plans_the_first_batch(workplace):
    done = train(workplace, "-m", *SWEEPER, *SPACE, "dry_run=true")
    assert done.returncode == 0, done.stderr
    assert "4 jobs: 4 to train" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("this is the first batch; hydra/sweeper=optuna chooses the next")


def test_a_failing_trial_ends_the_sweep_with_its_reason(workplace):
    done = train(workplace, "-m", *SWEEPER, *SPACE[:2], "optimizer.learning_rate=interval(-2.0,-1.0)")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("error: optimizer.learning_rate must be greater than 0, got -1.")
