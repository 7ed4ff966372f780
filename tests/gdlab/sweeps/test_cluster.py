"""Sweeps on a Dask cluster: results, failures and deaths are those of worker processes, and faults have one line."""

import asyncio
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import dask
import numpy as np
import pytest
import workers
from cases import config
from commands import train
from distributed import LocalCluster
from launches import sweep
from messages import exactly
from stores import children_of, parents_of, results_of

import gdlab
from gdlab.machine import machine
from gdlab.problems.data.idx import write_idx
from gdlab.sweeps import remote
from gdlab.sweeps.cluster import Cluster, _meaning
from gdlab.sweeps.configuration import train_stack
from gdlab.sweeps.launch import Silent
from gdlab.sweeps.remote import EngineError
from gdlab.sweeps.training import Failure, StackLost, Training

PARABOLA = ("problem=parabola", "stop.max_steps=40")
EXAMPLES = 40


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A network on a small data set that no package need be imported for."""
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder, np.random.default_rng(0))
    return "problem/data=mnist", f"problem.data.root={folder}", "stop.max_epochs=2", "problem.batch_size=10"


def write_digits(folder, rng):
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (EXAMPLES, 4, 3)))
        write_idx(folder / f"{part}-labels-idx1-ubyte", rng.integers(0, 10, EXAMPLES))


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes."""
    with closing(Cluster(workers=2)) as opened:
        yield opened


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler that was started by hand."""
    with closing(one_thread()) as own:
        yield own.scheduler_address


def one_thread():
    """A scheduler and a worker that is a thread of this process."""
    return LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=":0")


def deliveries(configs, stacks, task, cluster):
    with closing(Training(configs, stacks, workers=1, train_stack=task, new_executor=cluster)) as training:
        return list(training)


def outcomes(found):
    return {place: result for each in found for place, result in zip(each.places, each.outcomes, strict=True)}


def test_results_are_those_of_worker_processes_and_name_their_machine(cluster, digits):
    configs = [config(*digits, f"seed={seed}", "optimizer.learning_rate=3") for seed in range(4)]
    found = deliveries(configs, [[0, 1], [2], [3]], train_stack, cluster)
    came = outcomes(found)
    for place, alone in enumerate(train_stack([each])[0] for each in configs):
        assert came[place].end.tobytes() == alone.end.tobytes()
        assert str(came[place].columns) == str(alone.columns)
    assert [each.machine for each in found] == [machine()] * 3


def test_a_run_that_raises_takes_only_itself_down(cluster):
    configs = [{"number": number, "bad": number == 1} for number in range(4)]
    came = outcomes(deliveries(configs, [[0, 1], [2, 3]], workers.count_or_raise, cluster))
    assert came[1].message == "ArithmeticError: number 1 does not add up"
    assert "count_or_raise" in came[1].traceback
    assert [came[place].columns["cost"] for place in (0, 2, 3)] == [[0.0], [2.0], [3.0]]


def test_a_run_that_kills_its_worker_is_found(cluster):
    configs = [{"number": number, "bad": number == 1} for number in range(2)]
    came = outcomes(deliveries(configs, [[0], [1]], workers.count_or_die, cluster))
    assert came[1] == Failure("the Dask worker ended, 2 times, while it trained this run alone", came[1].traceback)
    assert came[0].columns["cost"] == [0.0]


class Killer(Silent):
    """Kills a worker when the first run has finished."""

    def __init__(self, process):
        self.process = process

    def finished(self, result):
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            self.process = None


def test_a_sweep_whose_worker_is_killed_is_whole(cluster, digits, workplace, monkeypatch):
    configs = [config(*digits, f"seed={seed}") for seed in range(6)]
    left = {}
    for engine in ("dask", "local"):
        folder = workplace / engine
        folder.mkdir()
        shutil.copy(workplace / "mlflow.db", folder)
        monkeypatch.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        if engine == "dask":
            cluster.client.wait_for_workers(2)
            killer = Killer(next(iter(cluster.client.run(os.getpid).values())))
            results = gdlab.sweep(configs, uri, "train", rows=1, observer=killer, new_executor=cluster)
            assert [result.how for result in results] == ["trained"] * 6 and killer.process is None
        else:
            sweep(uri, "train", {f"seed={seed}": each for seed, each in enumerate(configs)})
        assert {run.info.status for run in [*children_of(folder), *parents_of(folder)]} == {"FINISHED"}
        assert [run.data.tags.items() >= machine().items() for run in children_of(folder)] == [True] * 6
        left[engine] = results_of(folder)
    assert left["dask"] == left["local"]


def test_the_command_trains_on_the_workers_of_a_scheduler(scheduler, workplace):
    overrides = (*PARABOLA, "seed=range(4)", "hydra.launcher.engine=dask", f"hydra.launcher.address={scheduler}")
    done = train(workplace, "-m", *overrides)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"Dask at {scheduler}: 1 worker thread, http://127.0.0.1:")
    (run, *others) = children_of(workplace)
    assert len(others) == 3
    assert {name: run.data.tags[name] for name in machine()} == machine()


def test_a_worker_has_the_same_versions(cluster, monkeypatch):
    other = {**remote.versions(), "NumPy": "1.0"}
    monkeypatch.setattr(remote, "versions", lambda: other)
    with pytest.raises(EngineError) as raised:
        deliveries([{"number": 0}], [[0]], workers.count, cluster)
    address = str(raised.value).split()[3]
    assert address in cluster.client.scheduler_info()["workers"]
    assert str(raised.value) == (
        f"the Dask worker {address} has NumPy {np.__version__}, and the launcher has 1.0: install the same on both"
    )


def test_a_worker_has_the_same_data(cluster, tmp_path):
    write_digits(tmp_path, np.random.default_rng(1))
    run = config("problem/data=mnist", f"problem.data.root={tmp_path}", "stop.max_epochs=1")
    digest = remote.origin([run]).digest  # loaded here, as the plan of a sweep does
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    labels.rename(tmp_path / "elsewhere")
    with pytest.raises(EngineError, match=f"^the Dask worker tcp://.* cannot load the data set mnist: {labels} "):
        deliveries([run], [[0]], train_stack, cluster)
    write_idx(labels, np.zeros(EXAMPLES, np.uint8))
    with pytest.raises(EngineError) as raised:
        deliveries([run], [[0]], train_stack, cluster)
    assert " has another data set mnist than the launcher (digest " in str(raised.value)
    assert str(raised.value).endswith(f", not {digest[:8]}): give both the same files")


def test_a_worker_can_import_what_a_stack_needs():
    expected = (
        "a Dask worker cannot take a stack (ModuleNotFoundError: No module named 'gdlab'): install this version of "
        "gdlab, with its extra cluster, on all workers"
    )
    missing = _meaning(ModuleNotFoundError("No module named 'gdlab'", name="gdlab"))
    assert isinstance(missing, EngineError) and str(missing) == expected
    raised = ModuleNotFoundError("No module named 'scipy'", name="scipy")
    raised.add_note("Traceback of a run")
    assert _meaning(raised) is raised


def test_an_error_of_dask_itself_loses_a_stack_which_is_tried_again():
    lost = _meaning(ValueError("not enough values to unpack"))
    assert isinstance(lost, StackLost) and lost.deaths == 1
    assert str(lost) == "Dask lost the stack (ValueError: not enough values to unpack)"


def test_a_scheduler_answers_at_the_address():
    message = (
        "no Dask scheduler answers at tcp://127.0.0.1:9: start one with `dask scheduler`, or correct "
        "hydra.launcher.address"
    )
    with (
        dask.config.set({"distributed.comm.timeouts.connect": 0.2}),
        pytest.raises(EngineError, match=exactly(message)),
    ):
        Cluster("tcp://127.0.0.1:9")


def test_a_cluster_is_reached_where_an_event_loop_runs(here):
    """A notebook's cells are called within one."""

    async def cell(address):
        with closing(Cluster(address)) as cluster:
            return cluster.threads()

    with (
        LocalCluster(n_workers=1, processes=False, threads_per_worker=1, dashboard_address=None) as local,
        ThreadPoolExecutor(1) as thread,  # the browser's tests may have left a loop in this one
    ):
        assert thread.submit(asyncio.run, cell(local.scheduler_address)).result() == 1


def test_a_sweep_whose_scheduler_ends_is_finished_later(here):
    uri = f"sqlite:///{here}/mlflow.db"
    configs = [config(*PARABOLA, f"seed={seed}") for seed in range(6)]
    with dask.config.set({"distributed.comm.timeouts.connect": 0.2}):
        own = one_thread()
        with closing(Cluster(own.scheduler_address)) as found:
            ender = Silent()
            ender.finished = lambda result: own.close()
            message = (
                f"the Dask scheduler at {own.scheduler_address} is gone: start it again, and launch the sweep again to "
                "train what is left"
            )
            with pytest.raises(EngineError, match=exactly(message)):
                gdlab.sweep(configs, uri, "train", rows=1, observer=ender, new_executor=found, sweep_name="one")
    done = len(results_of(here))
    assert 0 < done < 6
    results = gdlab.sweep(configs, uri, "train", workers=1, sweep_name="one")
    assert sorted(result.how for result in results) == ["reused"] * done + ["trained"] * (6 - done)
    assert len(results_of(here)) == 6
    (parent,) = parents_of(here)
    assert parent.info.status == "FINISHED"
