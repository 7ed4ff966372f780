import subprocess
import sys

import pytest

THREADS = """
import sys
import numpy as np
from threadpoolctl import threadpool_info
from gdlab import blas

def threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", THREADS + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("loaded_before", [True, False])
def test_scipys_blas_is_limited_too_whenever_it_is_loaded(loaded_before):
    run(f"""
if {loaded_before}:
    import scipy.linalg
before = threads()
with blas.one_thread():
    with blas.one_thread():
        product = blas.gemm(np.float32)
        assert product.typecode == "s"
    assert set(threads()) == {{1}}
    blas.gemm(np.float64)
    assert set(threads()) == {{1}}
assert set(threads()) == set(before)
assert len(threads()) >= len(before)
""")


def test_a_limit_for_good_stays():
    run("""
blas.one_thread_for_good()
with blas.one_thread():
    pass
assert "scipy.linalg" in sys.modules
assert set(threads()) == {1}
""")
