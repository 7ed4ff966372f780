"""Distances and barriers from the minimum of one seed to those of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import altair as alt
import numpy as np

from analysis import words
from analysis.draw.minima import KINDS, of_kind
from analysis.items import SEPARATOR, Chart, Control, Gesture, Readout
from analysis.stats.minima import ALIGNED, AS_THEY_ARE, POINTS, Arms, Curves, Minima, barriers
from analysis.touch import vega
from analysis.touch.vega import CONTAINER, INK

MOST_RUNS = 8  # of an arm: the number of lines grows with its square
HERE = "datum.arm === arm && datum.seed === seed"
THERE = f"{HERE} && datum.other === other"

Lines = Mapping[str, Mapping[str, Curves]]  # of each arm and kind, between all pairs of its runs


def minima_chart(name: str, arms: Arms, meanings: str) -> Chart:
    """The distances, the barriers and the costs on the lines from one minimum to the others of its arm."""
    arms = {arm: group.some(range(min(MOST_RUNS, len(group.runs)))) for arm, group in arms.items()}
    rows = [row for arm, group in arms.items() for row in pair_rows(arm, group)]
    seeds = sorted({int(row["seed"]) for row in rows})
    names = [f"seed {seed}" for seed in seeds]
    return Chart(
        name=f"{name}_touch",
        title="From one minimum to the others",
        spec=specification(rows, seeds),
        alternative=(
            "Three plots for the chosen seed: the distances from its minimum to those of the other seeds, the barriers "
            "between them, and the cost along the straight lines that join them, as they are and aligned. The lists "
            "choose the seeds, and the text below gives the numbers of a pair."
        ),
        caption=words.sentences(
            "choose runs and a seed, then a dot for the numbers of the pair",
            "as they are, and aligned: after relabelling the hidden units of one network to bring it close to the "
            "other; the barrier is the largest rise of the training cost above the linear interpolation between the "
            f"ends, at {POINTS} points, and aligned an upper bound",
            f"the first {words.plural(len(seeds), 'seed')}; {meanings}",
        ),
        controls=[
            Control(parameter="arm", label="runs", values=list(arms), texts=list(arms)),
            Control(parameter="seed", label="from", values=seeds, texts=names),
            Control(parameter="other", label="to", values=seeds, texts=names, start=1),
        ],
        gestures=[
            Gesture(selection=picked, field="other", parameters=["other"]) for picked in ("picked", "picked_barrier")
        ],
        readouts=[Readout(parameters=["arm", "seed", "other"], texts=texts(rows, list(arms), seeds))],
    )


def pair_rows(arm: str, group: Minima) -> Iterator[dict[str, Any]]:
    """A row for each ordered pair of runs and each kind: as they are, and aligned."""
    pairs = list(combinations(range(len(group.runs)), 2))
    seeds = group.runs["seed"].to_numpy(int)
    for kind in KINDS:
        square = of_kind(group.raw_distances, group.aligned_distances, kind)
        lines = group.lines(kind == ALIGNED, pairs)
        for (i, j), line, height in zip(pairs, lines, barriers(lines), strict=True):
            row = {"arm": arm, "kind": kind, "distance": square[i, j], "barrier": height}
            yield {**row, "seed": seeds[i], "other": seeds[j], "cost": line}
            yield {**row, "seed": seeds[j], "other": seeds[i], "cost": line[::-1]}


def texts(rows: Sequence[Mapping[str, Any]], arms: Sequence[str], seeds: Sequence[int]) -> dict[str, str]:
    """The numbers of each pair in words, by the places of the arm and the two seeds."""
    by_pair = {(row["arm"], int(row["seed"]), int(row["other"]), row["kind"]): row for row in rows}
    found = {}
    for i, arm in enumerate(arms):
        for j, seed in enumerate(seeds):
            for k, other in enumerate(seeds):
                raw, aligned = (by_pair.get((arm, seed, other, kind)) for kind in (AS_THEY_ARE, ALIGNED))
                text = pair_text(seed, other, raw, aligned) if raw and aligned else f"Seed {seed}: choose another seed."
                found[SEPARATOR.join(map(str, (i, j, k)))] = text
    return found


def pair_text(seed: int, other: int, raw: Mapping[str, Any], aligned: Mapping[str, Any]) -> str:
    """A pair in a sentence."""
    return (
        f"Seeds {seed} and {other}: distance {raw['distance']:.3g}, aligned {aligned['distance']:.3g}; barrier "
        f"{raw['barrier']:.3f}, aligned at most {aligned['barrier']:.3f}."
    )


def specification(rows: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> dict[str, Any]:
    """Distances, barriers and lines, one below the other."""
    color = alt.Color("kind:N").scale(domain=list(KINDS), range=list(KINDS.values()))
    shape = alt.Shape("kind:N").scale(domain=list(KINDS), range=["circle", "diamond"])
    source = vega.data([{**row, "t": np.linspace(0, 1, POINTS)} for row in rows])
    base = alt.Chart(source).transform_filter(HERE)
    dots = base.encode(x=alt.X("other:O").title("the other seed").scale(domain=list(seeds)).axis(labelAngle=0))
    views = [
        dots_view(dots.encode(color=color, shape=shape), column, picked, domain(rows, column)).properties(
            width=CONTAINER, height=130, title=vega.heading(title)
        )
        for column, picked, title in (
            ("distance", "picked", "distance to the other minimum"),
            ("barrier", "picked_barrier", "barrier on the straight line to it"),
        )
    ]
    lines = base.encode(
        x=alt.X("t:Q").title("t, from the chosen seed (0) to the other (1)").scale(domain=[0, 1]).axis(tickCount=5),
        y=alt.Y("cost:Q").title(None).scale(domain=domain(rows, "cost")).axis(tickCount=4),
        color=color,
        detail="other:N",
    )
    thin = lines.transform_flatten(["t", "cost"]).mark_line(strokeWidth=1, opacity=0.3, aria=False)
    thick = lines.transform_filter(THERE).transform_flatten(["t", "cost"]).mark_line(strokeWidth=3, aria=False)
    below = alt.layer(thin, thick).properties(
        width=CONTAINER, height=170, title=vega.heading("training cost on the straight line")
    )
    return vega.specification(alt.vconcat(*views, below, spacing=16), "arm", "seed", "other")


def domain(rows: Sequence[Mapping[str, Any]], column: str) -> list[float]:
    """The ends of an axis that fits all arms and seeds, so that they can be compared; 0 is on it."""
    values = np.concatenate([np.atleast_1d(row[column]) for row in rows])
    return [vega.plain(min(0.0, values.min())), vega.plain(1.05 * values.max())]


def dots_view(dots: alt.Chart, column: str, picked: str, ends: list[float]) -> vega.View:
    """A column of the pairs of the chosen seed, the chosen pair in rings."""
    dots = dots.encode(y=alt.Y(f"{column}:Q").title(None).scale(domain=ends).axis(tickCount=4))
    choice = alt.selection_point(name=picked, fields=["other"], on=vega.HOVER, nearest=True, clear=False)
    return alt.layer(
        dots.mark_point(filled=True, size=80, opacity=0.9).add_params(choice).properties(name=f"{picked}_dots"),
        dots.transform_filter(THERE)
        .mark_point(size=260, strokeWidth=2, opacity=1, aria=False)
        .encode(color=alt.value(INK), shape=alt.value("circle")),
    )
