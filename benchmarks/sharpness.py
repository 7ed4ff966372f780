"""Compare the sharpness along a run of the study `edge_of_stability` with PyTorch's double backward.

The run is trained again here, and its points are kept. At a few of its recorded steps PyTorch, which shares no code
with gdlab, computes the same cost in float64; products with its Hessian, by backward through backward, give the largest
eigenvalue through SciPy's ARPACK. Beside it stand gdlab's: the recorded one, and one to a tolerance of 1e-7. With
--optimizer adam or rmsprop the preconditioned sharpness is compared. It needs PyTorch, of the extra `bench`.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

import gdlab
from gdlab.arrays import spread, stack_like, stacked
from gdlab.descent.batches import batches
from gdlab.measure import curvature
from gdlab.optimizers import OPTIMIZERS, Preconditioned
from gdlab.problems.data import load
from gdlab.problems.network import Network

RATES = {"gradient_descent": 0.06, "momentum": 0.1, "nesterov": 0.04, "rmsprop": 2e-4, "adam": 3e-3}
SETTINGS = {"momentum": {"momentum": 0.5}, "rmsprop": {"decay": 0.99}}
STEPS, POINTS = 1600, 33
TIGHT = 1e-7


def main() -> None:
    """Train, compare at the steps, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optimizer", default="gradient_descent", choices=RATES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 800, 1600], help="recorded steps, multiples of 50")
    options = parser.parse_args()
    network = Network(
        data=load(name="digits"),
        hidden=[32, 32],
        activation="tanh",
        output="identity",
        initializer="scaled_uniform",
        batch_size=None,
        examples=None,
    )
    rule = OPTIMIZERS[options.optimizer](learning_rate=RATES[options.optimizer], **SETTINGS.get(options.optimizer, {}))
    recording: dict[str, Any] = {"points": POINTS, "spacing": "even", "sharpness": "always", "path": True}
    (run,) = gdlab.run(network, rule, max_steps=STEPS, seed=options.seed, **recording)
    name = "preconditioned_sharpness" if isinstance(rule, Preconditioned) else "sharpness"
    print(f"{name}, {options.optimizer}, seed {options.seed}: relative differences from PyTorch's")
    for step in options.steps:
        place = run.columns["step"].index(step)
        theta, scale = np.array(run.path[place], np.float64), preconditioner(network, rule, run, step)
        reference = torch_sharpness(network, theta, scale)
        tight = gdlab_sharpness(network, theta, scale)
        recorded = run.columns[name][place]
        print(
            f"step {step}: PyTorch {reference:.8g}, recorded {recorded / reference - 1:+.1e}, "
            f"to {TIGHT:g} in float64 {tight / reference - 1:+.1e}"
        )


def preconditioner(network: Network, rule: Any, run: Any, step: int) -> np.ndarray:
    """P after this many steps of the rule, taken anew; 1 for a rule without."""
    if not isinstance(rule, Preconditioned):
        return np.ones(network.parameters)
    theta = stacked(run.start[None], network.dtype)
    gradient = stack_like(theta)
    oracle, cost = network.oracle(theta, gradient, batches(network, [0])), np.empty(1, network.dtype)
    stepping = spread(rule, 1, network.dtype)
    state = stepping.init(theta)
    for _ in range(step):
        oracle(cost)
        stepping.update(theta, gradient, state, stepping.learning_rate)
    assert theta[0].tobytes() == run.path[run.columns["step"].index(step)].tobytes()
    return stepping.preconditioner(state)[0].astype(np.float64)


def gdlab_sharpness(network: Network, theta: np.ndarray, scale: np.ndarray) -> float:
    """The largest eigenvalue of P⁻¹H by gdlab, in float64."""
    settings = {name: getattr(network, name) for name in ("data", "hidden", "activation", "output", "initializer")}
    double = Network(**settings, batch_size=None, examples=None, dtype="float64")
    return float(curvature.preconditioned_sharpness(double, theta[None], scale[None], TIGHT)[0])


def torch_sharpness(network: Network, theta: np.ndarray, scale: np.ndarray) -> float:
    """The largest eigenvalue of P⁻¹H by PyTorch's double backward and ARPACK, in float64."""
    import torch

    x = torch.tensor(network.data.train_features * network.data.scale, dtype=torch.float64)
    y = torch.nn.functional.one_hot(torch.tensor(network.data.train_labels.astype(int)), network.data.classes)
    w = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    a, used = x, 0
    for layer, (inputs, outputs) in enumerate(zip(network.sizes[:-1], network.sizes[1:], strict=True)):
        if layer:
            a = torch.tanh(a)
        weights = w[used : used + inputs * outputs].reshape(outputs, inputs)
        used += inputs * outputs
        a = a @ weights.T + w[used : used + outputs]
        used += outputs
    cost = ((a - y) ** 2).sum(dim=1).mean()
    (slope,) = torch.autograd.grad(cost, w, create_graph=True)
    root = torch.tensor(scale**-0.5)

    def product(v: np.ndarray) -> np.ndarray:
        moved = root * torch.tensor(np.ravel(v))
        (result,) = torch.autograd.grad(slope, w, moved, retain_graph=True)
        return (root * result).numpy()

    operator = LinearOperator((len(theta), len(theta)), matvec=product, dtype=np.float64)
    return float(eigsh(operator, k=1, which="LA", tol=1e-10, return_eigenvectors=False)[0])


if __name__ == "__main__":
    main()
