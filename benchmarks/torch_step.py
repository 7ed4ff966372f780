"""Time PyTorch's step on a network of any size, and print one line of JSON, as the script of the peers does.

Run by `steps.py`, with the Python of an environment that has PyTorch and NumPy; it needs nothing else. The work is
gdlab's: sigmoid units, the quadratic cost, plain gradient descent, float32, shuffled mini-batches.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from itertools import islice, pairwise

REPEATS = 3


def main() -> None:
    """Train for as many steps as are asked for, a few times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="an npz file with the arrays features, labels and scale")
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True, help="mini-batch steps in one timing")
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)
    import numpy as np
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    with np.load(options.data) as data:
        features = torch.from_numpy(data["features"] * np.float32(data["scale"]))
        labels = torch.from_numpy(data["labels"]).long()
    targets = torch.nn.functional.one_hot(labels).float()
    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in pairwise([features.shape[1], *options.hidden, targets.shape[1]]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.Sigmoid()]
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)

    whole_batches = len(features) // options.batch_size * options.batch_size

    def shuffled() -> Iterator[torch.Tensor]:
        while True:
            yield from torch.randperm(len(features))[:whole_batches].split(options.batch_size)

    def train(steps: int) -> None:
        for batch in islice(shuffled(), steps):
            optimizer.zero_grad()
            cost = ((network(features[batch]) - targets[batch]) ** 2).sum(1).mean()
            cost.backward()
            optimizer.step()

    train(max(5, options.steps // 10))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        train(options.steps)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"us_per_run_step": statistics.median(seconds) / options.steps * 1e6}))


if __name__ == "__main__":
    main()
