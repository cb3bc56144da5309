"""Sorts without memory of their own: keys with a payload by radix, stable; stretches of an array in place."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, inline

_BITS = 11
_RADIX = 1 << _BITS
#: Tokuda (1992), An improved Shellsort: sequence A108870 of the OEIS.
_GAPS = np.array(
    [
        8845866, 3931496, 1747331, 776591, 345152, 153401, 68178, 30301, 13467, 5985, 2660, 1182, 525, 233, 103, 46,
        20, 9, 4, 1,
    ]
)  # fmt: skip
_N_GAPS = len(_GAPS)
#: So many numbers are sorted by insertion alone.
_FEW = 20


@allocating
def radix_argsort(keys, bits, order, spare_keys, spare_order):
    """Sort ``keys`` (uint32 or uint64) by their lowest ``bits`` and carry ``order`` (uint32) along, stable.

    ``keys`` and ``order`` are sorted in place; the spares are work space of the same shapes and types.
    Least significant digit first (Knuth, TAOCP 3, 5.2.5); a digit that is the same in all keys costs one count.
    """
    counts = np.empty(_RADIX, np.int64)
    swapped = False
    for low in range(0, bits, _BITS):
        source = spare_keys if swapped else keys
        source_order = spare_order if swapped else order
        target = keys if swapped else spare_keys
        target_order = order if swapped else spare_order
        shift = np.uint64(low)
        for value in range(_RADIX):
            counts[value] = 0
        for i in range(len(source)):
            counts[(np.uint64(source[i]) >> shift) & np.uint64(_RADIX - 1)] += 1
        total = 0
        largest = 0
        for value in range(_RADIX):
            count = counts[value]
            largest = max(largest, count)
            counts[value] = total
            total += count
        if largest == len(source):
            continue
        for i in range(len(source)):
            digit = np.int64((np.uint64(source[i]) >> shift) & np.uint64(_RADIX - 1))
            target[counts[digit]] = source[i]
            target_order[counts[digit]] = source_order[i]
            counts[digit] += 1
        swapped = not swapped
    if swapped:
        # Not by slices: numba would compile the message of what it raises where their lengths differ, for seconds.
        for i in range(len(keys)):
            keys[i] = spare_keys[i]
            order[i] = spare_order[i]


@inline
def sort_stretch(values, first, last):
    """Sort ``values[first:last]`` in place (Shell 1959): mostly some dozens of numbers.

    The sort that numba gives arrays compiles for two seconds for each type of them, and this for a tenth of one.
    """
    for k in range(_N_GAPS - 1 if last - first <= _FEW else 0, _N_GAPS):
        gap = _GAPS[k]
        for i in range(first + gap, last):
            value = values[i]
            j = i - gap
            while j >= first and values[j] > value:
                values[j + gap] = values[j]
                j -= gap
            values[j + gap] = value
