"""Tables of a report -> columns for pandas, Arrow or anything else that takes arrays by name."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import DedupError
from dedup.model import Articles, Clusters, Findings, Matches, Passages, Relations, Segments, Strings

if TYPE_CHECKING:
    import pyarrow

#: Tables whose columns all have a row each; the others have a row a place, with the number of what it belongs to.
Table = Articles | Segments | Matches | Clusters | Passages | Relations | Findings


def columns(table: Table) -> dict[str, NDArray[Any]]:
    """Return the columns of a table, each the array itself: ``pandas.DataFrame(columns(report.matches))``.

    Clusters and findings have a row a place: ``cluster`` or ``finding`` numbers what it belongs to, and what is known
    of that as a whole stands on each of its rows (those columns, and only those, are new arrays). Strings and text
    are left out: `to_arrow` has them.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([line, line]))
    >>> columns(report.relations)["right_coverage"].tolist(), columns(report.findings)["articles"].tolist()
    ([1.0], [0, 1])
    """
    by_name = {one.name: getattr(table, one.name) for one in fields(table)}
    arrays = {name: column for name, column in by_name.items() if isinstance(column, np.ndarray)}
    if isinstance(table, Articles):
        arrays["starts"], arrays["ends"] = table.offsets[:-1], table.offsets[1:]
        return {name: column for name, column in arrays.items() if name not in ("text", "offsets", "line_marks")}
    if not isinstance(table, Clusters | Findings):
        return arrays
    lengths = np.diff(arrays.pop("offsets"))
    owner = "cluster" if isinstance(table, Clusters) else "finding"
    spread = {name: np.repeat(column, lengths) for name, column in arrays.items() if len(column) == len(lengths)}
    whole = ("boilerplate", "exact") if isinstance(table, Clusters) else ("kinds", "levels", "exact", "weights")
    owners = {owner: np.repeat(np.arange(len(lengths)), lengths)}
    return owners | {name: spread[name] if name in whole else column for name, column in arrays.items()}


def to_arrow(table: Table) -> pyarrow.Table:
    """Return a table as an Arrow table over the same memory (needs the extra ``arrow``).

    Raises
    ------
    DedupError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise DedupError("Arrow tables need pyarrow: pip install 'saidtwice[arrow]'") from None

    arrays = {name: pa.array(column) for name, column in columns(table).items() if column.ndim == 1}
    if isinstance(table, Articles):
        names = ("ids", "sources", "urls", "languages", "tags")
        strings = {name: getattr(table, name) for name in names}
        arrays |= {name: _strings(column) for name, column in strings.items()}
    return pa.table(arrays)


def _strings(column: Strings) -> pyarrow.Array:
    import pyarrow as pa

    buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(column.values)]
    return pa.Array.from_buffers(pa.large_string(), len(column), buffers)
