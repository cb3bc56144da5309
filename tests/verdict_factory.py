"""Verdicts for the tests of the writers: one of each kind, and hostile ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

from hypothesis import strategies as st

from dedup.gate.model import Location, Verdict, Violation


class Rule(NamedTuple):
    code: str
    name: str
    summary: str
    help: str


RULES = {
    code: Rule(code, name, summary, f"# {code}\n\n{summary}\n\n**What to do:** say it once.\n")
    for code, name, summary in [
        ("D101", "repeated-paragraph", "A paragraph repeated inside one article."),
        ("D201", "reused-passage", "A passage reused from another article."),
        ("D402", "redundant-feed", "The feed's redundancy is over its limit."),
    ]
}

#: Each breaks some format that is written with care for its ordinary input only.
HOSTILE = [
    "]]> <!-- & \"quotes\" 'single'",
    "::error file=x::planted",
    "\n::stop-commands::token\n",
    "##[error]planted",
    "%0A%25 100% \r\n\t tab",
    "nul \x00 bell \x07 esc \x1b[31m c1 \x85\x9b",
    "override \u202egnp.exe\u202c isolate \u2066x\u2069",
    "lines \u2028 and \u2029, \ufeff, \ufffe\uffff, \U000e0041",
    "=HYPERLINK(\"http://example.org\",\"x\")",
    "+1", "-1", "@SUM(A1)", "\t=1", "a;=1+1", "＝1",
    "| cell | [link](http://example.org) ![i](x) `code` <script>alert(1)</script> # h",
    "back\\slash [text](1) {0} {{x}} \\[",
    "www.example.org @somebody #1 &lt;b&gt; &#64;",
    "lone \ud800 surrogate",
    "news \U0001f5de️ أخبار ข่าว 新聞",
]  # fmt: skip

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.text(st.characters(codec="utf-8"), max_size=30))
paths = st.one_of(
    st.sampled_from(["articles/a.md", "with space/ü,:%#?.md", "-", "/elsewhere/x.md", "feed\udcff.jsonl", "a:b.md"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12),
)
numbers = st.integers(1, 2**31)
scores = st.floats(0, 1)

locations = st.builds(
    Location, path=paths, line=numbers, column=numbers, end_line=numbers, end_column=numbers, record=numbers,
    in_file=st.booleans(), article_id=texts, title=texts, source=texts, date=st.just("2026-03-01T00:00:00Z"),
    url=texts, text=texts,
)  # fmt: skip


def _numbered(violations: list[Violation]) -> list[Violation]:
    """Give violations with one fingerprint the occurrences that the contract promises."""
    seen: dict[str, int] = {}
    numbered = []
    for violation in violations:
        seen[violation.fingerprint] = seen.get(violation.fingerprint, 0) + 1
        occurrence = seen[violation.fingerprint]
        n_others = max(violation.n_others, len(violation.others))
        numbered.append(violation._replace(occurrence=occurrence, n_others=n_others))
    return numbered


violations = st.builds(
    Violation, code=st.sampled_from(sorted(RULES)), severity=st.sampled_from(["error", "warning"]), message=texts,
    where=locations, others=st.lists(locations, max_size=3).map(tuple), n_others=st.integers(0, 50),
    fingerprint=st.sampled_from(["0" * 32, "1" * 32, "0123456789abcdef" * 2]), occurrence=st.just(1), jaccard=scores,
    containment=scores, cosine=scores, tokens=st.integers(0, 10**6),
    suppressed=st.sampled_from([None, None, "baseline", "ignored"]), reason=texts,
)  # fmt: skip


def verdict_of(violations: list[Violation], notices: list[str] | None = None, **changes: Any) -> Verdict:
    """Return a verdict whose counts are those of its violations."""
    numbered = _numbered(violations)
    counts = [one.severity for one in numbered if not one.suppressed]
    hidden = [one.suppressed for one in numbered]
    errors = counts.count("error")
    verdict = Verdict(
        violations=tuple(numbered), failed=errors > 0, summary=f"{errors} errors in 3 articles", articles=3, judged=3,
        errors=errors, warnings=counts.count("warning"), known=hidden.count("baseline"),
        ignored=hidden.count("ignored"), notices=tuple(notices or ()), redundancy=0.25,
    )  # fmt: skip
    return verdict._replace(**changes)


verdicts = st.builds(verdict_of, st.lists(violations, max_size=6), st.lists(texts, max_size=3))


def location(path: str = "articles/new.md", line: int = 7, **changes: Any) -> Location:
    """Return a place of one line in a Markdown file."""
    plain = Location(path, line, 1, line, 80, 1, True, path, "The harbour vote", "Envoy", "", "", "The council met.")
    return plain._replace(**changes)


def violation(number: int = 0, **changes: Any) -> Violation:
    """Return an error of D201, the ``number``th of its kind."""
    plain = Violation(
        code="D201", severity="error", message="passage of 31 words reused, cosine 0.93",
        where=location(line=7 + number), others=(location("articles/old.md", 3, title="An older vote"),), n_others=1,
        fingerprint=f"{number:032x}", occurrence=1, jaccard=0.8, containment=0.9, cosine=0.93, tokens=31,
    )  # fmt: skip
    return plain._replace(**changes)


def many_violations(count: int, **changes: Any) -> list[Violation]:
    return [violation(number, **changes) for number in range(count)]


def written(write: Callable[..., None], verdict: Verdict, **options: Any) -> bytes:
    """Return the bytes that a writer writes to a stream of another encoding, as a terminal may have."""
    raw = io.BytesIO()
    stream: TextIO = io.TextIOWrapper(raw, encoding="ascii")
    write(verdict, stream, **options)
    stream.flush()
    return raw.getvalue()
