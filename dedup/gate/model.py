"""What a check says: violations of rules, and the verdict over all of them."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]

#: Why a violation does not count: known in the baseline, covered by an ignore, or not part of what is judged.
Suppression = Literal["baseline", "ignored"]

#: What a finding is to a gate as a whole; empty where it breaks no rule.
Status = Literal["new", "known", "ignored", ""]


class Location(NamedTuple):
    """Where a text stands, for people and for the programs that show it.

    Attributes
    ----------
    path : str
        The file as the user named it; ``-`` is standard input.
    line, column, end_line, end_column : int
        From 1, in the file where the text stands in it as it is (text, Markdown); the end is the first character
        after it. In a feed of records, the line is that of the record and the columns are 1.
    record : int
        From 1; 1 in a file that is one article.
    in_file : bool
        The line and column are those of the text in the file.
    article_id, title, source, date, url : str
        Empty where there is none; the date is ISO 8601.
    text : str
        The text that is repeated, its white space collapsed; may be cut.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    record: int
    in_file: bool
    article_id: str
    title: str
    source: str
    date: str
    url: str
    text: str


class Violation(NamedTuple):
    """One finding that breaks one rule, at the place where the repeat stands.

    Attributes
    ----------
    code : str
        Of `dedup.gate.rules.RULES`, such as ``D201``.
    severity : {"error", "warning"}
    message : str
        One line, without the file and line: what is repeated, where else, of how many words, how near, and how it
        begins; in a record that has no line of its own, which one.
    where : Location
        The later copy: the one to be mended.
    others : tuple of Location
        The other copies, the representative first; at most `dedup.gate.check.MAX_OTHERS` of them.
    n_others : int
        How many other copies there are, with those in articles of an archive that the report does not show.
    fingerprint : str
        32 hexadecimal digits of the rule and the normalised text of the place; two equal violations differ in
        `occurrence` only, and nothing in it depends on where the text stands.
    occurrence : int
        From 1, among the violations with this fingerprint, in the order of the report.
    jaccard, containment, cosine : float
        Of the repeat with the representative; 0 where the rule does not compare texts.
    tokens : int
        Tokens said again.
    suppressed : {"baseline", "ignored"} or None
        It is listed but does not count.
    reason : str
        Why it was accepted, as the baseline or the ignore says.
    """

    code: str
    severity: Severity
    message: str
    where: Location
    others: tuple[Location, ...]
    n_others: int
    fingerprint: str
    occurrence: int
    jaccard: float
    containment: float
    cosine: float
    tokens: int
    suppressed: Suppression | None = None
    reason: str = ""


class Standing(NamedTuple):
    """What a check says of a finding of the report.

    Attributes
    ----------
    codes : tuple of str
        The rules that it breaks.
    status : {"new", "known", "ignored", ""}
        ``known`` and ``ignored`` if all of it is; empty if it breaks no rule.
    """

    codes: tuple[str, ...] = ()
    status: Status = ""


class Verdict(NamedTuple):
    """All that a check found, and whether the gate holds.

    Attributes
    ----------
    violations : tuple of Violation
        In the order of the files, then of the place; suppressed ones included.
    failed : bool
        A violation of severity ``error`` counts, beyond what ``--max-new`` allows.
    summary : str
        One line: the verdict with its counts.
    articles, judged : int
        Articles read, and those that could fail.
    errors, warnings, known, ignored : int
        Violations that count, by severity; those in the baseline; those that an ignore covers.
    notices : tuple of str
        One line each: expired or vanished entries of the baseline, ignores and overrides that cover nothing,
        what was skipped.
    redundancy : float
        Share of the tokens of the articles that could fail that repeat something.
    """

    violations: tuple[Violation, ...]
    failed: bool
    summary: str
    articles: int
    judged: int
    errors: int
    warnings: int
    known: int
    ignored: int
    notices: tuple[str, ...]
    redundancy: float
