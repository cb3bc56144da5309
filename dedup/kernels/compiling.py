"""Tells when kernels are compiled, and not loaded from the cache of an earlier run."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event


class _FirstCompile(event.Listener):
    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce: Callable[[], None] | None = announce

    def on_start(self, event: Any) -> None:
        announce, self._announce = self._announce, None
        if announce is not None:
            announce()

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def announcing(announce: Callable[[], None]) -> Iterator[None]:
    """Call ``announce`` when the first kernel is compiled within the context, from whatever thread; once at most.

    Notes
    -----
    Numba sends this event when it compiles and not when it loads what it has cached, so it holds for any cache
    folder, another processor, and another version (Numba manual, "Event API").

    Examples
    --------
    >>> from dedup.kernels import kernel
    >>> with announcing(lambda: print("compiling")):
    ...     numba_sum = __import__("numba").njit(lambda a, b: a + b)
    ...     numba_sum(1, 2), numba_sum(1.0, 2.0)
    compiling
    (3, 3.0)
    """
    listener = _FirstCompile(announce)
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
