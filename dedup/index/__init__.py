"""Archives: what new articles are checked against without reading everything again."""

from __future__ import annotations

from dedup.index.archive import Added, Index, is_index

__all__ = ["Added", "Index", "is_index"]
