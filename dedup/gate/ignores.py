"""What is not judged, and why: patterns, known notices, and marks in the files themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.errors import ConfigError
from dedup.gate.groups import Spot
from dedup.gate.paragraphs import MARK_CLOSES, MARK_OPENS, span_of
from dedup.gate.params import Ignore, check_codes
from dedup.gate.rules import RULES
from dedup.hashed import tokens_of
from dedup.patterns import matches
from dedup.readers.streams import ByteStream
from dedup.result import Report
from dedup.tokens import tokenize

_MARK = re.compile(rf"{MARK_OPENS}\s*dedup:\s*([\w-]+)(.*?){MARK_CLOSES}", re.DOTALL | re.IGNORECASE)
#: What Markdown shows as code: a fenced block up to its closing fence or the end, and a span in backticks.
_CODE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*(?:\n(?! {0,3}\1[`~]*[ \t]*$)[^\n]*)*(?:\n {0,3}\1[`~]*[ \t]*$)?"
    r"|(?<!`)(`+)(?!`)<!--[^`\n]*?-->\2",
    re.MULTILINE,
)
_CHUNK_BYTES = 1 << 20
_WORDS = ("ignore", "ignore-file")
_CODES = re.compile(r"\s*((?:[Dd]\d+[, ]+)*)(.*)", re.DOTALL)
#: Formats whose files people write by hand, and put marks into.
_MARKED = ("markdown", "html", "text")


@dataclass(frozen=True, slots=True)
class _Mark:
    path: str
    line: int
    word: str
    codes: tuple[str, ...]
    reason: str
    first: int
    last: int


def read_known_texts(path: Path, reason: str) -> tuple[Ignore, ...]:
    """Return an ignore for each paragraph of a file of known notices."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a list of texts: {error}") from None
    return tuple(Ignore(reason, text=one.strip()) for one in re.split(r"\n\s*\n", text) if one.strip())


class Ignores:
    """The ignores of a run, and which of them were of use."""

    def __init__(self, report: Report, ignores: Sequence[Ignore]) -> None:
        self._report = report
        self._ignores = ignores
        self._texts = [self._tokens(one.text) if one.text else "" for one in ignores]
        self._marks = [mark for path, form in self._marked_files() for mark in _read_marks(path, form)]
        self._used: set[int] = set()
        self._used_marks: set[int] = set()
        #: Of marks for other rules, what was found where they stand.
        self._found: dict[int, set[str]] = {}

    def reason(self, code: str, spot: Spot) -> str | None:
        """Return why a place is not judged, or None if it is."""
        articles = self._report.articles
        path = articles.files[articles.file_rows[spot.article]]
        source = articles.sources[spot.article]
        for number, one in enumerate(self._ignores):
            if one.codes and not code.startswith(one.codes):
                continue
            if one.path and not matches(path, one.path):
                continue
            if one.source and not fnmatchcase(source, one.source):
                continue
            if one.text and not ((said := self._said(spot)) and said in self._texts[number]):
                continue
            self._used.add(number)
            return one.reason
        line = spot.place.line if spot.place and spot.place.part == "body" else 0
        for number, mark in enumerate(self._marks):
            # A mark that names a rule about whole articles is about the article, wherever in the file it stands.
            of_whole = RULES[code].whole and code in mark.codes
            if mark.path != path or not (mark.first <= line <= mark.last or mark.last < 0 or of_whole):
                continue
            if mark.codes and not code.startswith(mark.codes):
                self._found.setdefault(number, set()).add(code)
            else:
                self._used_marks.add(number)
                return mark.reason or "marked in the file"
        return None

    def without_reason(self) -> list[str]:
        """Return a line for each mark that does not say why."""
        return [
            f"{mark.path}:{mark.line}: this mark has no reason; say why: "
            f"<!-- dedup: {' '.join([mark.word, *mark.codes])} because ... -->"
            for mark in self._marks
            if mark.word in _WORDS and not mark.reason
        ]

    def unused(self) -> list[str]:
        """Return a line for each ignore that nothing needed."""
        lines = []
        for number, one in enumerate(self._ignores):
            if number not in self._used:
                what = one.path or one.source or " ".join(one.text.split())[:60]
                lines.append(f"ignore: {what!r} covers nothing; remove it")
        for number, mark in enumerate(self._marks):
            if number not in self._used_marks:
                lines.append(f"{mark.path}:{mark.line}: {self._why_unused(number, mark)}")
        return lines

    def _why_unused(self, number: int, mark: _Mark) -> str:
        if mark.word not in _WORDS:
            near = get_close_matches(mark.word, _WORDS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {' and '.join(_WORDS)}"
            return f"{mark.word!r} is no mark of dedup; {hint}"
        if number in self._found:
            found = ", ".join(sorted(self._found[number]))
            return f"this mark is for {', '.join(mark.codes)}, and what is found there is {found}"
        return "this mark ignores nothing; it belongs before the later copy, or can go"

    def _marked_files(self) -> list[tuple[str, str]]:
        articles = self._report.articles
        forms = articles.formats or ("",) * len(articles.files)
        used = set(np.unique(articles.file_rows).tolist())
        return [
            (path, form)
            for row, (path, form) in enumerate(zip(articles.files, forms, strict=True))
            if row in used and form in _MARKED
        ]

    def _said(self, spot: Spot) -> str:
        """Return the tokens of a place, which an archive may keep without its text; nothing if there are none."""
        if spot.place is None or spot.place.text_kept:
            return self._tokens(spot.text) if spot.text else ""
        articles = self._report.articles
        spans = [span_of(self._report, spot.place)]
        if spot.whole:  # an article is known by its title, or else by its text
            edges = articles.offsets[spot.article], articles.body_starts[spot.article]
            spans = [edges, *spans]
        starts, ends = np.array(spans, np.int64).T
        tokens = tokens_of(articles, starts, ends, self._report.config.tokens)
        n_tokens = np.diff(tokens.offsets)
        if not n_tokens.any():
            return ""
        said = int((n_tokens > 0).argmax())
        return _listed(tokens.values[tokens.offsets[said] : tokens.offsets[said + 1]])

    def _tokens(self, text: str) -> str:
        data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
        return _listed(tokenize(data, np.array([0]), np.array([len(data)]), self._report.config.tokens).values)


def _listed(tokens: NDArray[np.uint64]) -> str:
    return " " + " ".join(map(str, tokens.tolist())) + " "


def _read_marks(path: str, form: str) -> list[_Mark]:
    try:
        with Path(path).open("rb") as file:
            text = b"".join(ByteStream(file, _CHUNK_BYTES).chunks()).decode("utf-8", "replace")
    except OSError:  # gone since it was read, or standard input
        return []
    if "dedup:" not in text.lower():
        return []
    if form == "markdown":  # an example of a mark is none
        text = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    lines = text.split("\n")
    marks = []
    for found in _MARK.finditer(text):
        line, word = text.count("\n", 0, found.start()) + 1, found[1].lower()
        if word not in _WORDS:  # covers no line
            marks.append(_Mark(path, line, found[1], (), "", 0, 0))
            continue
        rest = _CODES.fullmatch(found[2])
        assert rest is not None
        codes = tuple(re.findall(r"D\d*", rest[1].upper()))
        check_codes(codes, f"{path}:{line}")
        last = -1 if word == "ignore-file" else _end_of_paragraph(lines, text.count("\n", 0, found.end()) + 1)
        reason = " ".join(rest[2].split()).removeprefix("--").strip(" :")
        marks.append(_Mark(path, line, word, codes, reason, line, last))
    return marks


def _end_of_paragraph(lines: list[str], line: int) -> int:
    """Return the last line of the paragraph that a mark ending in ``line`` stands in, or before."""
    at = line  # the index of the line after
    stands_in_text = at < len(lines) and lines[at].strip()
    if not stands_in_text:
        while at < len(lines) and not lines[at].strip():
            at += 1
    while at < len(lines) and lines[at].strip():
        at += 1
    return at
