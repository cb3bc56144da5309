"""Feeds of any of `dedup.readers.formats.FORMATS`, packed or not, in files, folders, patterns and pipes -> Articles."""

from __future__ import annotations

from dedup.readers.buffer import Batch, join_batches
from dedup.readers.feeds import articles_of, iter_batches, read_feeds
from dedup.readers.params import FIELDS, ReadParams

__all__ = ["FIELDS", "Batch", "ReadParams", "articles_of", "iter_batches", "join_batches", "read_feeds"]
