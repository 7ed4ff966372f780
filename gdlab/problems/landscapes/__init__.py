"""Cost landscapes, one file each, most of them in one or two dimensions.

Each maps a stack of points theta (runs, parameters) to costs (runs,), gradients (runs, parameters) and Hessians
(runs, parameters, parameters), all in closed form, and knows its minima and the box to draw.
"""

from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

__all__ = ["Box", "Landscape", "Minima"]
