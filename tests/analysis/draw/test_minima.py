"""The figures of minima, drawn from made-up networks."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from networks import arms, minima, strangers, twins

from analysis.draw import minima as draw
from analysis.stats.minima import ARMS, barriers


@pytest.fixture(scope="module")
def three():
    """Four runs in each arm."""
    return arms(4)


def offsets(ax):
    """The dots of each cloud."""
    return [cloud.get_offsets() for cloud in ax.collections if len(cloud.get_offsets())]


def test_finals_show_every_run_and_count_them(three):
    cost, accuracy = draw.finals(three).axes
    assert (cost.get_ylabel(), accuracy.get_ylabel()) == ("final training cost", "final test accuracy")
    for ax, column in ((cost, "final_cost"), (accuracy, "final_accuracy")):
        assert [tick.get_text() for tick in ax.get_xticklabels()] == [f"{arm}\n(n = 4)" for arm in ARMS]
        clouds = [cloud for cloud in offsets(ax) if len(cloud) == 4]
        for place, (cloud, found) in enumerate(zip(clouds, three.values(), strict=True)):
            assert cloud[:, 1].tolist() == found.runs[column].tolist()
            assert (np.abs(cloud[:, 0] - place) < 0.3).all()
        middles = [line.get_ydata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
        assert middles == pytest.approx([np.sort(found.runs[column])[1:3].mean() for found in three.values()])


def test_distances_are_on_one_scale_and_say_their_means(three):
    figure = draw.distances(three)
    *panels, bar = figure.axes
    assert bar.get_ylabel() == "distance between two runs"
    images = [panel.images[0] for panel in panels]
    top = max(found.raw_distances.max() for found in three.values())
    assert {image.get_clim() for image in images} == {(0, top)}
    squares = [found.raw_distances for found in three.values()] + [found.aligned_distances for found in three.values()]
    kinds = [f"{arm}, {kind}" for kind in ("as they are", "aligned") for arm in ARMS]
    for panel, image, square, kind in zip(panels, images, squares, kinds, strict=True):
        assert panel.get_title("left") == f"{kind}: mean {square[np.triu_indices(4, 1)].mean():.3g}"
        shown = np.asarray(image.get_array())
        assert (shown == shown.T).all() and (np.diag(shown) == 0).all()
        assert sorted(shown.ravel()) == sorted(square.ravel())
    assert [panel.get_xlabel() for panel in panels] == [""] * 3 + ["4 runs"] * 3


def test_maps_of_distances_put_similar_runs_side_by_side():
    first, second = strangers(2)
    found = minima([first, second, first + 1e-3, second + 1e-3])
    shown = np.asarray(draw.distances({ARMS[2]: found}).axes[0].images[0].get_array())
    assert max(shown[0, 1], shown[2, 3]) < 0.1 < shown[1, 2]


def test_disagreement_has_a_dot_for_each_pair(three):
    figure = draw.disagreement(three)
    raw, aligned = figure.axes
    assert (raw.get_xlabel(), aligned.get_xlabel()) == ("distance, as they are", "distance, aligned")
    assert raw.get_ylabel() == "share of test examples\npredicted differently"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"{arm} (6 pairs)" for arm in ARMS]
    pairs = np.triu_indices(4, 1)
    for ax, name in ((raw, "raw_distances"), (aligned, "aligned_distances")):
        for cloud, found in zip(offsets(ax), three.values(), strict=True):
            expected = np.column_stack([getattr(found, name)[pairs], found.disagreement[pairs]])
            assert cloud.tolist() == expected.tolist()


def test_lines_show_every_pair_their_mean_and_the_barrier():
    groups = {"some": minima(strangers(5)), "twins": minima(twins(4))}
    lines = {name: (part.lines(align=False), part.lines(align=True)) for name, part in groups.items()}
    panels = draw.lines(lines).axes
    assert panels[0].get_ylabel() == "training cost" and {panel.get_xlabel() for panel in panels} == {"t"}
    for panel, (name, both) in zip(panels, lines.items(), strict=True):
        assert panel.get_title("left") == f"{name}, 2 pairs"
        drawn = [line.get_ydata() for line in panel.get_lines()]
        expected = [row for curves in both for row in [*curves, curves.mean(axis=0)]]
        assert np.array(drawn) == pytest.approx(np.array(expected))
        labels = [text.get_text() for text in panel.get_legend().get_texts()]
        for text, kind, curves in zip(labels, ("as they are", "aligned"), both, strict=True):
            assert text.startswith(f"{kind}: {barriers(curves).mean():.3f} [")
    assert panels[1].get_legend().get_texts()[1].get_text() == "aligned: 0.000 [0.000, 0.000]"


def test_barriers_by_width():
    rows = [
        {"hidden layers": hidden, "parameters": parameters, "pairs are": kind, "barrier": height}
        for hidden, parameters, heights in (("16, 16", 500, (0.5, 0.7)), ("4, 4", 60, (0.9, 0.8)))
        for kind, factor in (("as they are", 1.0), ("aligned", 0.5))
        for height in np.array(heights) * factor
    ]
    (ax,) = draw.by_width(pd.DataFrame(rows)).axes
    assert ax.get_xlabel() == "sizes of the hidden layers" and ax.get_ylabel() == "barrier of the training cost"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4, 4", "16, 16"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["as they are", "aligned"]
    clouds = [
        (cloud.get_offsets(), tuple(cloud.get_facecolor()[0][:3]))
        for cloud in ax.collections
        if len(cloud.get_offsets()) == 2
    ]
    for color, factor in ((draw.KINDS["as they are"], 1.0), (draw.KINDS["aligned"], 0.5)):
        mine = [cloud for cloud, face in clouds if face == to_rgba(color)[:3]]
        assert [sorted(cloud[:, 1]) for cloud in mine] == [
            pytest.approx([0.8 * factor, 0.9 * factor]),
            pytest.approx([0.5 * factor, 0.7 * factor]),
        ]
