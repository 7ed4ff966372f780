"""Grouping runs into stacks.

A run in a stack is bit for bit the same as the run alone, so stacks can be split anywhere: to fill the workers, to fit
a cache, or to find the one run that crashes a worker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, pairwise

from gdlab.sweeps import key
from gdlab.sweeps.configuration import Config, is_measurement

CACHE = 2**21  # bytes of memory traffic of a stack's step: a core's L2 cache, 1 to 2 MB on today's servers
FEW = 8  # rows below which Python's overhead dominates a step: mixing orders of mini-batches costs less
FEWEST = 4  # rows below which Python's overhead outweighs what the cache saves
MOST = 1024

Stacks = list[list[int]]  # places of runs in the sweep


def stacks(configs: Sequence[Config], workers: int, rows: int | None = None) -> Stacks:
    """The places of the runs of each stack, at most `rows` in a stack.

    By default a stack is as large as fits the cache, provided that every worker has two, or one if there are few runs.
    Runs that share an order of mini-batches stay together: their examples are gathered once for all.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, config in enumerate(configs):
        alone = f" {place}" if is_measurement(config) else ""
        groups[key.shared(config) + alone].append(place)
    largest = rows or max(min(FEW, -(-len(configs) // workers)), -(-len(configs) // (2 * workers)))
    result = []
    for places in groups.values():
        for together in _by_order(configs, places):
            own = len({key.order(configs[place]) for place in together}) > 1
            fit = rows or _rows_that_fit(configs[places[0]], own)
            result += _even_parts(together, min(fit, largest, MOST))
    return result


def _rows_that_fit(config: Config, own_orders: bool) -> int:
    """How many rows fit the cache. With their own examples they may fill half of it, since a step touches much else; if
    fewer than FEWEST would fit, the examples cannot stay in the cache and are not counted.
    """
    if own_orders and (rows := CACHE // 2 // key.row_bytes(config, True)) >= FEWEST:
        return rows
    return max(1, CACHE // key.row_bytes(config, False))


def _by_order(configs: Sequence[Config], places: Sequence[int]) -> list[list[int]]:
    """Runs grouped by their order of mini-batches; groups that are too small are merged."""
    by_order: dict[object, list[int]] = defaultdict(list)
    for place in places:
        by_order[key.order(configs[place])].append(place)
    many = [group for group in by_order.values() if len(group) >= FEW]
    few = list(chain.from_iterable(group for group in by_order.values() if len(group) < FEW))
    return [*many, few] if few else many


def _even_parts(places: Sequence[int], most: int) -> Stacks:
    """The fewest parts of at most `most` places, with sizes that differ by at most one."""
    count = -(-len(places) // most)
    ends = [len(places) * i // count for i in range(count + 1)]
    return [list(places[start:end]) for start, end in pairwise(ends)]
