"""Large arrays in a file instead of the heap: their pages can be let go of whenever memory runs short.

NumPy lets a program give it memory (`NEP 49 <https://numpy.org/neps/nep-0049.html>`_). Inside a `Scratch`, arrays from
a quarter of a megabyte on lie in one sparse file that is mapped and shared; smaller ones stay on the heap. A page of
such a mapping can always be dropped from the process: what is in it stays in the file (``madvise(2)``, MADV_DONTNEED).
That is done when the resident size nears the limit: by whoever asks for an array, so that new arrays never outgrow it,
and by a thread that looks all the time, for old ones that are read again. The stages know nothing of it: their answers
are the same.

The file has no name: it is gone with the process, however that ends.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import ConfigError, DedupError

#: Memory is let go of when so much of the limit is in use: what one array takes, and what is read again until the loop
#: has its turn, must fit into the rest. At .8, with fifteen threads of other programs on two cores, and before those
#: who ask for arrays looked themselves, 1.31 GB were seen of 1.2 GB allowed.
_HIGH = 0.6
#: More room than this is not left: it is a matter of what is read in the time that the loop may have to wait.
_MOST_ROOM = 1 << 30
#: A pinned table takes at most this share of the limit.
MOST_PINNED = 0.55
#: Whoever asks for arrays looks each time that this part of the limit was handed out.
_LOOKS = 64
#: Less than this is taken by the interpreter, its libraries and the work space of two threads.
LEAST_BYTES = 700 << 20

#: Positions of slots in NumPy's table of functions (``numpy/__multiarray_api.h``), the same since version 1.22.
_SET_HANDLER, _GET_HANDLER = 304, 305


class _Allocator(ctypes.Structure):
    """``PyDataMemAllocator`` of ``numpy/ndarraytypes.h``."""

    _fields_ = [  # of ctypes
        ("ctx", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    ]


class _Handler(ctypes.Structure):
    """``PyDataMem_Handler`` of ``numpy/ndarraytypes.h``, version 1."""

    _fields_ = [("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("allocator", _Allocator)]


@dataclass(slots=True)
class Usage:
    """What a run took.

    Attributes
    ----------
    peak_bytes : int
        Most resident memory that was seen.
    spilled_bytes : int
        Most that the file held.
    releases : int
        How often memory was let go of.
    """

    peak_bytes: int = 0
    spilled_bytes: int = 0
    releases: int = 0


class Scratch:
    """Memory that keeps a process under a limit.

    Parameters
    ----------
    limit_bytes : int
        Most resident memory of the process.
    folder : Path, optional
        Where the file is; by default that of the system for temporary files. It has to have room.

    Raises
    ------
    ConfigError
        The limit is less than the program itself takes, or the folder takes no such file.
    """

    def __init__(self, limit_bytes: int, folder: Path | None = None) -> None:
        if sys.platform != "linux":
            raise ConfigError(f"memory: a limit can be kept on Linux only, not on {sys.platform}")
        if limit_bytes < LEAST_BYTES:
            raise ConfigError(f"memory is {limit_bytes >> 20} MB; at least {LEAST_BYTES >> 20} MB are needed")
        from dedup.kernels import scratch as kernels

        self.limit_bytes = limit_bytes
        self.folder = folder or Path(tempfile.gettempdir())
        self._file = _open_unnamed(self.folder)
        try:
            os.ftruncate(self._file, kernels.SPAN_BYTES)
            self._memory = mmap.mmap(self._file, kernels.SPAN_BYTES)
            # Else pages come in folios of up to 2 MB, each as a whole once a byte of it is read (Linux 6.18): 845 KB a
            # random read were measured, and 62 KB with both of these. MADV_RANDOM does the same, but disks are then
            # read a page at a time: 70 MB a second in place of 700.
            self._memory.madvise(mmap.MADV_SEQUENTIAL)
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_RANDOM)
        except (OSError, ValueError) as error:
            os.close(self._file)
            raise ConfigError(f"scratch: {self.folder} takes no sparse file: {error}; give another folder") from None
        self._state = np.zeros(kernels.STATE_SIZE, np.int64)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._state[kernels.BASE], self._state[kernels.FILE] = self._base, self._file
        self._path = np.frombuffer(b"/proc/self/statm\0", np.uint8)
        self._state[kernels.PATH], self._state[kernels.PAGE] = self._path.ctypes.data, mmap.PAGESIZE
        self._handler = _Handler(
            b"dedup", 1, _Allocator(self._state.ctypes.data, *(one.address for one in kernels.functions()))
        )
        self._capsule = _new_capsule(ctypes.addressof(self._handler))
        self._control = np.zeros(kernels.CONTROL_SIZE, np.int64)
        self.usage, self._pinned = Usage(), 0
        # Arrays may outlive everything, at the end of the interpreter too: what frees them stays.
        for one in (self._memory, self._state, self._path, self._handler, self._capsule, *kernels.functions()):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))

    def use(self) -> None:
        """Have arrays that this thread makes from now on come from here: a setting of the thread."""
        _set_handler(self._capsule)

    @contextmanager
    def in_use(self) -> Iterator[Scratch]:
        """Use it in this thread, and let go of memory when it runs short, until the context ends.

        Arrays that were made stay what they are.
        """
        from dedup.kernels import scratch as kernels

        global _current
        before = _get_handler()
        self._pin(0)
        self._control[kernels.STOP] = self._control[kernels.RUNNING] = 0
        self._state[kernels.STEP] = self.limit_bytes // _LOOKS
        governor = threading.Thread(
            target=kernels.govern,
            args=(self._base, mmap.PAGESIZE, self._path.ctypes.data, self._control),
            name="dedup-memory",
            daemon=True,
        )
        governor.start()
        while not self._control[kernels.RUNNING]:  # its kernel may have to be compiled
            sleep(0.001)
        self.use()
        _current = self
        try:
            yield self
        finally:
            _current = None
            _set_handler(before)
            self._state[kernels.STEP] = 0
            self.measure()
            self._control[kernels.STOP] = 1
            governor.join()

    def pinned_zeros(self, n_bytes: int) -> NDArray[np.uint8]:
        """Return zeros that stay in memory: uint8[n_bytes].

        For a table that is written to everywhere at any time: each time it were let go of, all of it would come back
        with the next shard, and be written to the file once more. Less is left for all else while it lives.
        """
        memory = mmap.mmap(-1, n_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_HUGEPAGE)
        table = np.frombuffer(memory, np.uint8)
        self._pin(n_bytes)
        weakref.finalize(table, self._pin, -n_bytes)
        return table

    @property
    def file(self) -> int:
        """The file's number, to read from where `place` says."""
        return self._file

    def place(self, array: NDArray[Any]) -> int | None:
        """Return where the bytes of an array (contiguous) begin in the file, or None if it lies elsewhere."""
        from dedup.kernels import scratch as kernels

        offset = array.ctypes.data - self._base
        return offset if 0 <= offset < kernels.SPAN_BYTES and array.flags.c_contiguous else None

    def make_room(self) -> None:
        """Let go of memory if it runs short: for who is about to read arrays that were made before.

        A page that is read brings its neighbours with it, sixteen on Linux: a few thousand short texts from all over a
        feed are hundreds of megabytes, sooner than the loop has its turn.
        """
        from dedup.kernels import scratch as kernels

        kernels.look(self._state, 0)

    def _pin(self, n_bytes: int) -> None:
        from dedup.kernels import scratch as kernels

        self._pinned += n_bytes
        left = self.limit_bytes - self._pinned
        high = self._pinned + max(int(_HIGH * left), left - _MOST_ROOM)
        self._control[kernels.HIGH] = self._state[kernels.MOST] = high

    def measure(self) -> None:
        """Note how much the file holds."""
        from dedup.kernels import scratch as kernels

        self.usage.spilled_bytes = max(self.usage.spilled_bytes, os.fstat(self._file).st_blocks * 512)
        self.usage.peak_bytes = int(self._control[kernels.PEAK])
        self.usage.releases = int(self._control[kernels.COUNT] + self._state[kernels.RELEASED])


_current: Scratch | None = None


def current() -> Scratch | None:
    """Return the scratch that is in use, if there is one."""
    return _current


def make_room() -> None:
    """Let go of memory if there is a limit and it runs short."""
    if _current is not None:
        _current.make_room()


def can_pin(n_bytes: int) -> bool:
    """Tell whether a table of this size may stay in memory: there is no limit, or room enough under it."""
    return _current is None or n_bytes <= MOST_PINNED * _current.limit_bytes


def pinned_zeros(n_bytes: int) -> NDArray[np.uint8]:
    """Return zeros (uint8[n_bytes]) that stay in memory, if they can be pinned."""
    if _current is None or not can_pin(n_bytes):
        return np.zeros(n_bytes, np.uint8)
    return _current.pinned_zeros(n_bytes)


def use_current() -> None:
    """Have the arrays of this thread come from the scratch that is in use: what threads of a pool begin with."""
    if _current is not None:
        _current.use()


def _open_unnamed(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system without them
        try:
            number, name = tempfile.mkstemp(prefix="dedup-", dir=folder)
        except OSError as error:
            raise ConfigError(
                f"scratch: {folder} cannot be written to: {error.strerror}; give another folder"
            ) from None
        Path(name).unlink()
        return number


def parse_size(text: str) -> int:
    """Return the bytes that a size means: a number and a unit of 1,000, or with an ``i`` of 1,024.

    Raises
    ------
    ConfigError
        It is none.

    Examples
    --------
    >>> parse_size("4GB"), parse_size("512 MiB"), parse_size("1.5g")
    (4000000000, 536870912, 1500000000)
    """
    import re

    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    if not found:
        raise ConfigError(f"memory is {text!r}; give a number and a unit, as in 4GB or 800MB")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(unit.lower() or " "))


def _numpy_function(slot: int, kind: Any) -> Any:
    from numpy._core import _multiarray_umath as multiarray  # type: ignore[attr-defined]  # where C code finds it

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get(multiarray._ARRAY_API, None)
    if table is None:
        raise DedupError("memory: this NumPy does not let a program give it memory; run without --memory")
    address = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[slot]
    return kind(address)


def _new_capsule(address: int) -> object:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new(address, b"mem_handler", None)


def _set_handler(capsule: object) -> object:
    return _numpy_function(_SET_HANDLER, ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object))(capsule)


def _get_handler() -> object:
    return _numpy_function(_GET_HANDLER, ctypes.PYFUNCTYPE(ctypes.py_object))()
