"""Finds what a body of text says twice: repeated, reworded and reused passages, inside articles and across them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dedup.errors import ConfigError, DedupError, EngineError, FeedError, IncompatibleError, IndexFormatError

if TYPE_CHECKING:
    from dedup.config import Config, load_config
    from dedup.index.archive import Index
    from dedup.model import Articles, Findings, Kind, Level, Matches, Passages, Relation, Relations
    from dedup.pipeline import scan
    from dedup.readers import articles_of, read_feeds
    from dedup.result import Report

__version__ = "0.1.0"

#: Where the public names live: `import dedup` alone loads neither numba nor numpy.
_HOMES = {
    "Articles": "model",
    "Config": "config",
    "Findings": "model",
    "Index": "index.archive",
    "Kind": "model",
    "Level": "model",
    "Matches": "model",
    "Passages": "model",
    "Relation": "model",
    "Relations": "model",
    "Report": "result",
    "articles_of": "readers",
    "load_config": "config",
    "read_feeds": "readers",
    "scan": "pipeline",
}

__all__ = [
    "Articles",
    "Config",
    "ConfigError",
    "DedupError",
    "EngineError",
    "FeedError",
    "Findings",
    "IncompatibleError",
    "Index",
    "IndexFormatError",
    "Kind",
    "Level",
    "Matches",
    "Passages",
    "Relation",
    "Relations",
    "Report",
    "articles_of",
    "load_config",
    "read_feeds",
    "scan",
]


def __getattr__(name: str) -> Any:  # PEP 562
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"dedup.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
