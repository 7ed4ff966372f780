"""Adaptive optimizers, and the learning rates they can use."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, NotRunError, finding

PLAIN = "gradient_descent"
ADAPTIVE = ("rmsprop", "adam")


def is_usable_over_more_decades(evidence: Evidence) -> Finding:
    """Expect one of them at least to have a wider range of usable rates than plain descent.

    The limit: not all of them have a range that is wider beyond its interval.
    """
    from analysis.stats.usable import usable

    table = usable(evidence.runs, "optimizer.name").set_index("choice")
    adaptive = table.loc[table.index.isin(ADAPTIVE)]
    if PLAIN not in table.index or adaptive.empty:
        raise NotRunError("lr_optimizers")
    plain = table.loc[PLAIN]
    decades = [
        f"{str(name).replace('_', ' ')} {row['decades']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        for name, row in [(PLAIN, plain), *adaptive.iterrows()]
    ]
    return finding(
        f"decades of usable learning rates: {', '.join(decades)} (n = {plain['seeds']:.0f} seeds each)",
        bool((adaptive["decades"] > plain["decades"]).any()),
        evidence.runs["run_id"],
        limited=not (adaptive["low"] > plain["high"]).all(),
    )


forgiving = Claim(
    name="forgiving",
    order=220,
    text="Adaptive optimizers are less sensitive to the learning rate.",
    studies=("lr_optimizers",),
    check=is_usable_over_more_decades,
)
