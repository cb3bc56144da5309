"""Bit mixers that other kernels inline. All arithmetic wraps; every constant is typed, so nothing becomes a float."""

from __future__ import annotations

import numpy as np

from dedup.kernels import inline

_SHIFT_13 = np.uint32(13)
_SHIFT_16 = np.uint32(16)
_SHIFT_32 = np.uint64(32)
_SHIFT_33 = np.uint64(33)
_FMIX32_A = np.uint32(0x85EBCA6B)
_FMIX32_B = np.uint32(0xC2B2AE35)
_FMIX64_A = np.uint64(0xFF51AFD7ED558CCD)
_FMIX64_B = np.uint64(0xC4CEB9FE1A85EC53)
#: 2**64 / golden ratio, odd (Knuth, TAOCP 3, 6.4): the multiplier of the polynomial over tokens.
_GOLDEN64 = np.uint64(0x9E3779B97F4A7C15)


@inline
def fmix32(value: np.uint32) -> np.uint32:
    """Return the 32-bit finaliser of MurmurHash3 (Appleby), a bijection."""
    value = np.uint32(value ^ (value >> _SHIFT_16))
    value = np.uint32(value * _FMIX32_A)
    value = np.uint32(value ^ (value >> _SHIFT_13))
    value = np.uint32(value * _FMIX32_B)
    return np.uint32(value ^ (value >> _SHIFT_16))


@inline
def fmix64(value: np.uint64) -> np.uint64:
    """Return the 64-bit finaliser of MurmurHash3 (Appleby), a bijection."""
    value = np.uint64(value ^ (value >> _SHIFT_33))
    value = np.uint64(value * _FMIX64_A)
    value = np.uint64(value ^ (value >> _SHIFT_33))
    value = np.uint64(value * _FMIX64_B)
    return np.uint64(value ^ (value >> _SHIFT_33))


@inline
def sequence_hash(values, first, last):
    """Return a 64-bit hash of ``values[first:last]``: a polynomial modulo 2**64 with its length, finalised."""
    total = np.uint64(last - first)
    for i in range(first, last):
        total = np.uint64(total * _GOLDEN64 + values[i])
    return fmix64(total)


@inline
def shingle_hash(values, first, last):
    """Return the 32-bit hash of the shingle ``values[first:last]``: the high half of its `sequence_hash`."""
    return np.uint32(sequence_hash(values, first, last) >> _SHIFT_32)


@inline
def power(exponent):
    """Return the multiplier of `sequence_hash` to a small power."""
    total = np.uint64(1)
    for _ in range(exponent):
        total = np.uint64(total * _GOLDEN64)
    return total


@inline
def roll(window, leaving, entering, leaving_weight):
    """Return the polynomial of the next window: one token leaves, weighted ``power(k - 1)``, one enters."""
    return np.uint64(np.uint64(window - np.uint64(leaving * leaving_weight)) * _GOLDEN64 + entering)
