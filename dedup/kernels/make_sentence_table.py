"""Unicode's Sentence_Break property -> the table beside this module. A development tool: ``python -m`` it and commit.

The property comes from the ``regex`` package, which ships the Unicode database of its release.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.sentence_table import BLOCK_BITS, CLASSES, OPEN, OTHER, TABLE

_N_CODES = 0x110000


def build() -> NDArray[np.uint8]:
    """Return the class of each code point (uint8[1114112]), an index into `CLASSES`."""
    import regex

    out = np.zeros(_N_CODES, np.uint8)
    text = "".join(map(chr, range(_N_CODES)))
    for number, name in enumerate(CLASSES):
        if number not in (OTHER, OPEN):
            for match in regex.finditer(rf"\p{{Sentence_Break={name}}}+", text):
                out[match.start() : match.end()] = number
    for match in regex.finditer(r"[\p{Sentence_Break=Close}&&[\p{Ps}\p{Pi}]]+", text, regex.VERSION1):
        out[match.start() : match.end()] = OPEN
    return out


def main() -> None:
    """Write the two-stage table."""
    import regex

    blocks = build().reshape(-1, 1 << BLOCK_BITS)
    distinct, index = np.unique(blocks, axis=0, return_inverse=True)
    columns: dict[str, Any] = {
        "blocks": index.ravel().astype(np.uint16),
        "classes": distinct.ravel(),
        "source": np.array(f"regex {regex.__version__}"),
    }
    np.savez_compressed(TABLE, **columns)


if __name__ == "__main__":
    main()
