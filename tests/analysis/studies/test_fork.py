"""The study of forks on real runs of a tiny network."""

import shutil

import numpy as np
import pytest
from launches import changed, config, sweep
from messages import exactly

from analysis import networks
from analysis.errors import StudyError
from analysis.stats import forks
from analysis.studies import studies
from analysis.studies.fork import decided

STUDY = studies()["fork"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """Two widths, two parents, children that part at the start and at the end; and runs without a fork."""
    folder = tmp_path_factory.mktemp("forks")
    shutil.copy(empty_store, folder)
    base = config(
        "problem/data=digits",
        "optimizer.learning_rate=1.0",
        "stop.max_steps=30",
        "stop.max_epochs=null",
        "record.points=2",
    )
    runs = {
        f"{hidden} {seed} {step} {fork}": changed(
            base,
            problem={"hidden": hidden},
            seed=seed,
            seeds={"init": seed, "batches": seed, "fork_step": step, "fork": fork},
        )
        for hidden in ([4], [8])
        for seed in (1, 2)
        for step in (0, 30)
        for fork in (11, 12)
    }
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        sweep(f"sqlite:///{folder}/mlflow.db", "fork", runs)
    return folder


@pytest.fixture
def uri(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return f"sqlite:///{folder}/mlflow.db"


def test_children_that_part_at_the_end_are_one_run(uri):
    _, result = STUDY.result(uri)
    table = result.figures[0].data
    assert table.groupby(["width", "pair"], sort=False).size().tolist() == [4, 1, 1] * 2
    last = table[table["step"] == 30]
    assert len(last) == 4 and last[list(forks.MEASURES)].to_numpy() == pytest.approx(0, abs=1e-7)  # of float32
    assert (table[table["step"] == 0]["disagreement"] > 0).all()
    assert "the last verdict is not stable" in result.findings[0] and "range, n = 2" in result.findings[0]
    assert set(result.tables[0].frame["verdict"]) == {"", "not decided"}


def test_the_figure_has_a_line_for_each_width_and_unrelated_runs_beside(uri):
    figure = STUDY.result(uri)[1].figures[0]
    assert figure.plot.axes[0].get_ylabel() == "barrier of the training cost"
    ticks = [text.get_text() for text in figure.plot.axes[0].get_xticklabels()]
    assert ticks == ["unrelated", "aligned", "0", "30"]
    assert [text.get_text() for text in figure.plot.legends[0].get_texts()] == ["4", "8"]
    assert "Siblings need no alignment: they have a start in common" in figure.caption


def test_runs_that_do_not_fork_are_named(uri, monkeypatch):
    runs, steps, groups = STUDY.load(uri, "fork")
    only = [group.some(np.flatnonzero(group.runs[forks.FORK] == 11)) for group in groups]
    with pytest.raises(
        StudyError, match=exactly("no run has two children: this study needs runs that differ in seeds.fork alone")
    ):
        STUDY.analyze(runs, steps, only)
    monkeypatch.setattr(networks, "load", lambda *_: (runs.assign(**{forks.FORK: np.nan}), steps, groups))
    with pytest.raises(StudyError, match=exactly(f"experiment 'fork' in {uri}: 16 of 16 runs have no seeds.fork")):
        STUDY.load(uri, "fork")


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        (["stable"] * 3, "the start decides the valley: children that part at step 0 are stable, and later ones, too"),
        (["unstable", "not decided", "stable"], "the valley is decided by step 50 of 100, and not yet at step 0"),
        (
            ["unstable", "stable", "unstable"],
            "by which step the valley is decided is not decided: the last verdict is not stable",
        ),
    ],
)
def test_the_answer(verdicts, text):
    assert decided([0, 10, 50], verdicts, 100) == text
