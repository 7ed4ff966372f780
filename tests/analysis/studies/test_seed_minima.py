"""The studies of minima on real runs of a tiny network, and their errors for runs that they cannot use."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import single_line
from launches import changed, config, sweep

from analysis import figures, networks
from analysis.scripts import exit_plainly
from analysis.stats import averages, minima, slices
from analysis.stats.minima import ARMS, BOTH, ORDER, START
from analysis.studies import studies
from gdlab import tracking
from gdlab.measure.geometry import distances

SEEDS = (1, 2, 3, 4)
STUDIES = studies()
NUMBER = r"[\d.e+-]+%?"
ESTIMATE = rf"{NUMBER} \[{NUMBER}, {NUMBER}\]"  # a number with the range of four runs


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


def tiny(**problem):
    """A run of 8 hidden units, short."""
    base = config(
        "problem/data=digits",
        "problem.hidden=[4,4]",
        "optimizer.learning_rate=3.0",
        "schedule=cosine",
        "stop.max_steps=60",
        "stop.max_epochs=null",
        "record.points=4",
    )
    return changed(base, problem=problem)


def arms_of(base, seeds):
    """The runs of `conf/experiment/seed_minima.yaml`."""
    return {
        f"{arm} {seed}": changed(
            base, seed=seed, seeds=dict(zip(("init", "batches"), pair, strict=True)), record={"path": path}
        )
        for seed in seeds
        for arm, pair, path in ((START, (seed, 0), False), (ORDER, (0, seed), False), (BOTH, (seed, seed), True))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """The three arms, four seeds each; starts that are alike and not; two widths; and two that cannot be drawn."""
    folder = tmp_path_factory.mktemp("minima")
    shutil.copy(empty_store, folder)
    uri, base = uri_of(folder), tiny()
    short = changed(base, stop={"max_steps": 2})
    seeds = {seed: changed(short, seed=seed, seeds={"init": seed, "batches": 0}) for seed in SEEDS[:3]}
    exploding = changed(short, problem={"output": "identity"}, optimizer={"learning_rate": 1e30})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        sweep(uri, "seed_minima", arms_of(base, SEEDS))
        sweep(
            uri,
            "symmetry",
            {
                f"{kind} {seed}": changed(seeds[seed], problem={"initializer": kind}, record={"path": True})
                for kind in ("constant", "scaled_normal")
                for seed in (1, 2)
            },
        )
        sweep(
            uri,
            "width",
            {
                f"{hidden} {seed}": changed(seeds[seed], problem={"hidden": hidden})
                for hidden in ([4, 4], [6])
                for seed in (1, 2)
            },
        )
        sweep(uri, "two", {f"seed={seed}": seeds[seed] for seed in (1, 2)})
        rates = {seed: changed(seeds[seed], optimizer={"learning_rate": 1.0 / seed}) for seed in seeds}
        apart = {f"seed={seed}": changed(short, seeds={"init": seed, "batches": seed + 9}) for seed in seeds}
        sweep(uri, "apart", apart)
        sweep(uri, "mixed", {f"seed={seed}": config for seed, config in rates.items()})
        sweep(uri, "exploded", {f"seed={seed}": changed(exploding, seeds={"init": seed}) for seed in seeds})
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    """The store's address, where it is; what takes long to draw is coarse."""
    monkeypatch.chdir(folder)
    coarse(monkeypatch)
    return uri_of(folder)


def coarse(monkeypatch):
    monkeypatch.setattr(slices, "FINE", 9)
    monkeypatch.setattr(minima, "POINTS", 5)
    monkeypatch.setattr(averages, "RESAMPLES", 200)


@pytest.fixture
def spoil(here):
    """Put something else in the place of a file of a run of the three arms, until the test is over."""
    places = []

    def put(run_name, file, content):
        run = tracking.runs(here, "seed_minima").set_index("run_name").loc[run_name]
        place = tracking.places.local(here, run["artifacts"], file)
        places.append((place, place.read_bytes()))
        place.unlink()
        if content is not None:
            place.write_bytes(content(places[-1][1]))
        return run["run_id"]

    yield put
    for place, content in places:
        place.write_bytes(content)


@pytest.fixture(scope="module")
def result(folder):
    """The study of the three arms."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        coarse(monkeypatch)
        return STUDIES["seed_minima"].result(uri_of(folder))[1]


def test_runs_are_sorted_into_their_arms(here):
    _, _, found = networks.load_alike(here, "seed_minima")
    arms = minima.arms(found)
    assert list(arms) == list(ARMS)
    for arm, part in arms.items():
        assert part.runs["run_name"].tolist() == [f"{arm} {seed}" for seed in SEEDS]
        starts = {theta["start"].tobytes() for theta in part.thetas}
        assert len(starts) == (1 if arm == ORDER else 4)
        assert ["path" in theta for theta in part.thetas] == [arm == BOTH] * 4
    order = distances(found.network, np.stack([theta["start"] for theta in arms[START].thetas]))
    assert (order == distances(found.network, np.stack([theta["start"] for theta in arms[BOTH].thetas]))).all()


def test_the_ends_are_those_of_the_runs(here):
    _, _, found = networks.load_alike(here, "seed_minima")
    cost = found.network.evaluate(found.ends, found.network.measured[0])[0]
    assert cost == pytest.approx(found.runs["final_cost"].to_numpy(), rel=1e-6)  # float32


def test_the_answers_have_a_row_for_each_question_and_a_column_for_each_arm(result):
    (table,) = result.tables
    assert list(table.frame) == ["question", "measured", *ARMS]
    assert table.frame["measured"].tolist() == [
        "distance",
        "distance, aligned",
        "barrier",
        "barrier, aligned",
        "test examples answered differently",
        "final cost, mean",
        "final cost, spread",
        "final cost, variance share",
        "test accuracy, mean",
        "test accuracy, spread",
        "test accuracy, variance share",
    ]
    assert table.frame["question"].nunique() == 5
    for arm in ARMS:
        shares = table.frame["measured"].str.endswith("variance share") & (arm == BOTH)
        assert (table.frame.loc[shares, arm] == "").all()
        spreads = table.frame["measured"].str.contains("spread|variance share")  # of four runs, without an interval
        for text in table.frame.loc[~shares & ~spreads, arm]:
            assert re.fullmatch(ESTIMATE, text), text
        for text in table.frame.loc[~shares & spreads, arm]:
            assert re.fullmatch(f"{NUMBER}|inf", text), text
        assert f"{arm}: " in table.caption.lower() and "(n = 4)" in table.caption
    assert "In brackets the range (n below 8)" in table.caption and "re-centred" in table.caption


def test_the_answers_are_those_of_plain_numpy(here, result):
    _, _, found = networks.load_alike(here, "seed_minima")
    frame = result.tables[0].frame.set_index("measured")
    pairs = np.triu_indices(4, 1)
    for arm, part in minima.arms(found).items():
        ends = np.asarray(part.ends, np.float64)
        cost = part.runs["final_cost"].to_numpy(float)
        answers = found.network.outputs(part.ends, found.network.data.test_features).argmax(axis=2)
        apart = np.mean([np.mean(answers[i] != answers[j]) for i, j in zip(*pairs, strict=True)])
        assert frame.loc["test examples answered differently", arm].startswith(f"{apart:.2%} [")
        assert frame.loc["final cost, mean", arm].startswith(f"{cost.mean():.4f} [")
        assert frame.loc["final cost, spread", arm].startswith(f"{cost.std(ddof=1):.4f}")
        raw = np.mean([np.linalg.norm(centered(found.network, ends[i] - ends[j])) for i, j in zip(*pairs, strict=True)])
        assert frame.loc["distance", arm].startswith(f"{raw:.3g} [")


def centered(network, away):
    """A difference of thetas in the coordinates of distances, layer by layer."""
    parts = []
    for number, (weights, bias) in enumerate(network.layers(away[None])):
        parts += [weights.ravel(), (bias + 0.5 * weights.sum(axis=2) * (number > 0)).ravel()]
    return np.concatenate(parts)


def test_every_figure_says_what_was_run_and_how_many(result):
    names = [figure.name.removeprefix("seed_minima_") for figure in result.figures]
    assert names == ["final", "distances", "disagreement", "barriers", "plane"]
    for figure in result.figures:
        assert figure.caption.count("(n = 4)") == 3
        assert "network with hidden layers [4, 4] of sigmoid units" in figure.caption
        assert "budget: 60 steps" in figure.caption and "data set: digits" in figure.caption
        assert not figure.data.isna().to_numpy().any()
    lengths = {name: len(figure.data) for name, figure in zip(names, result.figures, strict=True)}
    assert lengths == {
        "final": 12,
        "distances": 18,
        "disagreement": 18,
        "barriers": 3 * 2 * 2 * 5,
        "plane": 81,
    }
    final, maps, disagreement, barriers, plane = (figure.plot.axes for figure in result.figures)
    assert final[0].get_ylabel() == "final training cost"
    assert maps[-2].get_xlabel() == "4 runs"
    assert disagreement[0].get_legend() is None and disagreement[1].get_xlabel() == "distance, aligned"
    assert [panel.get_title("left") for panel in barriers] == [f"{arm}, 2 pairs" for arm in ARMS]
    assert len(plane[0].texts) == 3 and "a dot for each recorded step" in result.figures[-1].caption


def test_findings_have_a_sentence_for_each_arm(result):
    lead, *findings = result.findings
    assert lead.startswith("Runs that differ in nothing but their seeds end: start varied, ")
    assert all(arm in lead for arm in ARMS)
    assert [finding.split(":")[0].lower() for finding in findings] == [f"{arm} (n = 4)" for arm in ARMS]
    assert all("from the origin (all re-centred)" in finding and "(range " in finding for finding in findings)


def pixels(figure):
    """The pixels; where the panels lie follows from the rest, and takes long to find."""
    file = io.BytesIO()
    figure.plot.set_layout_engine("none")
    figure.plot.savefig(file, format="png", dpi=40)
    return file.getvalue()


def test_made_again_every_number_and_pixel_is_the_same(here, result):
    _, again = STUDIES["seed_minima"].result(here)
    assert again.findings == result.findings
    for one, other in zip(result.tables, again.tables, strict=True):
        assert one.markdown() == other.markdown()
    for one, other in zip(result.figures, again.figures, strict=True):
        pd.testing.assert_frame_equal(one.data, other.data, check_exact=True)
        assert one.caption == other.caption
        assert pixels(one) == pixels(other)


def test_starts_that_are_alike_stay_alike(here):
    _, found = STUDIES["symmetry"].result(here)
    data = found.figures[0].data
    units = data.groupby("start")["distinct units"].unique().map(list).to_dict()
    assert units == {"constant, float32": [2], "scaled normal, float32": [8]}
    assert data.groupby("start")["seed"].nunique().tolist() == [2, 2]
    top, bottom = found.figures[0].plot.axes
    assert top.get_ylabel() == "distinct hidden units" and top.get_ylim() == (0, 8)
    assert bottom.get_xlabel() == "step" and bottom.get_ylabel() == "training cost"
    legend = [text.get_text() for text in top.get_legend().get_texts()]
    assert legend == ["constant, float32 (n = 2)", "scaled normal, float32 (n = 2)"]
    assert len(top.get_lines()) == len(bottom.get_lines()) == 4
    assert "2 of 8 hidden units are distinct" in found.findings[0]


def test_widths_compare_runs_of_one_shape(here):
    _, found = STUDIES["width"].result(here)
    assert found.findings[0].startswith(
        "The barrier between aligned minima is lower with hidden layers 6 than with 4, 4: not decided (reduction"
    )
    assert found.findings[0].endswith("threshold 0, n = 1 pair, of which a verdict needs 8).")
    frame = found.tables[0].frame
    assert frame[["hidden layers", "pairs"]].drop_duplicates().to_numpy().tolist() == [["4, 4", 1], ["6", 1]]
    assert frame["parameters"].unique().tolist() == [64 * 4 + 4 + 20 + 50, 64 * 6 + 6 + 70]
    assert frame[["low", "high"]].isna().all(axis=None)  # a pair of each width
    ticks = [tick.get_text() for tick in found.figures[0].plot.axes[0].get_xticklabels()]
    assert ticks == ["4, 4", "6"]


def error(name, experiment, uri):
    """The one line that the command ends with, which has written nothing."""
    arguments = ["--uri", uri, "--study", name, "--experiment", experiment, "--output", "none"]
    with pytest.raises(SystemExit) as stop:
        exit_plainly(lambda: figures.main(arguments))
    assert not Path("none").exists()
    return single_line(stop.value.code)  # a text: printed, and exit code 1


@pytest.mark.parametrize(
    ("name", "experiment", "message"),
    [
        ("seed_minima", "two", "experiment 'two' has 2 finished runs; this study needs 3 or more"),
        ("seed_minima", "width", "experiment 'width' mixes problems: those of run '[4, 4] 1' and run '[6] 1' differ; "),
        ("seed_minima", "mixed", "experiment 'mixed' mixes runs of optimizer.learning_rate "),
        ("seed_minima", "exploded", "run 'seed=1' diverged, so it has no minimum to compare"),
        ("seed_minima", "symmetry", "experiment 'symmetry' mixes runs of problem.initializer "),
        ("seed_minima", "apart", "no arm has three runs; "),
        ("seed_minima", "absent", "experiment 'absent' is not in {uri}"),
        ("symmetry", "width", "run '[4, 4] 1' has no path in its theta.npz; launch it with record.path=true"),
        ("basins", "two", "experiment 'two' in {uri} lacks fraction_global, "),
    ],
)
def test_runs_that_cannot_be_drawn(here, name, experiment, message):
    assert error(name, experiment, here).startswith(f"error: {message.format(uri=here)}")


@pytest.mark.parametrize("content", [None, lambda old: old[:100]], ids=["missing", "damaged"])
def test_a_run_whose_theta_cannot_be_read(here, spoil, content):
    run_id = spoil(f"{ORDER} 2", "theta.npz", content)
    assert error("seed_minima", "seed_minima", here).startswith(f"error: run '{ORDER} 2' ({run_id}) has no theta.npz: ")


def test_runs_whose_data_cannot_be_had(here, spoil):
    for arm in ARMS:
        for seed in SEEDS:
            spoil(
                f"{arm} {seed}",
                "config.yaml",
                lambda old: old.replace(b"name: digits", b"name: mnist\n    root: nowhere"),
            )
    assert "nowhere" in error("seed_minima", "seed_minima", here)


def test_figures_and_tables_are_kept_with_the_sweep(here, folder, tmp_path):
    output = tmp_path / "out"
    figures.main(["--uri", here, "--study", "width", "--output", str(output)])
    written = {path.name for path in output.iterdir()}
    assert written == {"width.png", "width.svg", "width.csv", "width.txt", "width_barriers.csv", "width_barriers.md"}
    parent = tracking.runs(here, "width")["parent"].iloc[0]
    kept = folder.glob(f"mlruns/*/{parent}/artifacts/figures/*")
    assert {path.name: path.read_bytes() for path in kept} == {
        path.name: path.read_bytes() for path in output.iterdir()
    }
