"""Ways to write to a tracking store: in bulk to a database, or through MLflow's client."""

from gdlab.tracking.backends.backend import Answer, Backend, Target
from gdlab.tracking.backends.connection import connect

__all__ = ["Answer", "Backend", "Target", "connect"]
