"""Train the pixels of a window with a plain JAX `vmap`, and print the seconds and the verdicts as JSON.

Run by `trainability.py`, with the Python of an environment that has JAX: it needs nothing else. The time is that of the
second of two trainings, without compilation.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main(path: str, steps: int) -> None:
    """Train twice; report the second time."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    start = np.load(path)
    inputs, targets, rates = (jnp.asarray(start[name]) for name in ("inputs", "targets", "rates"))
    weights = [jnp.repeat(jnp.asarray(start[name])[None], len(rates), 0) for name in ("hidden", "output")]
    n = inputs.shape[1]

    def cost(weights: Any) -> Any:
        hidden = jnp.tanh(2**0.5 * inputs @ weights[0].T / n**0.5)
        return jnp.mean((hidden @ weights[1] / n - targets) ** 2)

    def step(weights: Any, rates: Any) -> Any:
        value, gradient = jax.value_and_grad(cost)(weights)
        return [w - rate * g for w, rate, g in zip(weights, rates, gradient, strict=True)], value

    def all_steps(weights: Any, rates: Any) -> Any:
        return jax.lax.scan(lambda now, _: jax.vmap(step)(now, rates), weights, None, length=steps)[1]

    train = jax.jit(all_steps)
    train(weights, rates).block_until_ready()
    clock, processor = time.perf_counter(), time.process_time()
    costs = np.asarray(train(weights, rates).block_until_ready())
    report = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor}
    with np.errstate(all="ignore"):
        relative = costs / costs[0]
    relative[~(relative <= 1e6)] = 1e6
    print(json.dumps({**report, "trained": (relative[-20:].mean(0) < 1).astype(int).tolist()}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
