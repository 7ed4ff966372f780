"""Cost landscapes in one and two dimensions, one file each.

Each maps a stack of points theta (runs, parameters) to costs (runs,), gradients (runs, parameters) and Hessians
(runs, parameters, parameters), all in closed form, and knows its minima and the box to draw.
"""

from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

__all__ = ["Box", "Landscape", "Minima"]
