"""Edges -> connected components, in the operations of a distributed engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: A round halves the depth of what is not a star yet: a chain of a billion rows takes 30.
_MAX_ROUNDS = 64


def connected_components(edges: Any, keep: Callable[[Any], Any]) -> Any:
    """Return the component of each row that has an edge: id, component (the smallest id in it).

    Parameters
    ----------
    edges : pyspark.sql.DataFrame
        Columns left_id and right_id.
    keep : callable
        Keeps a frame for several uses.

    Notes
    -----
    Large-star and small-star in turn, until nothing changes: each shuffles every edge once, and no row ever meets more
    than its own neighbours in one place [1]_.

    References
    ----------
    .. [1] R. Kiveris, S. Lattanzi, V. Mirrokni, V. Rastogi, S. Vassilvitskii (2014), Connected Components in MapReduce
       and Beyond, section 3.
    """
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.window import Window

    least = F.min("low").over(Window.partitionBy("high"))
    edges = edges.select(
        F.greatest("left_id", "right_id").alias("high"), F.least("left_id", "right_id").alias("low")
    ).where("high != low")
    edges, before = keep(edges.distinct()), None
    for _ in range(_MAX_ROUNDS):
        # Large-star: every neighbour that is larger than a row is joined to the least one near it.
        both = edges.unionByName(edges.select(F.col("low").alias("high"), F.col("high").alias("low")))
        stars = both.withColumn("least", F.least("high", least)).where("low > high")
        large = stars.select(F.col("low").alias("high"), F.col("least").alias("low")).distinct()
        # Small-star: a row and its smaller neighbours are joined to the least of these.
        stars = large.withColumn("least", least)
        small = stars.select(F.explode(F.array("high", "low")).alias("high"), F.col("least").alias("low"))
        edges = keep(small.where("high != low").distinct())
        state = edges.agg(F.count("*"), F.sum(F.xxhash64("high", "low").cast("decimal(20,0)"))).first()
        if state == before:
            break
        before = state
    roots = edges.select(F.col("low").alias("id"), F.col("low").alias("component")).distinct()
    return edges.select(F.col("high").alias("id"), F.col("low").alias("component")).unionByName(roots)
