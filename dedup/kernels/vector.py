"""Stretches of 64 bytes -> a bit for each byte that a loop has to stop at; what LLVM makes vector instructions of.

Each function has a plain form, which says what it returns; compiled, it is a load, some comparisons of all bytes at
once, and one instruction that takes their signs. Loops over bytes that leave at the one they look for do not become
vector instructions by themselves.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, overload

#: How many bytes are looked at, from the one given on: all must be inside the array.
WIDTH = 64

_F = TypeVar("_F", bound=Callable[..., object])
_BYTES = ir.VectorType(ir.IntType(8), WIDTH)
_WORD = ir.IntType(64)

_Test = Callable[[ir.IRBuilder, ir.Value], ir.Value]


def _every(byte: int) -> ir.Constant:
    return ir.Constant(_BYTES, [byte] * WIDTH)


def _is(byte: int) -> _Test:
    return lambda builder, loaded: builder.icmp_unsigned("==", loaded, _every(byte))


def _within(first: int, last: int) -> _Test:
    """Test for a range by one comparison: what is below it wraps around."""
    return lambda builder, loaded: builder.icmp_unsigned("<=", builder.sub(loaded, _every(first)), _every(last - first))


def _any_of(*tests: _Test) -> _Test:
    def test(builder: ir.IRBuilder, loaded: ir.Value) -> ir.Value:
        found = tests[0](builder, loaded)
        for one in tests[1:]:
            found = builder.or_(found, one(builder, loaded))
        return found

    return test


def _replace(plain: Callable[..., object], form: Callable[..., object]) -> None:
    """Let kernels call ``form``'s function where they name the plain one."""
    options: Any = {"_nrt": False}
    overload(plain, jit_options=options, inline="always")(form)


def _compiled(test: _Test) -> Callable[[_F], _F]:
    """Return a decorator that gives a plain function its compiled form."""

    def bits(_context: Any, array: Any, at: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            # Adding to the address and not indexing: no sign of the index to look at.
            where = builder.bitcast(builder.gep(data, [arguments[1]]), _BYTES.as_pointer())
            loaded = builder.load(where)
            loaded.align = 1
            return builder.bitcast(test(builder, loaded), _WORD)

        return types.uint64(array, types.int64), generate

    compiled: Any = intrinsic(bits)

    def decorate(plain: _F) -> _F:
        _replace(plain, lambda array, at: lambda array, at: compiled(array, at))
        return plain

    return decorate


def _plain_bits(array: Any, at: int, test: Callable[[Any], Any]) -> np.uint64:
    stretch = np.asarray(array[at : at + WIDTH])
    return cast(np.uint64, np.packbits(test(stretch), bitorder="little").view(np.uint64)[0])


@_compiled(_any_of(_is(0x22), _is(0x5C), _within(0, 0x1F)))
def string_bits(array, at):
    """Return where a JSON string ends, has an escape, or a byte that it must not have."""
    return _plain_bits(array, at, lambda b: (b == 0x22) | (b == 0x5C) | (b < 0x20))


@_compiled(_is(0x5C))
def backslash_bits(array, at):
    """Return where backslashes stand."""
    return _plain_bits(array, at, lambda b: b == 0x5C)


@_compiled(_within(0x80, 0xFF))
def high_bits(array, at):
    """Return where bytes stand that are not ASCII."""
    return _plain_bits(array, at, lambda b: b >= 0x80)


@_compiled(_any_of(_within(10, 13), _is(0xE2)))
def break_bits(array, at):
    """Return where a line may end: at a control character for it, or at the first byte of U+2028 and U+2029."""
    return _plain_bits(array, at, lambda b: ((b >= 10) & (b <= 13)) | (b == 0xE2))


@_compiled(_any_of(_is(0x21), _is(0x2E), _is(0x3B), _is(0x3F), _within(0x80, 0xFF)))
def stop_bits(array, at):
    """Return where a sentence may end: at ``! . ; ?``, and what is not ASCII."""
    return _plain_bits(array, at, lambda b: (b == 0x21) | (b == 0x2E) | (b == 0x3B) | (b == 0x3F) | (b >= 0x80))


def _copy(_context: Any, source: Any, at: Any, out: Any, to: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        places = []
        for column in (0, 2):
            data = context.make_array(signature.args[column])(context, builder, arguments[column]).data
            places.append(builder.bitcast(builder.gep(data, [arguments[column + 1]]), _BYTES.as_pointer()))
        loaded = builder.load(places[0])
        loaded.align = 1
        builder.store(loaded, places[1], align=1)
        return context.get_dummy_value()

    return types.none(source, types.int64, out, types.int64), generate


def copy_stretch(source, at, out, to):
    """Copy `WIDTH` bytes from ``at`` on to ``out``, from ``to`` on."""
    out[to : to + WIDTH] = source[at : at + WIDTH]


_compiled_copy: Any = intrinsic(_copy)
_replace(copy_stretch, lambda source, at, out, to: lambda source, at, out, to: _compiled_copy(source, at, out, to))


def _count_trailing(_context: Any, word: Any) -> Any:
    def generate(_target: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


def first_bit(word):
    """Return the place of the lowest bit that is set; 64 if none is."""
    word = int(word)
    return (word & -word).bit_length() - 1 if word else WIDTH


_compiled_count: Any = intrinsic(_count_trailing)
_replace(first_bit, lambda word: lambda word: _compiled_count(word))
