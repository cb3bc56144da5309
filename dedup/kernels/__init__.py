"""Compiled loops over arrays. The plain Python function is the specification; the compiled one is what runs.

Each kernel fills arrays that its caller made, holds no Python object and releases the interpreter lock. Signatures
are never explicit: an explicit one refuses the read-only arrays of memory maps and Arrow buffers.

A helper is compiled for each combination of types that it is called with, and a constant is a type of its own: where
one is called with several, they are given as ``np.int64(0)`` or ``np.bool_(True)``, which is compiled once.

The cache of compiled kernels on disk knows a kernel by its own file. Who changes a helper that kernels of other files
inline deletes ``__pycache__/*.nb*``; an installation writes all files anew and needs no such care.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar, cast


def _load_numba() -> ModuleType:
    """Load Numba without coverage.py, a tenth of a small run where it is installed.

    Numba imports it only to know whether it is there (`numba.misc.coverage_support`), and uses it when
    ``NUMBA_JIT_COVERAGE`` is set. Who measures coverage has loaded it before.
    """
    if "coverage" in sys.modules:
        return import_module("numba")
    try:
        sys.modules["coverage"] = None
        return import_module("numba")
    finally:
        del sys.modules["coverage"]


numba = _load_numba()

_F = TypeVar("_F", bound=Callable[..., object])


def _load_array_functions() -> None:
    """Load Numba's array functions without SciPy's linear algebra, half a second of a small run on a busy machine.

    Numba imports it with them only to know whether ``numpy.dot`` can be compiled (`numba.np.arraymath._check_blas`),
    and again when somebody compiles one. Whether SciPy is there is known without.
    """
    linalg = import_module("numba.np.linalg")
    ensure = getattr(linalg, "ensure_blas", None)
    if ensure is None or find_spec("scipy") is None:
        return
    try:
        linalg.ensure_blas = lambda: None  # type: ignore[attr-defined]
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = ensure  # type: ignore[attr-defined]


_load_array_functions()


def kernel(function: _F) -> _F:
    """Compile on first call, cached on disk; ``function.py_func`` is the plain form that tests compare with.

    Memory is the caller's: nothing here makes an array, so references to arrays need no counting, which took two
    thirds of the time where small helpers are called, and a fifth of the compiling.
    """
    return cast(_F, numba.njit(cache=True, nogil=True, _nrt=False)(function))


def allocating(function: _F) -> _F:
    """Compile a kernel that makes work space of its own, because only it can tell how large it must be."""
    return cast(_F, numba.njit(cache=True, nogil=True)(function))


#: Compiles a helper that is only called by kernels.
inline = kernel
