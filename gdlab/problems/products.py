r"""Matrix products over a stack, in tiles of the sizes that the BLAS multiplies fastest.

OpenBLAS has kernels for small products, which read the operands where they are; the general ones copy them first. On
layers of this size the small kernels are up to four times as fast. They take a product :math:`C = A B` of m × k and
k × n numbers while

.. math::

    m n k \le 10^6, \qquad \text{and where B is the transpose of a matrix also} \quad m n \le 1200, \; k \ge 32

(`sgemm_small_kernel_permit` in the kernels of OpenBLAS 0.3.31 for AVX-512). A larger product is computed in tiles
within these bounds: :math:`C_{ij} = A_i B_j`, with :math:`A_i` some rows of A and :math:`B_j` some columns of B. A
transpose with too small a k is first copied into an ordinary matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from jaxtyping import Float

from gdlab.arrays import aligned
from gdlab.blas import gemm, has_small_kernels
from gdlab.problems.calls import Calls

LARGEST_PRODUCT = 10**6
LARGEST_RESULT = 1200  # where B is a transpose
FEWEST_TERMS = 32  # where B is a transpose
MOST_TERMS = 256  # where B is not a transpose: a few columns of a taller B compete for the same places in the cache
SMALLEST_TILE = 8  # rows and columns below which the general kernels are faster
LARGE = 128  # rows, columns and terms from which the general kernels are as fast
LARGE_RESULT = 4096  # numbers from which a pass over the result takes longer than a call for each run
LANES = 16  # numbers in a register: where B is not a transpose, tiles of whole registers are a fifth faster


def product(
    a: Float[np.ndarray, "... rows terms"],
    b: Float[np.ndarray, "... terms columns"],
    out: Float[np.ndarray, "runs rows columns"],
) -> Calls:
    """Record `out` = a b, for each run; an operand without the axis `runs` is the same for all."""
    (rows, terms), columns = a.shape[-2:], b.shape[-1]
    transposed = b.strides[-1] != b.itemsize
    if transposed and terms < FEWEST_TERMS and rows >= LANES and has_small_kernels():  # for fewer rows no copy pays
        copy = aligned(b.shape, b.dtype)
        yield partial(np.copyto, copy, b)
        b, transposed = copy, False
    height, width = tile(rows, terms, columns, transposed=transposed)
    if (height, width) != (rows, columns):
        a = a.reshape(*a.shape[:-2], rows // height, 1, height, terms)
        b = b.reshape(*b.shape[:-2], 1, terms, columns // width, width).swapaxes(-3, -2)
        out = out.reshape(len(out), rows // height, height, columns // width, width).swapaxes(2, 3)
    yield partial(np.matmul, a, b, out)


def subtract_product(
    out: Float[np.ndarray, "runs rows columns"],
    a: Float[np.ndarray, "runs rows terms"],
    b: Float[np.ndarray, "... terms columns"],
) -> Calls:
    """Record `out` -= a b, for each run, where `subtracts_at_once` holds; no other part of `out` is touched.

    The product is BLAS's own, C ← αAB + βC: `matmul` cannot accumulate, so that subtracting takes another pass.
    """
    accumulate = gemm(out.dtype)
    _, rows, columns = out.shape
    height = _height_at_once(rows, b.shape[-2], columns)
    for run in range(len(out)):
        # BLAS's matrices are column-major, hence the transposes; SciPy would silently copy a C that is row-major
        operand = (b[run] if b.ndim == out.ndim else b).T
        for start in range(0, rows, height):
            part = slice(start, start + height)
            c = out[run, part].T
            if not c.flags.f_contiguous:
                raise ValueError("each run's rows of out must be contiguous")
            yield partial(accumulate, -1, operand, a[run, part], beta=1, c=c, trans_b=1, overwrite_c=1)


def subtracts_at_once(rows: int, terms: int, columns: int) -> bool:
    """True if `subtract_product` is quicker than the product and a subtraction."""
    return rows * columns >= LARGE_RESULT and has_small_kernels() and _height_at_once(rows, terms, columns) > 0


def _height_at_once(rows: int, terms: int, columns: int) -> int:
    """The rows of a tile of `subtract_product`: those of a small kernel, all of a large product, 0 if none is quick."""
    if min(rows, terms, columns) >= LARGE:
        return rows
    most = LARGEST_PRODUCT // (terms * columns)
    return max((height for height in divisors(rows) if LANES <= height <= most), default=0)


def tile(rows: int, terms: int, columns: int, *, transposed: bool) -> tuple[int, int]:
    """The height and the width of a product's tiles, `rows` and `columns` if it is best computed whole.

    Tiles divide the product evenly. Those whose width is a multiple of LANES come first, then the one that reads the
    least for each of its results: `terms` times 1 / height + 1 / width. `transposed` is true of A Bᵀ.
    """
    whole = rows, columns
    most = LARGEST_PRODUCT // terms
    if transposed:
        most = min(most, LARGEST_RESULT)
    tiled = terms >= FEWEST_TERMS if transposed else terms <= MOST_TERMS
    if rows * columns <= most or min(rows, terms, columns) >= LARGE or not tiled or not has_small_kernels():
        return whole
    tiles = [
        (height, width)
        for height in divisors(rows)
        for width in divisors(columns)
        if min(height, width) >= SMALLEST_TILE and height * width <= most
    ]
    lanes = 1 if transposed else LANES
    return min(tiles, key=lambda sides: (sides[1] % lanes > 0, 1 / sides[0] + 1 / sides[1]), default=whole)


def divisors(number: int) -> Iterator[int]:
    """The divisors of a number."""
    return (divisor for divisor in range(1, number + 1) if number % divisor == 0)
