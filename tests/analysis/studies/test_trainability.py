"""The study of trainability, from tracked measurements to figures, a film and a table."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from launches import changed, config, sweep
from PIL import Image

from analysis.stats.boundaries import Picture
from analysis.studies import trainability
from analysis.studies.trainability import PUBLISHED, analyze, condition

SMALL = ("experiment=trainability", "problem.features=4", "problem.training_examples=12", "stop.max_steps=40")
ROW = {
    "problem.name": "random_regression",
    "problem.activation": "tanh",
    "problem.training_examples": 272.0,
    "problem.batch_size": np.nan,
    "measurement.axes": "layers",
}


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def folder(empty_store, tmp_path_factory):
    """A store with windows of three conditions, one of them zoomed into, and the network's."""
    folder = tmp_path_factory.mktemp("trainability")
    shutil.copy(empty_store, folder)
    tanh = config(*SMALL)
    jobs = {
        f"tanh {zoom} {tile}": changed(tanh, measurement={"pixels": 32, "stride": 2, "zoom": zoom, "tile": tile})
        for zoom in (0, 2)
        for tile in range(4 if zoom == 0 else 1)
    }
    square = {"pixels": 12, "stride": 1}
    jobs["offset"] = changed(tanh, measurement={**square, "axes": "offset"})
    jobs["identity"] = changed(tanh, problem={"activation": "identity"}, measurement=square)
    network = config("experiment=trainability", "problem=network", "problem/data=digits", "problem.hidden=[4]")
    network = changed(network, optimizer={"learning_rate": 0.1})
    network = changed(network, problem={"activation": "tanh", "output": "identity", "examples": 20})
    jobs["network"] = changed(network, stop={"max_steps": 25}, measurement={"pixels": 4, "stride": 1})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where MLflow puts the runs' files
        sweep(uri_of(folder), "trainability", jobs)
    return folder


@pytest.fixture
def loaded(folder, monkeypatch):
    """The frames that the study loads."""
    monkeypatch.chdir(folder)
    return trainability.load(uri_of(folder), "trainability")


@pytest.fixture(scope="module")
def analyzed():
    """The result by what was loaded: it is the same for every test."""
    return {}


@pytest.fixture
def result(loaded, analyzed):
    if not analyzed:
        analyzed["result"] = analyze(*loaded)
    return analyzed["result"]


def test_pixels_are_loaded_with_their_condition_and_zoom(loaded):
    runs, pixels = loaded
    assert set(runs["condition"]) == {"tanh", "identity", "offset", "network"}
    counts = pixels.groupby(["condition", "measurement.zoom"]).size().to_dict()
    assert counts == {("identity", 0): 144, ("network", 0): 16, ("offset", 0): 144, ("tanh", 0): 1024, ("tanh", 2): 256}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "tanh"),
        ({"problem.activation": "relu"}, "relu"),
        ({"problem.activation": "identity", "problem.training_examples": 16.0}, "identity"),
        ({"problem.batch_size": 16.0}, "mini-batches of 16"),
        ({"problem.training_examples": 1.0}, "one training example"),
        ({"measurement.axes": "offset"}, "offset"),
        ({"problem.name": "network"}, "network"),
    ],
)
def test_conditions_are_named_as_the_published_ones(changes, expected):
    assert condition(pd.Series({**ROW, **changes})) == expected
    assert expected in {*PUBLISHED, "network"}


def test_the_first_figure_shows_the_zooms_with_frames_where_they_lie(result, loaded):
    figure = next(figure for figure in result.figures if figure.name == "trainability_zooms")
    wide, deep = figure.plot.axes
    assert wide.get_xlabel() == "learning rate of the first layer, log₁₀ η₀"
    assert wide.get_ylabel() == "learning rate of the last layer, log₁₀ η₁"
    assert deep.get_title("left") == "×4"
    (frame,) = wide.patches
    (image,) = deep.images
    left, right, low, high = image.get_extent()
    assert (frame.get_x(), frame.get_y()) == pytest.approx((left, low))
    assert (frame.get_width(), frame.get_height()) == pytest.approx((right - left, high - low))
    assert right - left == pytest.approx(9 / 4)
    assert "32 × 32 pixels" in figure.caption and "40 steps each" in figure.caption
    assert "20 parameters, on 12 random examples" in figure.caption


def test_colours_tell_what_trains_from_what_does_not(result, loaded):
    _, pixels = loaded
    figure = next(figure for figure in result.figures if figure.name == "trainability_zooms")
    shades = figure.plot.axes[0].images[0].get_array()
    square = pixels[(pixels["condition"] == "tanh") & (pixels["measurement.zoom"] == 0)]
    trained = square.pivot(index="row", columns="column", values="trained").to_numpy(bool)
    assert 0.1 < trained.mean() < 0.9
    assert ((shades < 0) == trained).all() and np.abs(shades).min() >= 0.25


def test_each_condition_has_a_column_and_the_network_a_figure_of_its_own(result):
    by_name = {figure.name: figure for figure in result.figures}
    titles = [ax.get_title("left") for ax in by_name["trainability_conditions"].plot.axes]
    assert [title.split("\n")[0] for title in titles if "\n" in title] == ["tanh", "identity", "offset"]
    assert "network on digits" in by_name["trainability_network"].title
    assert "The learning rate between them is 0.1" in by_name["trainability_network"].caption


def test_the_table_holds_the_dimension_beside_the_published_one(result):
    (table,) = result.tables
    rows = table.frame.set_index("condition")
    assert rows["published"].to_dict() == {"tanh": 1.66, "identity": 1.17, "offset": 1.98}
    assert rows.loc["tanh", "pixels"] == "16 × 16 and 32 × 32"
    assert (rows["interval"] == "range").all() and (rows["verdict"] == "not decided").all()
    assert any(text.startswith("Not decided for tanh (") for text in result.findings)
    assert any("The network on digits trains at" in text for text in result.findings)


def test_the_film_narrows_from_the_first_window_to_the_last(result):
    (film,) = result.films
    with Image.open(io.BytesIO(film.gif)) as gif:
        assert gif.n_frames > 6 and gif.size == (216, 216)
    assert "The window narrows from 9 to 2.25 decades" in film.caption


def test_a_fractal_boundary_is_found_and_compared_with_the_published_one():
    side, rng = np.arange(64), np.random.default_rng(0)
    noise = {zoom: Picture(side, side, rng.choice([-1.0, 1.0], (64, 64))) for zoom in range(8)}
    table, by_window = trainability.dimensions({"offset": noise, "tanh": noise})
    assert table["verdict"].tolist() == ["fractal", "fractal"]
    texts = trainability.findings(table, by_window, pd.DataFrame(), {})
    assert texts[0].startswith("Enlarged, the boundary does not become a smooth curve, for offset (1.9")
    assert texts[1].startswith("The dimension depends on the enlargement: 1.9") and "at ×128 for offset and" in texts[1]
    assert "lies in the interval or range of" in texts[2]
