"""How far a report at other thresholds (``dedup report --from``) is from a run at these thresholds.

A feed is read once, thresholds are raised from its report, and it is run again at each: matches have to be the same; of
findings it says how many of a run's are there (recall), and how many of those there are a run's (precision), a finding
being its kind and its articles.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.results import Options, Result, Row, share
from benchmarks.speed import opened_feed, report
from dedup.reports.saved import read_saved, rethreshold
from dedup.reports.view import Finding

THRESHOLDS = ((0.5, 0.75), (0.5, 0.8), (0.5, 0.9), (0.6, 0.75), (0.7, 0.75), (0.8, 0.9))


def keys(findings: list[Finding] | tuple[Finding, ...]) -> Counter[tuple[object, ...]]:
    """Return what findings are compared by."""
    return Counter((one.kind, *sorted({place.article for place in one.places})) for one in findings)


def measure_rethreshold(path: Path, options: Options) -> Result:
    """Compare a report at each pair of thresholds with a run at them; other matches are a failure."""
    result = Result()
    with opened_feed(path) as feed:
        first, other = feed.work / "first.json", feed.work / "other.json"
        report(feed.path, first)
        saved = read_saved(first)
        for jaccard, cosine in THRESHOLDS:
            found = rethreshold(saved, jaccard, cosine)
            report(feed.path, other, "--min-jaccard", str(jaccard), "--min-cosine", str(cosine))
            again = read_saved(other)
            mine, theirs = keys(found.findings), keys(again.findings)
            both = (mine & theirs).total()
            row: Row = {"Jaccard": jaccard, "cosine": cosine, "matches": found.matches}
            row |= {"of a run": again.summary.matches, "findings": mine.total()}
            result.rows.append(row | {"recall": share(both, theirs.total()), "precision": share(both, mine.total())})
            if found.matches != again.summary.matches:
                result.failures.append(f"at Jaccard {jaccard}, cosine {cosine} a run has other matches")
    return result
