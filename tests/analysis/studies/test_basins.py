"""The study of basins, from measurements of two landscapes."""

import shutil

import numpy as np
import pandas as pd
import pytest
from commands import single_line
from launches import changed, config, sweep
from matplotlib.colors import to_rgba

from analysis import figures
from analysis.columns import RATE
from analysis.draw import style
from analysis.draw.basins import OFFSET, REASONS, colors, held_minima
from analysis.scripts import exit_plainly
from analysis.studies import basins
from gdlab import problems, tracking
from gdlab.measure.measurements.basins import DIVERGED, RIDGE, UNSETTLED

RATES = (0.005, 0.02, 0.001)
WELL = problems.DoubleWell(tilt=0.3)


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """Three rates on himmelblau, one of them too large, and one on the double well; a walk, which is none."""
    folder = tmp_path_factory.mktemp("maps")
    shutil.copy(empty_store, folder)
    well = config("problem=double_well", "measurement=basins", "measurement.starts=21", "stop.max_steps=100")
    himmelblau = config("problem=himmelblau", "measurement=basins", "measurement.starts=8", "stop.max_steps=500")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        jobs = {f"{rate}": changed(himmelblau, optimizer={"learning_rate": rate}) for rate in RATES}
        sweep(uri_of(folder), "basins", jobs | {"well": well})
        sweep(uri_of(folder), "mixed", {"well": well, "walk": config("problem=bowl", "stop.max_steps=2")})
    return folder


@pytest.fixture
def loaded(folder, monkeypatch):
    """The frames that the study loads."""
    monkeypatch.chdir(folder)
    return basins.load(uri_of(folder), "basins")


def by_name(result):
    return {figure.name: figure for figure in result.figures}


def test_load_gives_each_run_its_landscape(loaded):
    runs, starts, found = loaded
    kinds = runs.set_index("run_name")["run_id"].map(found).map(type).to_dict()
    assert kinds == {"well": problems.DoubleWell} | dict.fromkeys(map(str, RATES), problems.Himmelblau)
    assert starts["run_id"].value_counts()[runs["run_id"]].tolist() == runs["starts"].tolist()


def test_there_is_a_map_for_each_rate_in_their_order(loaded):
    runs, _, _ = loaded
    figure = by_name(basins.analyze(*loaded))["basins_himmelblau"]
    panels = figure.plot.axes
    shares = runs.set_index("optimizer.learning_rate")["fraction_global"]
    assert [panel.get_title("left") for panel in panels] == [
        f"η = {rate:g}: {shares[rate]:.1%} global" for rate in sorted(RATES)
    ]
    assert figure.plot.get_supxlabel() == "w₁" and figure.plot.get_supylabel() == "w₂"
    assert figure.data["optimizer.learning_rate"].tolist() == sorted(RATES)
    assert "64 points over the region drawn" in figure.caption and "budget: 500 steps" in figure.caption


def test_a_map_has_every_start_in_the_middle_of_its_cell(loaded):
    runs, starts, _ = loaded
    figure = by_name(basins.analyze(*loaded))["basins_himmelblau"].plot
    run = runs.set_index("run_name").loc["0.005", "run_id"]
    image = figure.axes[1].images[0]
    left, right, low, high = image.get_extent()
    shown = np.asarray(image.get_array()) - OFFSET
    rows, columns = shown.shape
    for _, start in starts[starts["run_id"] == run].iterrows():
        column = (start["start1"] - left) / (right - left) * columns
        row = (start["start2"] - low) / (high - low) * rows
        assert (column % 1, row % 1) == pytest.approx((0.5, 0.5))
        assert shown[int(row), int(column)] == start["minimum"]


def test_minima_that_cannot_hold_a_rate_are_crossed_out(loaded):
    figure = by_name(basins.analyze(*loaded))["basins_himmelblau"].plot
    marks = {line.get_marker(): line.get_xydata().tolist() for line in figure.axes[2].get_lines()}
    minima = problems.Himmelblau().minima
    border = 2 / np.linalg.eigvalsh(problems.Himmelblau().hessian(minima))[:, -1]
    assert marks == {".": minima[border > 0.02].tolist(), "x": minima[border <= 0.02].tolist()}
    assert len(marks["."]) and len(marks["x"])


@pytest.mark.parametrize(
    ("optimizer", "widened"), [("gradient_descent", 1), ("momentum", 1.9), ("nesterov", 1.9 / 2.8), ("adam", np.inf)]
)
def test_minima_are_held_up_to_the_stability_limit_of_the_rule(optimizer, widened):
    well = problems.DoubleWell()
    momentum = 0.9 if optimizer in ("momentum", "nesterov") else np.nan
    border = 2 / well.hessian(well.minima)[:, 0, 0].max() * widened
    for factor, held in ((0.999, True), (1.001, np.isinf(widened))):
        rate = min(border, 1e6) * factor
        run = pd.Series({"optimizer.name": optimizer, "optimizer.momentum": momentum, RATE: rate})
        assert held_minima(well, run).all() == held


def test_reasons_that_occur_are_in_the_legend(loaded):
    runs, starts, _ = loaded
    plots = {name: figure.plot for name, figure in by_name(basins.analyze(*loaded)).items()}
    himmelblau = runs.loc[runs["starts"] == 64, "run_id"]
    there = set(starts.loc[starts["run_id"].isin(himmelblau), "minimum"]) & set(REASONS)
    (legend,) = plots["basins_himmelblau"].legends
    assert {text.get_text() for text in legend.get_texts()} == {REASONS[reason][0] for reason in there}
    assert there >= {UNSETTLED, DIVERGED}
    assert plots["basins_double_well"].legends == []


def test_a_rate_at_which_nothing_comes_to_rest_has_no_panel(loaded):
    runs, starts, landscapes = loaded
    restless = runs["optimizer.learning_rate"] == max(RATES)
    runs = runs.assign(
        fraction_unsettled=runs["fraction_unsettled"].mask(restless, 0.75),
        fraction_diverged=runs["fraction_diverged"].mask(restless, 0.25),
    )
    figure = by_name(basins.analyze(runs, starts, landscapes))["basins_himmelblau"]
    assert len(figure.plot.axes) == len(RATES) - 1
    assert f"without those at η = {max(RATES):g}, where no start comes to rest" in figure.caption


def test_one_dimension_is_a_strip(loaded):
    figure = by_name(basins.analyze(*loaded))["basins_double_well"].plot
    (ax,) = figure.axes
    assert figure.get_supxlabel() == "w" and ax.get_ylabel() == "C(w)"
    dots = ax.collections[0]
    w, cost = np.asarray(dots.get_offsets()).T
    assert w == pytest.approx(np.linspace(-1.8, 1.8, 21), abs=1e-12)
    assert (cost == WELL.cost(w[:, None])).all()
    left, right = (to_rgba(color) for color in style.CHOICES[:2])
    assert [tuple(color) for color in dots.get_facecolors()] == [left if x < WELL.ridge else right for x in w]


def test_colours_tell_reasons_and_minima_apart():
    few, many = colors(problems.Himmelblau()), colors(problems.Rastrigin())
    assert (few.N, many.N) == (3 + 4, 3 + 121)
    for scale in (few, many):
        assert [scale(reason + OFFSET) for reason in (UNSETTLED, DIVERGED, RIDGE)] == [
            to_rgba(REASONS[reason][1]) for reason in (UNSETTLED, DIVERGED, RIDGE)
        ]
    assert len({few(i) for i in range(few.N)}) == few.N
    assert many(3) not in {many(i) for i in range(4, many.N)}  # the global minimum


def test_the_table_has_every_measurement_and_shares_that_sum_to_one(loaded):
    runs, _, _ = loaded
    result = basins.analyze(*loaded)
    (table,) = result.tables
    frame = table.frame
    assert frame[["landscape", "learning rate η"]].to_numpy().tolist() == [
        ["double well", 0.05],
        *(["himmelblau", rate] for rate in sorted(RATES)),
    ]
    shares = frame[["global", "local", "unsettled", "diverged", "ridge"]]
    assert shares.sum(axis=1).tolist() == pytest.approx([1] * len(runs))
    assert len(table.cells()) == 4
    assert result.findings[0].startswith(
        f"Double well: {frame['global'].iloc[0]:.2%} of 21 starts end in a global minimum"
    )


def test_runs_that_are_no_measurements(folder, monkeypatch):
    monkeypatch.chdir(folder)
    arguments = ["--uri", uri_of(folder), "--study", "basins", "--experiment", "mixed"]
    with pytest.raises(SystemExit) as stop:
        exit_plainly(lambda: figures.main(arguments))
    line = single_line(stop.value.code)
    assert line == f"error: experiment 'mixed' in {uri_of(folder)}: 1 of 2 runs have no fraction_global"


def test_a_measurement_whose_table_is_missing(folder, loaded):
    runs, _, _ = loaded
    run = runs.set_index("run_name").loc["well"]
    place = tracking.places.local(uri_of(folder), run["artifacts"], "measurement.parquet")
    table = place.read_bytes()
    place.unlink()
    with pytest.raises(tracking.TrackingError, match=f"run 'well' .{run['run_id']}. has no measurement.parquet: "):
        basins.load(uri_of(folder), "basins")
    place.write_bytes(table)
