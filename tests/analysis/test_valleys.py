"""The figures of minima, drawn from networks made up: what they show, and what they say that they show."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from networks import arms, minima, strangers, twins

from analysis import valleys
from analysis.minima import ARMS, barriers
from gdlab.measure.geometry import plane_through


@pytest.fixture(scope="module")
def three():
    """Four runs in each arm."""
    return arms(4)


def offsets(ax):
    """The dots of each cloud."""
    return [cloud.get_offsets() for cloud in ax.collections if len(cloud.get_offsets())]


def test_finals_show_every_run_and_count_them(three):
    cost, accuracy = valleys.finals(three).axes
    assert (cost.get_ylabel(), accuracy.get_ylabel()) == ("final training cost", "final test accuracy")
    for ax, column in ((cost, "final_cost"), (accuracy, "final_accuracy")):
        assert [tick.get_text() for tick in ax.get_xticklabels()] == [f"{arm}\n(n = 4)" for arm in ARMS]
        clouds = [cloud for cloud in offsets(ax) if len(cloud) == 4]
        for place, (cloud, made) in enumerate(zip(clouds, three.values(), strict=True)):
            assert cloud[:, 1].tolist() == made.runs[column].tolist()
            assert (np.abs(cloud[:, 0] - place) < 0.3).all()
        middles = [line.get_ydata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
        assert middles == pytest.approx([np.sort(made.runs[column])[1:3].mean() for made in three.values()])


def test_heatmaps_are_on_one_scale_and_say_their_means(three):
    figure = valleys.heatmaps(three)
    *panels, bar = figure.axes
    assert bar.get_ylabel() == "distance between two runs"
    images = [panel.images[0] for panel in panels]
    top = max(made.raw.max() for made in three.values())
    assert {image.get_clim() for image in images} == {(0, top)}
    squares = [made.raw for made in three.values()] + [made.nearer for made in three.values()]
    kinds = [f"{arm}, {kind}" for kind in ("as they are", "aligned") for arm in ARMS]
    for panel, image, square, kind in zip(panels, images, squares, kinds, strict=True):
        assert panel.get_title("left") == f"{kind}: mean {square[np.triu_indices(4, 1)].mean():.3g}"
        shown = np.asarray(image.get_array())
        assert (shown == shown.T).all() and (np.diag(shown) == 0).all()
        assert sorted(shown.ravel()) == sorted(square.ravel())
    assert [panel.get_xlabel() for panel in panels] == [""] * 3 + ["4 runs"] * 3


def test_heatmaps_put_like_runs_side_by_side():
    first, second = strangers(2)
    made = minima([first, second, first + 1e-3, second + 1e-3])
    shown = np.asarray(valleys.heatmaps({ARMS[2]: made}).axes[0].images[0].get_array())
    assert max(shown[0, 1], shown[2, 3]) < 0.1 < shown[1, 2]


def test_alikeness_has_a_dot_for_each_pair(three):
    figure = valleys.alikeness(three)
    raw, aligned = figure.axes
    assert (raw.get_xlabel(), aligned.get_xlabel()) == ("distance, as they are", "distance, aligned")
    assert raw.get_ylabel() == "share of test examples\nanswered differently"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"{arm} (6 pairs)" for arm in ARMS]
    pairs = np.triu_indices(4, 1)
    for ax, name in ((raw, "raw"), (aligned, "nearer")):
        for cloud, made in zip(offsets(ax), three.values(), strict=True):
            expected = np.column_stack([getattr(made, name)[pairs], made.disagreement[pairs]])
            assert cloud.tolist() == expected.tolist()


def test_between_shows_every_line_their_mean_and_the_barrier():
    made = {"some": minima(strangers(5)), "twins": minima(twins(4))}
    lines = {name: (part.lines(align=False), part.lines(align=True)) for name, part in made.items()}
    panels = valleys.between(lines).axes
    assert panels[0].get_ylabel() == "training cost" and {panel.get_xlabel() for panel in panels} == {"t"}
    for panel, (name, both) in zip(panels, lines.items(), strict=True):
        assert panel.get_title("left") == f"{name}, 2 pairs"
        drawn = [line.get_ydata() for line in panel.get_lines()]
        expected = [row for curves in both for row in [*curves, curves.mean(axis=0)]]
        assert np.array(drawn) == pytest.approx(np.array(expected))
        told = [text.get_text() for text in panel.get_legend().get_texts()]
        for text, kind, curves in zip(told, ("as they are", "aligned"), both, strict=True):
            assert text.startswith(f"{kind}: {barriers(curves).mean():.3f} [")
    assert panels[1].get_legend().get_texts()[1].get_text() == "aligned: 0.000 [0.000, 0.000]"


@pytest.fixture
def coarse(monkeypatch):
    """Fewer points on a surface: quick to draw."""
    monkeypatch.setattr(valleys, "GRID", 9)


def test_the_plane_holds_three_minima_at_their_distances(three, coarse):
    made = three[ARMS[0]]
    ax, bar = valleys.plane(made)[0].axes
    assert ax.get_xlabel() == "along the line from the first minimum to the second"
    assert ax.get_ylabel() == "across it, towards the third" and bar.get_ylabel() == "training cost"
    stars = np.array([line.get_xydata()[0] for line in ax.get_lines() if line.get_marker() == "*"])
    apart = np.linalg.norm(np.diff(made.ends[[0, 1, 2, 0]], axis=0), axis=1)
    assert np.linalg.norm(np.diff(stars[[0, 1, 2, 0]], axis=0), axis=1) == pytest.approx(apart)
    assert [text.get_text() for text in ax.texts] == ["seed 1", "seed 2", "seed 3"]


def test_the_surface_is_the_training_cost_on_the_plane(three, coarse):
    made = three[ARMS[0]]
    surface = valleys.plane(made)[1]
    flat = plane_through(*made.ends[:3])
    points = flat.origin + surface[["x", "y"]].to_numpy() @ flat.axes
    assert len(surface) == 81
    assert surface["cost"].to_numpy() == pytest.approx(made.network.evaluate(points, made.network.train)[0], rel=1e-12)
    places = flat.coordinates(made.ends[:3])
    assert (surface[["x", "y"]].min() < places.min(axis=0)).all() and (
        surface[["x", "y"]].max() > places.max(axis=0)
    ).all()


def test_the_plane_shows_the_paths_that_lead_to_its_minima(three, coarse):
    made = three[ARMS[0]]
    ax = valleys.plane(made)[0].axes[0]
    stars = np.array([line.get_xydata()[0] for line in ax.get_lines() if line.get_marker() == "*"])
    paths = [line.get_xydata() for line in ax.get_lines() if line.get_marker() == "o"]
    # One product projects three ends, another a path of four: kernels may round these differently.
    assert np.array([path[-1] for path in paths]) == pytest.approx(stars, rel=1e-12)
    assert {len(path) for path in paths} == {4}


def test_the_plane_shows_no_paths_unless_all_three_have_one(coarse):
    made = minima(strangers(3))
    del made.thetas[0]["path"]
    ax = valleys.plane(made)[0].axes[0]
    assert len(ax.get_lines()) == 3


def test_barriers_by_width():
    rows = [
        {"hidden layers": hidden, "parameters": parameters, "pairs are": kind, "barrier": height}
        for hidden, parameters, heights in (("16, 16", 500, (0.5, 0.7)), ("4, 4", 60, (0.9, 0.8)))
        for kind, factor in (("as they are", 1.0), ("aligned", 0.5))
        for height in np.array(heights) * factor
    ]
    (ax,) = valleys.by_width(pd.DataFrame(rows)).axes
    assert ax.get_xlabel() == "sizes of the hidden layers" and ax.get_ylabel() == "barrier of the training cost"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4, 4", "16, 16"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["as they are", "aligned"]
    clouds = [
        (cloud.get_offsets(), tuple(cloud.get_facecolor()[0][:3]))
        for cloud in ax.collections
        if len(cloud.get_offsets()) == 2
    ]
    for color, factor in ((valleys.RAW, 1.0), (valleys.ALIGNED, 0.5)):
        mine = [cloud for cloud, face in clouds if face == to_rgba(color)[:3]]
        assert [sorted(cloud[:, 1]) for cloud in mine] == [
            pytest.approx([0.8 * factor, 0.9 * factor]),
            pytest.approx([0.5 * factor, 0.7 * factor]),
        ]
