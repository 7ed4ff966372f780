"""Measures of a point, a path or a landscape: curvature, geometry, and the measurements that a job can make."""
