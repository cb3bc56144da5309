"""Report -> a picture of its overview, for documents and chats: SVG without a script, of a fixed width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from dedup.reports import DEFAULT_OPTIONS, Options, overview
from dedup.reports.charts import (
    COLORS,
    SHARE_WORDS,
    markup,
    number,
    patterns,
    rect,
    score_bars,
    share_bar,
    swatch,
    time_bars,
)
from dedup.reports.verdict.streams import many, write_utf8
from dedup.reports.view import Summary, summarize

if TYPE_CHECKING:
    from dedup.result import Report

WIDTH = 1000
_MARGIN = 40
_INNER = WIDTH - 2 * _MARGIN
_HALF = (_INNER - 40) / 2
_ROW, _CHART = 26, 120
#: Sources of the matrix of a picture, and characters of a name in it.
_SOURCES, _NAME = 8, 22

_SERIF = "Georgia, 'Noto Serif', 'DejaVu Serif', 'Noto Serif CJK SC', serif"
_SANS = "'Helvetica Neue', Arial, 'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"
#: A picture stands on white paper wherever it is shown: it has the light colours only.
_STYLE = "".join(
    [
        f"text{{font-family:{_SANS};font-size:15px;fill:#1b1b19}}",
        f".h1{{font-family:{_SERIF};font-size:30px;font-weight:600}}.h2{{font-family:{_SERIF};font-size:18px;"
        "font-weight:600}",
        ".soft{fill:#5b5a55;font-size:13px}.end{text-anchor:end}.middle{text-anchor:middle}.strong{font-weight:600}",
        ".paper{fill:#fdfdfb}.rule{fill:#1b1b19}.hatch{stroke:#ffffff;stroke-opacity:.6;stroke-width:1.5;fill:none}",
        ".bar{fill:#c3c0b6}.bar-again{fill:#9c3a1a}.bar-missed{fill:#e3b9a6}.threshold{fill:#1b1b19}",
        ".cell{fill:#1f5c99}.grid{fill:none;stroke:#d9d7cf}",
        *(f".k-{name}{{fill:{light}}}" for name, (light, _) in COLORS.items()),
    ]
)


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write the overview as SVG; the figures are those of all findings, whatever the options list."""
    write_utf8(stream, picture(report))


def picture(report: Report) -> str:
    """Return the overview of a report as SVG."""
    summary = summarize(report)
    body: list[str] = []
    height = _head(summary, body)
    height = _panels(report, height, body)
    height = _matrix(report, height, body)
    told = overview.sentence(summary)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{number(height)}" '
        f'viewBox="0 0 {WIDTH} {number(height)}" role="img" aria-label="{markup(told)}">'
        f"<title>{markup(told)}</title><style>{_STYLE}</style>{patterns()}"
        f"{rect(0, 0, WIDTH, height, 'paper')}{''.join(body)}</svg>\n"
    )


def text(x: float, y: float, content: str, css: str = "") -> str:
    """Return a line of text."""
    named = f' class="{css}"' if css else ""
    return f'<text x="{number(x)}" y="{number(y)}"{named}>{markup(content)}</text>'


def _moved(x: float, y: float, shapes: Iterator[str]) -> str:
    return f'<g transform="translate({number(x)} {number(y)})">{"".join(shapes)}</g>'


def _head(summary: Summary, body: list[str]) -> float:
    """Add the answer, the bar and what its parts are; return where they end."""
    parts = overview.shares(summary)
    sources = f" from {many(summary.sources, 'source')}" if summary.sources else ""
    answer, _, words = overview.sentence(summary).rstrip(".").partition(": ")
    counts = f"{many(summary.articles, 'article')}{sources}, {many(sum(summary.findings.values()), 'finding')}"
    told = f"{words}; {counts}" if words else counts
    body += [text(_MARGIN, 66, answer, "h1"), text(_MARGIN, 96, told, "soft")]
    body.append(_moved(_MARGIN, 116, share_bar(parts, _INNER, 44)))
    y = 190.0
    for i, part in enumerate(parts):
        x = _MARGIN + (i % 2) * (_HALF + 40)
        body.append(swatch(part.name, x, y - 12, 14, 14))
        body.append(text(x + 24, y, SHARE_WORDS[part.name]))
        body.append(text(x + _HALF, y, f"{part.share:.1%}", "end strong"))
        y += _ROW * (i % 2)
    return y + _ROW * (len(parts) % 2) + 8


def _panels(report: Report, y: float, body: list[str]) -> float:
    """Add time line and cosines side by side; return where they end."""
    line = overview.time_line(report)
    cosine = overview.scores(report)[0]
    pairs = sum(cosine.matched) + sum(cosine.missed)
    panels = []
    if line is not None:
        told = f"articles by {line.unit}; dark: something in it is said again"
        panels.append(("Over time", time_bars(line, _HALF, _CHART), (line.starts[0], line.starts[-1]), told))
    if pairs:
        told = f"{many(pairs, 'pair')} of different wording; the line is the threshold, {cosine.threshold:g}"
        panels.append(("Cosine of the pairs", score_bars(cosine, _HALF, _CHART), ("0", "1"), told))
    for i, (name, shapes, ends, told) in enumerate(panels):
        x = _MARGIN + i * (_HALF + 40)
        body += [rect(x, y, _HALF, 1, "rule"), text(x, y + 26, name, "h2"), _moved(x, y + 44, shapes)]
        body.append(rect(x, y + 44 + _CHART, _HALF, 1, "rule"))
        body.append(text(x, y + _CHART + 62, ends[0], "soft"))
        body.append(text(x + _HALF, y + _CHART + 62, ends[1], "soft end"))
        body.append(text(x, y + _CHART + 84, told, "soft"))
    return y + (_CHART + 116 if panels else 0)


def _matrix(report: Report, y: float, body: list[str]) -> float:
    """Add who repeats whom; return where it ends."""
    matrix = overview.matrix(report)
    if matrix is None:
        return y + 16
    names = [_short(name or "(no source)") for name in matrix.sources[:_SOURCES]]
    most = max(max(row) for row in matrix.words) or 1
    cell, left = 68, 200
    body += [rect(_MARGIN, y, _INNER, 1, "rule"), text(_MARGIN, y + 26, "Who repeats whom", "h2")]
    body.append(text(_MARGIN, y + 48, "words that the source of a row says again, by the source that had them", "soft"))
    body.append(text(_MARGIN, y + 66, "first: columns have the order of the rows", "soft"))
    y += 84
    for j in range(len(names)):
        body.append(text(_MARGIN + left + (j + 0.5) * cell, y + 12, str(j + 1), "soft middle"))
    y += 20
    for i, name in enumerate(names):
        body.append(text(_MARGIN, y + 20, f"{i + 1}  {name}"))
        for j, words in enumerate(matrix.words[i][: len(names)]):
            x = _MARGIN + left + j * cell
            if words:
                strength = number(0.08 + 0.32 * (words / most) ** 0.5)
                body.append(f'<g fill-opacity="{strength}">{rect(x, y, cell, 30, "cell")}</g>')
                body.append(text(x + cell / 2, y + 20, f"{words:,}", "middle"))
            body.append(rect(x, y, cell, 30, "grid"))
        y += 30
    return y + 34


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"
