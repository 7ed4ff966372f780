"""Connecting to a tracking store."""

from __future__ import annotations

from gdlab.tracking.backends.backend import Backend, Target


def connect(target: Target) -> Backend:
    """The fastest way to write to an experiment. Raises `TrackingError`, or what MLflow and its libraries raise."""
    if target.uri.startswith(("http://", "https://")):
        from gdlab.tracking.backends.remote import RemoteBackend, most_bytes
        from gdlab.tracking.backends.service import ServiceBackend

        plain = ServiceBackend(target)
        limit = most_bytes(target.uri)
        return RemoteBackend(plain, limit) if limit else plain
    from gdlab.tracking.backends.direct import DirectBackend

    backend = DirectBackend(target)
    if backend.store.is_supported:
        return backend
    from gdlab.tracking.backends.service import ServiceBackend

    target.notice("this MLflow's tables are not ones that gdlab writes to in bulk: runs are logged one by one")
    return ServiceBackend(target)
