"""Memory for NumPy's large arrays out of one mapped file, and a loop that lets go of it: no Python in either."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload, arg-type, operator, attr-defined"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, types

from dedup.kernels import allocating, kernel

#: Smaller arrays stay on the heap: a page of a file costs more at first touch than one of the heap that was used.
THRESHOLD_BITS = 18
#: Slots up to this size keep their pages when they are free: shards take and give them all the time.
_KEPT_BITS = 26
#: Sizes are rounded up to powers of two, up to this; what is not touched takes neither memory nor disk.
LARGEST_BITS = 38
_CLASSES = LARGEST_BITS - THRESHOLD_BITS + 1
#: Each power of two has a region of its own, so that an address says how large its slot is.
_REGION_BITS = LARGEST_BITS
SPAN_BYTES = _CLASSES << _REGION_BITS

#: Of the state: where the mapping begins, the file, the size of a page, the path of ``statm``; from how many resident
#: bytes on memory is let go of, after how many bytes handed out that is looked at (0: never), how many were since, how
#: often memory was let go of, and room to read into; then for each power of two the first free slot (+ 1, 0 for none)
#: and how many slots were ever used, then for each slot the next free one.
BASE, FILE, PAGE, PATH, MOST, STEP, _SINCE, RELEASED, _ROOM = 0, 1, 2, 3, 4, 5, 6, 7, 8
_ROOM_SIZE = 16
_HEADS = _ROOM + _ROOM_SIZE
_FRESH = _HEADS + _CLASSES
_NEXT = _FRESH + _CLASSES
STATE_SIZE = _NEXT + (2 << (_REGION_BITS - THRESHOLD_BITS))

#: Of the control: whether to stop, from how many bytes on memory is let go of, the most that was seen, how
#: often, and whether the loop has begun.
STOP, HIGH, PEAK, COUNT, RUNNING = 0, 1, 2, 3, 4
CONTROL_SIZE = 5

_PUNCH_HOLE = 3  # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, of linux/falloc.h
_DONT_NEED = 4  # MADV_DONTNEED, of asm-generic/mman-common.h
_PAUSE_MICROSECONDS = 1_000

_malloc = types.ExternalFunction("malloc", types.uintp(types.uintp))
_calloc = types.ExternalFunction("calloc", types.uintp(types.uintp, types.uintp))
_realloc = types.ExternalFunction("realloc", types.uintp(types.uintp, types.uintp))
_free = types.ExternalFunction("free", types.void(types.uintp))
_usable = types.ExternalFunction("malloc_usable_size", types.uintp(types.uintp))
_copy = types.ExternalFunction("memcpy", types.uintp(types.uintp, types.uintp, types.uintp))
_clear = types.ExternalFunction("memset", types.uintp(types.uintp, types.intc, types.uintp))
_fallocate = types.ExternalFunction("fallocate", types.intc(types.intc, types.intc, types.int64, types.int64))
_madvise = types.ExternalFunction("madvise", types.intc(types.uintp, types.uintp, types.intc))
_open = types.ExternalFunction("open", types.intc(types.uintp, types.intc))
_pread = types.ExternalFunction("pread", types.intp(types.intc, types.uintp, types.uintp, types.int64))
_read = types.ExternalFunction("read", types.intp(types.intc, types.voidptr, types.uintp))
_close = types.ExternalFunction("close", types.intc(types.intc))
_usleep = types.ExternalFunction("usleep", types.intc(types.uintc))


@kernel
def _resident_pages(path, buffer):
    """Return the second number of /proc/self/statm."""
    file = _open(path, 0)
    if file < 0:
        return -1
    n = _read(file, buffer.ctypes, 128)
    _close(file)
    i = 0
    while i < n and buffer[i] != 32:
        i += 1
    i += 1
    pages = 0
    while i < n and 48 <= buffer[i] <= 57:
        pages = 10 * pages + buffer[i] - 48
        i += 1
    return pages


@kernel
def look(state, size):
    """Let go of all pages of the mapping, if there are too many for so many bytes more."""
    room = state[_ROOM : _ROOM + _ROOM_SIZE].view(np.uint8)
    resident = _resident_pages(np.uint64(state[PATH]), room) * state[PAGE]
    if resident + size > state[MOST]:
        _madvise(np.uint64(state[BASE]), np.uint64(SPAN_BYTES), _DONT_NEED)
        state[RELEASED] += 1


@kernel
def read_spans(file, place, starts, ends, out):
    """Fill ``out`` with spans of a file, counted from ``place``, one behind the other; tell whether all were read."""
    at = 0
    for i in range(len(starts)):
        start = starts[i]
        while start < ends[i]:
            n = _pread(file, out.ctypes.data + at, ends[i] - start, place + start)
            if n <= 0:
                return False
            start += n
            at += n
    return True


@kernel
def _make_room(state, size):
    """Let go of all pages of the mapping, if there are too many for an array of this size that is handed out now.

    Whoever asks for memory does it itself: however busy the machine is, no other thread has to have its turn.
    """
    if state[STEP] == 0:
        return
    state[_SINCE] += size
    if state[_SINCE] < state[STEP]:
        return
    state[_SINCE] = 0
    look(state, size)


@kernel
def _take(state, size):
    """Return the address of a slot, 0 if there is none; one of over `_KEPT_BITS` is all zeros."""
    _make_room(state, np.int64(size))
    bits = THRESHOLD_BITS
    while (np.uint64(1) << np.uint64(bits)) < size:
        bits += 1
    if bits > LARGEST_BITS:
        return np.uint64(0)
    which = bits - THRESHOLD_BITS
    slots = np.int64(1) << (_REGION_BITS - bits)
    # The regions' slots are numbered one behind the other; those of larger sizes are fewer.
    first = _NEXT + ((np.int64(2) << (_REGION_BITS - THRESHOLD_BITS)) - (np.int64(2) << (_REGION_BITS - bits)))
    slot = state[_HEADS + which] - 1
    if slot >= 0:
        state[_HEADS + which] = state[first + slot]
    elif state[_FRESH + which] < slots:
        slot = state[_FRESH + which]
        state[_FRESH + which] += 1
    else:
        return np.uint64(0)
    return np.uint64(state[BASE] + (np.int64(which) << _REGION_BITS) + (slot << bits))


@kernel
def _slot_bits(state, address):
    """Return the power of two of the slot at an address, 0 if it is none of ours."""
    offset = np.int64(address) - state[BASE]
    if offset < 0 or offset >= SPAN_BYTES:
        return 0
    return THRESHOLD_BITS + (offset >> _REGION_BITS)


@kernel
def _give(state, address, bits):
    """Take a slot back; if it is large, the file gives up what was in it."""
    offset = np.int64(address) - state[BASE]
    which = bits - THRESHOLD_BITS
    slot = (offset - (np.int64(which) << _REGION_BITS)) >> bits
    first = _NEXT + ((np.int64(2) << (_REGION_BITS - THRESHOLD_BITS)) - (np.int64(2) << (_REGION_BITS - bits)))
    if bits > _KEPT_BITS:
        _fallocate(state[FILE], _PUNCH_HOLE, offset, np.int64(1) << bits)
    state[first + slot] = state[_HEADS + which]
    state[_HEADS + which] = slot + 1


def _numpy_malloc(context, size):
    if size < (1 << THRESHOLD_BITS):
        return _malloc(size)
    return _take(carray(context, STATE_SIZE, np.int64), size)


def _numpy_calloc(context, count, each):
    if count * each < (1 << THRESHOLD_BITS):
        return _calloc(count, each)
    address = _take(carray(context, STATE_SIZE, np.int64), count * each)
    if address and count * each <= (1 << _KEPT_BITS):
        _clear(address, 0, count * each)
    return address


def _numpy_free(context, address, _size):
    state = carray(context, STATE_SIZE, np.int64)
    bits = _slot_bits(state, address)
    if bits:
        _give(state, address, bits)
    else:
        _free(address)


def _numpy_realloc(context, address, size):
    state = carray(context, STATE_SIZE, np.int64)
    bits = _slot_bits(state, address) if address else 0
    if bits == 0 and size < (1 << THRESHOLD_BITS):
        return _realloc(address, size)
    room = np.uint64(1) << np.uint64(bits)
    if bits and size <= room and 2 * size > room:
        return address
    new = _take(state, size) if size >= (1 << THRESHOLD_BITS) else _malloc(size)
    if new and address:
        old = room if bits else _usable(address)
        _copy(new, address, min(old, size))
        if bits:
            _give(state, address, bits)
        else:
            _free(address)
    return new


_compiled: list[Any] = []


def functions():
    """Return malloc, calloc, realloc and free, as NumPy calls them; each has its ``address``."""
    if not _compiled:
        size, pointer = types.uintp, types.voidptr
        for function, signature in (
            (_numpy_malloc, size(pointer, size)),
            (_numpy_calloc, size(pointer, size, size)),
            (_numpy_realloc, size(pointer, size, size)),
            (_numpy_free, types.void(pointer, size, size)),
        ):
            _compiled.append(cfunc(signature, cache=True)(function))
    return tuple(_compiled)


@allocating
def govern(base, page_bytes, path, control):
    """Let go of all pages of the mapping whenever the process has too many, until told to stop.

    Parameters
    ----------
    base : int
        Address of the mapping.
    page_bytes : int
    path : int
        Address of the path of ``statm``.
    control : int64[5]
    """
    buffer = np.zeros(128, np.uint8)
    control[RUNNING] = 1
    while control[STOP] == 0:
        resident = _resident_pages(np.uint64(path), buffer) * page_bytes
        control[PEAK] = max(control[PEAK], resident)
        if resident > control[HIGH]:
            _madvise(np.uint64(base), np.uint64(SPAN_BYTES), _DONT_NEED)
            control[COUNT] += 1
        _usleep(_PAUSE_MICROSECONDS)
