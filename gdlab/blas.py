"""One BLAS thread per process: processes do not compete for cores, and results do not depend on their number."""

from __future__ import annotations

from functools import partial

import numpy as np  # noqa: F401  # loads the BLAS that the controller looks for
from threadpoolctl import ThreadpoolController

one_thread = partial(ThreadpoolController().limit, limits=1, user_api="blas")
