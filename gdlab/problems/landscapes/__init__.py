"""Cost landscapes in one and two dimensions, drawn as easily as descended; one file each.

Each maps a stack of points theta (runs, parameters) to costs (runs,), gradients (runs, parameters) and Hessians
(runs, parameters, parameters), all in closed form, and knows its minima and a box worth drawing.
"""

from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

__all__ = ["Box", "Landscape", "Minima"]
