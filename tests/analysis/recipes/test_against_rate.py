"""Captions, findings and data of runs over learning rates."""

import numpy as np
from studies import COSTS, EXPLODED, RATE, made_up

from analysis.recipes.against_rate import against_rate, final_caption, findings, trajectories_caption
from analysis.stats import averages


def figures(runs, steps):
    """The two figures."""
    return against_rate("lr", "The network", runs, steps).figures


def test_the_stability_limit_is_in_the_caption_and_the_findings_where_it_is_known():
    runs, _ = made_up(COSTS)
    sharp = runs.assign(start_sharpness=np.where(runs["seed"] == 0, 4.0, 10.0))
    caption = final_caption(sharp)
    assert "stability limit 2/λ" in caption and "median 0.2" in caption and "0.2 to 0.5" in caption
    assert findings(sharp)[-1].startswith("The stability limit at the start, 2/λ, is 0.2 (median; 0.2 to 0.5")
    beyond = "; the best learning rate is 0.5 times that, the largest at which every run converged 0.5 times."
    assert findings(sharp)[-1].endswith(beyond)
    assert "local, at the start only, and of the measured examples" in caption and "no border of what trains" in caption
    assert "stability" not in final_caption(runs) + " ".join(findings(runs))


def test_a_rule_without_a_stability_limit_is_named():
    runs, _ = made_up(COSTS, **{"optimizer.name": "adam", "start_sharpness": 4.0})
    assert "The stability limit of adam is unknown" in final_caption(runs)
    assert "tability" not in " ".join(findings(runs))


def test_level_lines_are_explained_where_they_are_drawn():
    assert "(shrug)" in final_caption(made_up(COSTS)[0])
    assert "shrug" not in final_caption(made_up(COSTS, **{"problem.output": "identity"})[0])


def test_exploded_runs_are_counted_in_both_captions():
    runs, steps = made_up(EXPLODED)
    note = "At the upper edge: 5 runs far above the rest or not finite."
    assert note in final_caption(runs) and note in trajectories_caption(runs, steps)


def test_nothing_but_exploded_runs():
    runs, steps = made_up({1.0: [np.nan, np.inf], 10.0: [np.inf, np.inf]})
    for figure in figures(runs, steps):
        assert "4 runs far above the rest or not finite" in figure.caption
    assert findings(runs)[1] == "No learning rate has a finite average cost."


def test_panels_left_out_are_counted():
    runs, steps = made_up({rate: [0.5, 0.6] for rate in np.geomspace(0.001, 1000, 25)})
    assert "A panel is a learning rate, 12 of the 25, the best among them;" in trajectories_caption(runs, steps)


def test_one_seed_has_no_spread():
    final, trajectories = figures(*made_up({0.1: [0.5], 1.0: [0.1], 10.0: [1.0]}))
    assert "One seed: no spread" in final.caption and "One seed: no spread" in trajectories.caption
    assert "interquartile" not in final.caption


def test_one_learning_rate_has_no_line():
    final, trajectories = figures(*made_up({0.3: [0.5, 0.6]}))
    assert "One learning rate: no line." in final.caption
    assert [ax.get_title("left") for ax in trajectories.plot.axes] == ["η = 0.3"]


def test_no_accuracy_no_word_of_it():
    runs, _ = made_up(COSTS)
    runs = runs.drop(columns=["final_accuracy", "problem.data.name"]).assign(regime="exploding")
    assert final_caption(runs).startswith("Final cost against the learning rate η.")
    assert "chance" not in final_caption(runs)


def test_caption_says_what_the_params_say():
    runs, steps = made_up(COSTS)
    runs["stop.max_epochs"], runs["problem.batch_size"] = 7.0, None
    for figure in figures(runs, steps):
        assert "3 learning rates × 4 seeds = 12 runs." in figure.caption
        assert "budget: 7 epochs" in figure.caption
        assert "batch size: the whole training set" in figure.caption
        assert "data set: mnist_5k" in figure.caption
        assert "network with hidden layers [16, 16] of sigmoid units" in figure.caption
        assert "13,002 parameters" in figure.caption
        assert "4,000 evenly spaced training examples" in figure.caption
        assert "dead, the gradient has vanished and nothing has been learnt" in figure.caption
        assert "bouncing" not in figure.caption  # none is


def test_the_caption_names_what_is_pooled():
    runs, _ = made_up(COSTS)
    runs["optimizer.momentum"] = [0.0] * 7 + [0.9] * 5
    assert "Pooled over optimizer.momentum 0 and 0.9." in final_caption(runs)


def test_the_caption_counts_runs_that_are_missing():
    runs, _ = made_up(COSTS)
    assert "11 runs of 3 learning rates × 4 seeds, not one for each combination" in final_caption(runs[1:])


def test_findings_name_the_best_and_the_regimes():
    runs, _ = made_up(COSTS)
    table = averages.summarized(runs, [RATE], "final_cost").set_index(RATE)
    answer, cost, accuracy, *regimes = findings(runs)
    assert answer == (
        "The largest learning rate at which every run converged is η = 0.1; at η = 10 none did (n = 4 at each)."
    )
    extent = f"(range {table.loc[0.1, 'low']:.3g} to {table.loc[0.1, 'high']:.3g})"
    assert cost == f"The lowest final cost is 0.045 {extent}, at η = 0.1 (n = 4)."
    assert accuracy.startswith("The highest final test accuracy is 0.955 (range ")
    assert regimes == [
        "Little learnt: 4 of 12 runs, at η = 0.01.",
        "Converging: 4 of 12 runs, at η = 0.1.",
        "Dead: 4 of 12 runs, at η = 10.",
    ]


def test_data_beside_the_figures_is_what_they_show():
    runs, steps = made_up(COSTS)
    final, trajectories = figures(runs, steps)
    assert sorted(final.data["final_cost"]) == sorted(runs["final_cost"])
    assert len(trajectories.data) == len(steps)
    assert RATE in final.data and {RATE, "seed", "step", "cost"} <= set(trajectories.data)
