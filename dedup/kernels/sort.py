"""Radix sorts: keys with a payload, stable, in linear time."""

from __future__ import annotations

import numpy as np

from dedup.kernels import kernel

_BITS = 11
_RADIX = 1 << _BITS


@kernel
def radix_argsort(keys, bits, order, spare_keys, spare_order):
    """Sort ``keys`` (uint32 or uint64) by their lowest ``bits`` and carry ``order`` along, stable.

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
        counts[:] = 0
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
        keys[:] = spare_keys
        order[:] = spare_order
