"""The gallery: what is drawn of paths on landscapes and of a network, held against the runs."""

import io
import shutil
from itertools import pairwise

import numpy as np
import pytest
from launches import changed, config, sweep
from PIL import Image

from analysis import landscape, portraits
from analysis.study import StudyError
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
    for module, name, count in ((landscape, "FINE", 21), (portraits, "COARSE", 5), (landscape, "FRAMES", 6)):
        monkeypatch.setattr(module, name, count)
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def made(uri):
    return landscape.gallery(*landscape.load(uri, "gallery"))


def drawn(made, name):
    (item,) = (item for item in made.drawn if item.name == name)
    return item


def test_every_landscape_and_the_network_are_drawn(made):
    assert [item.name for item in made.drawn] == [
        "landscape_ravine",
        "landscape_double_well",
        *(f"network_{part}" for part in ("landscape", "path", "first_layer", "pixels", "confusion", "mistakes")),
    ]
    assert drawn(made, "landscape_ravine").title == "Optimizers on the ravine"


def test_the_paths_drawn_are_those_of_the_runs(made):
    contours, _ = drawn(made, "landscape_ravine").figure.axes
    lines = {line.get_label(): line.get_xydata() for line in contours.lines}
    walk = lines["gradient descent, η = 0.1"]
    assert walk == pytest.approx([-5, 2] * np.array([0.99, 0.8]) ** np.arange(STEPS + 1)[:, None])  # w²/20 and w²


def test_a_path_ends_where_it_leaves_the_box(uri):
    _, paths, _ = landscape.load(uri, "gallery")
    ravine = next(part for part in paths if part.name == "ravine")
    lost = ravine.runs.set_index("run_name").loc["lost"]
    walk = landscape.inside(ravine, ravine.walk(lost))
    low, high = np.transpose(ravine.landscape.box)
    assert len(walk) < len(ravine.walk(lost))
    assert ((walk >= low) & (walk <= high)).all()


def test_walks_lie_on_the_curve(made, uri):
    (panel,) = drawn(made, "landscape_double_well").figure.axes
    well = next(part for part in landscape.load(uri, "gallery")[1] if part.name == "double_well")
    walks = [line for line in panel.lines if line.get_label().startswith("from ")]
    assert sorted(line.get_label() for line in walks) == ["from -1.7", "from 1.7"]
    for line in walks:
        w, cost = line.get_data()
        assert np.array_equal(cost, well.landscape.cost(np.asarray(w)[:, None]))


def test_the_film_begins_at_the_start_and_lingers_at_the_end(made):
    (film,) = made.films
    with Image.open(io.BytesIO(film.data)) as moving:
        frames = []
        for number in range(moving.n_frames):
            moving.seek(number)
            frames.append((np.asarray(moving.convert("RGB")), moving.info["duration"]))
    assert len(frames) == landscape.FRAMES
    assert all((one[0] != other[0]).any() for one, other in pairwise(frames))
    assert [duration for _, duration in frames] == [100] * 5 + [100 * (1 + landscape.LINGER)]


def test_the_landscape_about_a_minimum_has_its_cost_in_the_middle(made, uri):
    data = drawn(made, "network_landscape").data
    (middle,) = data.loc[(data["x"] == 0) & (data["y"] == 0), "cost"]
    run = tracking.runs(uri, "gallery").set_index("run_name").loc["network"]
    assert middle == pytest.approx(run["final_cost"], rel=1e-5)
    assert len(data) == portraits.COARSE**2


def test_the_network_is_told_by_its_weights_and_answers(made, uri):
    _, _, (group,) = landscape.load(uri, "gallery")
    network, end = group.network, group.thetas[-1]["end"]
    weights = network.layers(end[None])[0][0][0]
    assert np.array_equal(drawn(made, "network_first_layer").data, weights)
    counts = drawn(made, "network_confusion").data.to_numpy()
    assert counts.sum() == len(network.data.test_labels)
    assert counts.sum(axis=1).tolist() == np.bincount(network.data.test_labels, minlength=10).tolist()
    accuracy = network.measure_end(np.asarray(end, network.dtype)[None])["final_accuracy"][0]
    assert np.trace(counts) == round(accuracy * counts.sum())
    wrong = drawn(made, "network_mistakes").data
    assert wrong["cost"].is_monotonic_decreasing and len(wrong) == portraits.WORST


def test_what_has_no_picture_is_said(uri):
    with pytest.raises(StudyError, match="run 'still': a path on one line spans no plane; record more points"):
        landscape.gallery(*landscape.load(uri, "still"))
    with pytest.raises(tracking.TrackingError, match="has no trajectory.parquet"):
        landscape.load(uri, "scores")
