"""How far a report at other thresholds (``dedup report --from``) is from a run at these thresholds.

``python -m benchmarks.rethreshold FEED`` reads a feed once, raises thresholds from its report, and runs again at each:
matches have to be the same; of findings it prints how many of a run's are there (recall), and how many of those there
are a run's (precision), a finding being its kind and its articles.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.speed import run
from dedup.reports.saved import read_saved, rethreshold
from dedup.reports.view import Finding

THRESHOLDS = ((0.5, 0.75), (0.5, 0.8), (0.5, 0.9), (0.6, 0.75), (0.7, 0.75), (0.8, 0.9))


def report(feed: Path, out: Path, *options: str) -> None:
    """Write the report of a feed as JSON."""
    run(sys.executable, "-m", "dedup", "report", feed, "--format", "json", "-q", "-o", out, *options)


def keys(findings: list[Finding] | tuple[Finding, ...]) -> Counter[tuple[object, ...]]:
    """Return what findings are compared by."""
    return Counter((one.kind, *sorted({place.article for place in one.places})) for one in findings)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feed", type=Path)
    feed = parser.parse_args().feed.resolve()
    with tempfile.TemporaryDirectory() as folder:
        first, other = Path(folder) / "first.json", Path(folder) / "other.json"
        report(feed, first)
        saved = read_saved(first)
        print(
            f"{'Jaccard':>8}{'cosine':>8}{'matches':>9}{'of a run':>10}{'findings':>10}{'recall':>8}{'precision':>11}"
        )
        for jaccard, cosine in THRESHOLDS:
            found = rethreshold(saved, jaccard, cosine)
            report(feed, other, "--min-jaccard", str(jaccard), "--min-cosine", str(cosine))
            again = read_saved(other)
            mine, theirs = keys(found.findings), keys(again.findings)
            both = (mine & theirs).total()
            print(
                f"{jaccard:8.2f}{cosine:8.2f}{found.matches:9,}{again.summary.matches:10,}{mine.total():10,}"
                f"{both / max(theirs.total(), 1):8.3f}{both / max(mine.total(), 1):11.3f}"
            )


if __name__ == "__main__":
    main()
