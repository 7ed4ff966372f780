"""The gallery: paths on landscapes and portraits of a network, compared with the runs."""

import io
import shutil
from itertools import pairwise

import numpy as np
import pytest
from launches import changed, config, sweep
from PIL import Image

from analysis.draw import film, landscapes
from analysis.errors import StudyError
from analysis.stats import portraits, slices
from analysis.studies import gallery
from gdlab import tracking

STEPS = 40
EVEN = ("record.points=41", "record.spacing=even", f"stop.max_steps={STEPS}")


def started(rule, rate):
    return config(
        "problem=ravine", "problem.start=[-5,2]", f"optimizer={rule}", f"optimizer.learning_rate={rate}", *EVEN
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store):
    """Two optimizers on the ravine, one from two sides on the double well, and a network with its path."""
    folder = tmp_path_factory.mktemp("gallery")
    shutil.copy(empty_store, folder)
    well = {f"from {start}": config("problem=double_well", f"problem.start=[{start}]", *EVEN) for start in (-1.7, 1.7)}
    network = config(
        "problem/data=digits", "problem.hidden=[4]", "problem.examples=null", "record.path=true", "stop.max_epochs=2"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        ravine = {"descent": started("gradient_descent", 0.1), "lost": started("gradient_descent", 1.1)}
        sweep(uri, "gallery", {**ravine, "adam": started("adam", 0.2), **well, "network": network})
        still = changed(network, optimizer={"learning_rate": 1e-30})
        sweep(uri, "still", {"still": still})
        sweep(uri, "scores", {"scores": config("measurement=scores")})
    return folder


@pytest.fixture
def uri(folder, monkeypatch):
    """The store's address, where it is; what takes long to draw is coarse."""
    monkeypatch.chdir(folder)
    for module, name, count in ((landscapes, "FINE", 21), (slices, "COARSE", 5), (film, "FRAMES", 6)):
        monkeypatch.setattr(module, name, count)
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def result(uri):
    return gallery.analyze(*gallery.load(uri, "gallery"))


def figure(result, name):
    (item,) = (item for item in result.figures if item.name == name)
    return item


def test_every_landscape_and_the_network_are_drawn(result):
    assert [item.name for item in result.figures] == [
        "landscape_ravine",
        "landscape_double_well",
        *(f"network_{name}" for name in ("landscape", "path", "first_layer", "pixels", "confusion", "mistakes")),
    ]
    assert figure(result, "landscape_ravine").title == "Optimizers on the ravine"


def test_the_paths_drawn_are_those_of_the_runs(result):
    contours, _ = figure(result, "landscape_ravine").plot.axes
    lines = {line.get_label(): line.get_xydata() for line in contours.lines}
    path = lines["gradient descent, η = 0.1"]
    assert path == pytest.approx([-5, 2] * np.array([0.99, 0.8]) ** np.arange(STEPS + 1)[:, None])  # w²/20 and w²


def test_a_path_ends_where_it_leaves_the_box(uri):
    _, groups, _ = gallery.load(uri, "gallery")
    ravine = next(group for group in groups if group.name == "ravine")
    lost = ravine.runs.set_index("run_name").loc["lost"]
    path = ravine.inside(ravine.path(lost))
    low, high = np.transpose(ravine.landscape.box)
    assert len(path) < len(ravine.path(lost))
    assert ((path >= low) & (path <= high)).all()


def test_paths_lie_on_the_curve(result, uri):
    (panel,) = figure(result, "landscape_double_well").plot.axes
    well = next(group for group in gallery.load(uri, "gallery")[1] if group.name == "double_well")
    paths = [line for line in panel.lines if line.get_label().startswith("from ")]
    assert sorted(line.get_label() for line in paths) == ["from -1.7", "from 1.7"]
    for line in paths:
        w, cost = line.get_data()
        assert np.array_equal(cost, well.landscape.cost(np.asarray(w)[:, None]))


def test_the_film_begins_at_the_start_and_lingers_at_the_end(result):
    (moving,) = result.films
    with Image.open(io.BytesIO(moving.gif)) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append((np.asarray(image.convert("RGB")), image.info["duration"]))
    assert len(frames) == film.FRAMES
    assert all((one[0] != other[0]).any() for one, other in pairwise(frames))
    assert [duration for _, duration in frames] == [100] * 5 + [100 * (1 + film.LINGER)]


def test_the_landscape_about_a_minimum_has_its_cost_in_the_middle(result, uri):
    data = figure(result, "network_landscape").data
    (middle,) = data.loc[(data["x"] == 0) & (data["y"] == 0), "cost"]
    run = tracking.runs(uri, "gallery").set_index("run_name").loc["network"]
    assert middle == pytest.approx(run["final_cost"], rel=1e-5)
    assert len(data) == slices.COARSE**2


def test_the_portraits_are_of_the_networks_weights_and_predictions(result, uri):
    _, _, (group,) = gallery.load(uri, "gallery")
    network, end = group.network, group.thetas[-1]["end"]
    weights = network.layers(end[None])[0][0][0]
    assert np.array_equal(figure(result, "network_first_layer").data, weights)
    counts = figure(result, "network_confusion").data.to_numpy()
    assert counts.sum() == len(network.data.test_labels)
    assert counts.sum(axis=1).tolist() == np.bincount(network.data.test_labels, minlength=10).tolist()
    accuracy = network.measure_end(np.asarray(end, network.dtype)[None])["final_accuracy"][0]
    assert np.trace(counts) == round(accuracy * counts.sum())
    wrong = figure(result, "network_mistakes").data
    assert wrong["cost"].is_monotonic_decreasing and len(wrong) == portraits.WORST


def test_runs_that_cannot_be_drawn_are_named(uri):
    with pytest.raises(StudyError, match="run 'still': a path on one line spans no plane; record more points"):
        gallery.analyze(*gallery.load(uri, "still"))
    with pytest.raises(tracking.TrackingError, match="has no trajectory.parquet"):
        gallery.load(uri, "scores")
