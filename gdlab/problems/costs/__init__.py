r"""Costs of a network's outputs, one file each, and the error that the backward pass starts from.

The conventions of the whole project: a cost is the **sum** over the outputs, **averaged** over the examples, and the
quadratic cost carries no ½. So a one-hot "3" against ten outputs of 0.1 costs 0.90, :math:`C(w) = w^2` has slope 2w and
curvature 2, and plain descent on a quadratic of curvature λ is stable exactly for η < 2 / λ.
"""

from gdlab.problems.costs.cost import Cost, Head, OutputLayer
from gdlab.registry import Registry

COSTS: Registry[Cost] = Registry("cost", __name__)

__all__ = ["COSTS", "Cost", "Head", "OutputLayer"]
