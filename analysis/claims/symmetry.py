"""Hidden units that start alike."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, NotRunError, finding


def needs_random_starts(evidence: Evidence) -> Finding:
    """Expect one distinct unit a layer after constant starts in float64, and more after every random start.

    The limit: in another precision, rounding breaks the symmetry of constant starts.
    """
    from gdlab.measure.geometry import distinct_units

    counts: dict[str, list[int]] = {}
    for group in evidence.networks:
        for (_, run), units in zip(group.runs.iterrows(), distinct_units(group.network, group.ends), strict=True):
            start = f"{run['problem.initializer'].replace('_', ' ')}, {run['problem.dtype']}"
            counts.setdefault(start, []).append(int(units))
    random = [units for start, units in counts.items() if not start.startswith("constant")]
    constant = [units for start, units in counts.items() if start.startswith("constant")]
    if not random or not constant:
        raise NotRunError("symmetry")
    layers = len(evidence.networks[0].network.hidden)
    most_constant = max(map(max, constant))
    ranges = [f"{start}: {min(units)} to {max(units)} (n = {len(units)})" for start, units in counts.items()]
    exact = max(counts.get("constant, float64", [layers]))
    return finding(
        f"distinct hidden units at the end, by initializer and precision: {'; '.join(ranges)}",
        exact == layers and min(map(min, random)) > most_constant,
        evidence.runs["run_id"],
        limited=most_constant > layers,
    )


symmetry = Claim(
    name="symmetry",
    order=170,
    text="Random starts break the symmetry between units that would otherwise stay identical.",
    studies=("symmetry",),
    check=needs_random_starts,
)
