"""Plans: what is reused, invalid, a duplicate or left to train, and about how long it takes."""

import time

import pytest
from cases import changed
from messages import exactly

import gdlab
from gdlab.sweeps import configuration
from gdlab.sweeps import plan as plan_module
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.key import key
from gdlab.sweeps.plan import TRACKING_SECONDS, Job, estimate, plan
from gdlab.tracking import Finished

BOWL = gdlab.config("bowl", stop={"max_steps": 50})


def jobs(*rates, **sections):
    """Runs in the bowl at these learning rates."""
    return [
        Job(name=f"{place}", config=changed(BOWL, optimizer={"learning_rate": rate}, **sections))
        for place, rate in enumerate(rates)
    ]


def planned(listed, finished=(), **settings):
    """A plan, where the jobs at these places have finished before."""
    known = {key(listed[place].config): Finished(f"run {place}", "budget", {}) for place in finished}
    return plan(listed, known, **{"workers": 1, "rows": None, **settings})


def test_a_job_is_reused_invalid_a_duplicate_or_in_a_stack():
    made = planned(jobs(0.1, 0.2, -1, 0.1, 0.3, 0.3), finished=[1])
    assert {place: reused.run_id for place, reused in made.reused.items()} == {1: "run 1"}
    assert {place: failure.message for place, failure in made.invalid.items()} == {
        2: "optimizer.learning_rate must be greater than 0, got -1"
    }
    assert "ConfigurationError" in made.invalid[2].traceback
    assert made.duplicates == {3: 0, 5: 4}
    assert made.stacks == [[0, 4]]
    assert [bool(job_key) for job_key in made.keys] == [True, True, False, True, True, True]


def test_every_copy_of_a_finished_job_is_reused():
    made = planned(jobs(0.1, 0.1, 0.1), finished=[0])
    assert list(made.reused) == [0, 1, 2] and made.stacks == [] and made.duplicates == {}


def test_a_plan_that_does_not_resume_reuses_nothing():
    made = planned(jobs(0.1, 0.2, 0.1), finished=[0, 1], resume=False)
    assert made.reused == {} and made.duplicates == {2: 0} and made.stacks == [[0, 1]]


def test_places_in_stacks_are_those_of_the_jobs():
    made = planned(jobs(0.1, -1, 0.2, 0.3, 0.4, 0.5), finished=[2], rows=2)
    assert sorted(place for stack in made.stacks for place in stack) == [0, 3, 4, 5]
    assert [len(stack) for stack in made.stacks] == [2, 2]


def test_a_plan_of_nothing_that_can_be_built_says_what_is_wrong_with_the_first():
    message = "optimizer.learning_rate must be greater than 0, got -2"
    with pytest.raises(ConfigurationError, match=exactly(message)):
        planned(jobs(-2, -1))


def test_too_little_memory_is_a_failure_of_its_job(monkeypatch):
    def build(configs, build=configuration.build):
        if configs[0]["optimizer"]["learning_rate"] == 0.2:
            raise MemoryError
        return build(configs)

    monkeypatch.setattr(configuration, "build", build)
    assert planned(jobs(0.1, 0.2)).invalid[1].message == "not enough memory"


def test_jobs_with_sections_that_are_known_to_be_sound_are_not_built_again(monkeypatch):
    built = []
    build = configuration.build
    monkeypatch.setattr(configuration, "build", lambda configs: built.append(configs[0]) or build(configs))
    grid = [job for seed in range(4) for job in jobs(0.1, 0.2, 0.3, seeds={"init": seed, "batches": seed})]
    made = planned(grid)
    assert sum(map(len, made.stacks)) == len(set(made.keys)) == 12
    assert [config["optimizer"]["learning_rate"] for config in built] == [0.1, 0.2, 0.3]


def test_sections_that_are_sound_apart_may_not_be_together():
    basins = {"name": "basins", "starts": 2}
    network = gdlab.config({"name": "network", "data": "digits"}, stop=BOWL["stop"])
    configs = [network, {**BOWL, "measurement": basins}, {**network, "measurement": basins}]
    configs.append(changed(network, seeds={"init": -1}))
    made = planned([Job(name="", config=config) for config in configs])
    assert {place: failure.message for place, failure in made.invalid.items()} == {
        2: "measurement=basins needs a landscape that has minima, and the problem is network",
        3: "seeds.init must be a whole number of at least 0, got -1",
    }


def test_an_estimate_counts_what_is_left_to_train_and_shares_it_out(monkeypatch):
    """Of a trial in which a step takes 1 ms a run and recording one 2 ms: 50 steps, 20 of them recorded."""
    monkeypatch.setattr(plan_module, "_trial", lambda stack: (0.001, 0.002))
    each = 50 * 0.001 + BOWL["record"]["points"] * 0.002 + TRACKING_SECONDS
    rates = [0.01 * place for place in range(1, 9)]
    whole, shared, last = (
        estimate(planned(jobs(*rates), **settings)) for settings in ({}, {"workers": 2}, {"finished": range(7)})
    )
    assert (whole, shared, last) == pytest.approx((8 * each, 4 * each, each))
    assert estimate(planned(jobs(*rates), finished=range(8))) == 0


@pytest.mark.parametrize("max_steps", [1, 5, 40])
def test_a_trial_takes_some_time(max_steps):
    step, recording = plan_module._trial(configuration.build([changed(BOWL, stop={"max_steps": max_steps})] * 4))
    assert 0 < step < 1 and 0 < recording < 1


def test_a_trial_of_steps_does_not_count_what_is_recorded(monkeypatch):
    """Were recording taken for steps, the estimate of a long run would be off by orders of magnitude."""
    stack = configuration.build([changed(BOWL, stop={"max_steps": 10_000})])
    measure = type(stack.problem).measure

    def slow(problem, theta):
        time.sleep(0.05)
        return measure(problem, theta)

    monkeypatch.setattr(type(stack.problem), "measure", slow)
    step, recording = plan_module._trial(stack)
    assert recording > 0.05 > 16 * step


def test_an_estimate_leaves_measurements_out():
    measured = jobs(0.1, measurement={"name": "directions", "count": 10, "length": 0.1})
    assert estimate(planned(measured)) == 0
