"""One BLAS thread per process: processes do not compete for cores, and results do not depend on their number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

SMALL_KERNELS = ("skylakex", "cooperlake", "sapphirerapids")

_limits: list[ExitStack] = []  # the limits in force; a BLAS that is loaded later is added to the first


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit every BLAS to one thread inside the context, also SciPy's if `gemm` loads it there."""
    with ExitStack() as limits:
        limits.enter_context(_limited())
        _limits.append(limits)
        try:
            yield
        finally:
            _limits.remove(limits)


def one_thread_for_good() -> None:
    """Limit every BLAS to one thread from now on, SciPy's too."""
    gemm(np.float32)
    _limited()


def gemm(dtype: Any) -> Callable[..., Any]:
    """BLAS's product αAB + βC of column-major matrices; SciPy's, which takes as long to load as all of NumPy."""
    loaded = "scipy.linalg" in sys.modules
    from scipy.linalg import get_blas_funcs

    if _limits and not loaded:
        _limits[0].enter_context(_limited())
    return get_blas_funcs("gemm", dtype=dtype)


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


def _limited() -> Any:
    """The limit of threadpoolctl: in force from its creation on, and lifted at the end of its context."""
    return _controller("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")


@cache
def _controller(with_scipy: bool) -> ThreadpoolController:
    """The controller of all BLAS that are loaded; looking for them takes half a millisecond."""
    return ThreadpoolController()


def _libraries() -> list[dict[str, Any]]:
    """The BLAS that are loaded, NumPy's first."""
    libraries = [
        library for library in _controller("scipy.linalg" in sys.modules).info() if library["user_api"] == "blas"
    ]
    return sorted(libraries, key=lambda library: "numpy" not in str(library.get("filepath")))
