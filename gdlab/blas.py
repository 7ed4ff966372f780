"""One BLAS thread per process: processes do not compete for cores, and results do not depend on their number."""

from __future__ import annotations

from functools import cache, partial

import numpy as np  # noqa: F401  # loads the BLAS that the controller looks for
from threadpoolctl import ThreadpoolController

_controller = ThreadpoolController()
SMALL_KERNELS = ("skylakex", "cooperlake", "sapphirerapids")
one_thread = partial(_controller.limit, limits=1, user_api="blas")


def kernel() -> str:
    """The BLAS, its version, and the processor whose kernels it has chosen: results are the same where it is."""
    for library in _controller.info():
        if library["user_api"] == "blas":
            named = (str(library.get(name) or "") for name in ("internal_api", "version", "architecture"))
            return " ".join(filter(None, named))
    return "unknown"


@cache
def has_small_kernels() -> bool:
    """True if the BLAS has kernels for small products: OpenBLAS on processors with AVX-512."""
    return any(str(library.get("architecture")).lower() in SMALL_KERNELS for library in _controller.info())
