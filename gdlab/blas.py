"""One BLAS thread per process: processes do not compete for cores, and results do not depend on their number."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np  # noqa: F401  # loads the BLAS that the controller looks for
from threadpoolctl import ThreadpoolController

SMALL_KERNELS = ("skylakex", "cooperlake", "sapphirerapids")


def one_thread() -> AbstractContextManager[Any]:
    """Limit every BLAS to one thread, from this call on; where it is used as a context manager, inside it."""
    return _controller().limit(limits=1, user_api="blas")


def kernel() -> str:
    """The BLAS, its version, and the processor whose kernels it has chosen: results are the same where it is."""
    for library in _libraries():
        named = (str(library.get(name) or "") for name in ("internal_api", "version", "architecture"))
        return " ".join(filter(None, named))
    return "unknown"


@cache
def has_small_kernels() -> bool:
    """True if NumPy's BLAS has kernels for small products: OpenBLAS on processors with AVX-512."""
    return any(str(library.get("architecture")).lower() in SMALL_KERNELS for library in _libraries()[:1])


@cache
def _controller() -> ThreadpoolController:
    import scipy.linalg.blas  # noqa: F401  # a BLAS of its own, which takes as long to load as all of NumPy

    return ThreadpoolController()


def _libraries() -> list[dict[str, Any]]:
    """The BLAS that are loaded, NumPy's first."""
    libraries = [library for library in ThreadpoolController().info() if library["user_api"] == "blas"]
    return sorted(libraries, key=lambda library: "numpy" not in str(library.get("filepath")))
