"""Curvature, the geometry of minima, and the measurements that a job can make."""
