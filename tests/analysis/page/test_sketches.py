"""Small pictures of words: the curve of a regime is the cost of a walk that is of this regime."""

import pandas as pd
import pytest

from analysis.draw import style
from analysis.page.sketches import HEIGHT, STEPS, WALKS, WIDTH, on_parabola, sketches
from analysis.stats.regimes import DEAD, MEANINGS, regimes


def recorded(name, walk):
    """A walk as a run's recorded steps; what is dead has learnt nothing."""
    places = [walk.start]
    for _ in range(STEPS):
        places.append(places[-1] - walk.rate * walk.slope(places[-1]))
    steps = {"run_id": name, "step": range(STEPS + 1), "cost": walk.costs(), "learning_rate": walk.rate}
    accuracy = 0.1 if name == DEAD else float("nan")
    return pd.DataFrame({**steps, "gradient_norm": [abs(walk.slope(w)) for w in places], "train_accuracy": accuracy})


def test_every_regime_has_a_walk_that_is_one():
    found = regimes(pd.concat([recorded(name, walk) for name, (_, walk) in WALKS.items()]))
    assert found.to_dict() == {name: name for name in MEANINGS}


def test_a_walk_on_a_parabola_shrinks_by_one_factor():
    assert on_parabola(0.1).costs() == pytest.approx([0.8 ** (2 * step) for step in range(STEPS + 1)])


def test_sketches_fill_their_frames_in_the_colours_of_the_figures():
    shown = sketches()
    assert len({sketch.name for sketch in shown}) == len(shown) > len(WALKS)
    for sketch in shown:
        places = [tuple(map(float, place.split(","))) for line in sketch.lines for place in line.points.split()]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places) and sketch.meaning
        if sketch.name in WALKS:
            assert sketch.lines[0].color == style.REGIMES[sketch.name].color and len(places) == STEPS + 1
