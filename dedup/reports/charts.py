"""Numbers of an overview -> shapes of SVG: bars without text, which pages and pictures put their labels around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as escape_markup

from dedup.reports.overview import SCORE_STEPS, Scores, Share, TimeLine
from dedup.reports.terminal import escape

#: What a part is called under a bar.
SHARE_WORDS = {
    "self": "repeated inside an article",
    "reuse": "carried over from another article",
    "boilerplate": "notices under many articles",
    "near-duplicate": "articles nearly the same as another",
    "contained": "articles that stand in another",
    "new": "said for the first time",
}

#: Light and dark colours by class; each kind has a pattern of its own as well (`patterns`).
COLORS = {
    "self": ("#b4431f", "#f08a5d"),
    "reuse": ("#1f5c99", "#6fb1ec"),
    "boilerplate": ("#7b6514", "#d3b64b"),
    "near-duplicate": ("#7440a0", "#c39bea"),
    "contained": ("#0f6e62", "#53c2b0"),
    "new": ("#dcdad3", "#44443f"),
}

#: Kind -> strokes of an 8 by 8 tile drawn over its colour.
_STROKES = {
    "self": "M0 8L8 0",
    "reuse": "",
    "boilerplate": "M0 4H8",
    "near-duplicate": "M0 0L8 8M0 8L8 0",
    "contained": "M4 0V8",
    "new": "",
}


def markup(text: str) -> str:
    """Return text as markup that shows it, with what could steer a reader made visible."""
    return escape_markup(escape(text))


def number(value: float) -> str:
    """Return a coordinate.

    Examples
    --------
    >>> number(3.0), number(2 / 3)
    ('3', '0.67')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def rect(x: float, y: float, width: float, height: float, css: str, fill: str = "", title: str = "") -> str:
    """Return a rectangle of a class."""
    told = f"<title>{markup(title)}</title>" if title else ""
    paint = f' fill="{fill}"' if fill else ""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect class="{css}" {place}{paint}>{told}</rect>' if told else f'<rect class="{css}" {place}{paint}/>'


def patterns() -> str:
    """Return the definitions of a pattern for each part that has one."""
    tiles = [
        f'<pattern id="p-{name}" width="8" height="8" patternUnits="userSpaceOnUse"><path class="hatch" d="{strokes}"/>'
        "</pattern>"
        for name, strokes in _STROKES.items()
        if strokes
    ]
    return f"<defs>{''.join(tiles)}</defs>"


def swatch(name: str, x: float, y: float, width: float, height: float, title: str = "") -> str:
    """Return a rectangle in the colour of a part, with its pattern."""
    shape = rect(x, y, width, height, f"k-{name}", title=title)
    return shape + (rect(x, y, width, height, "over", f"url(#p-{name})") if _STROKES[name] else "")


def share_bar(parts: Sequence[Share], width: float, height: float) -> Iterator[str]:
    """Yield one bar of all parts; a part that is there is never too thin to be seen."""
    thin = 2.0
    visible = [part for part in parts if part.words]
    widths = [max(part.share * width, thin) for part in visible]
    largest = max(range(len(widths)), key=widths.__getitem__, default=0)
    if widths:
        widths[largest] -= sum(widths) - width
    x = 0.0
    for part, part_width in zip(visible, widths, strict=True):
        yield swatch(part.name, x, 0, part_width, height, f"{SHARE_WORDS[part.name]}: {part.share:.1%}")
        x += part_width


def time_bars(line: TimeLine, width: float, height: float) -> Iterator[str]:
    """Yield a bar for each stretch of time: its articles, and before them those that say something again."""
    step = width / len(line.starts)
    most = max(line.articles)
    gap = min(step * 0.2, 3.0)
    for i, (start, articles, repeating) in enumerate(zip(line.starts, line.articles, line.repeating, strict=True)):
        if not articles:
            continue
        told = f"{start}: {articles:,} articles, {repeating:,} of them repeat something"
        tall = articles / most * height
        yield rect(i * step + gap / 2, height - tall, step - gap, tall, "bar", title=told)
        if repeating:
            low = repeating / most * height
            yield rect(i * step + gap / 2, height - low, step - gap, low, "bar-again", title=told)


def score_bars(scores: Scores, width: float, height: float) -> Iterator[str]:
    """Yield a bar for each step of a score, matches under pairs that just missed, and a line at the threshold."""
    step = width / SCORE_STEPS
    totals = [matched + missed for matched, missed in zip(scores.matched, scores.missed, strict=True)]
    most = max(*totals, 1)
    for i, (matched, missed) in enumerate(zip(scores.matched, scores.missed, strict=True)):
        low, high = matched / most * height, (matched + missed) / most * height
        told = f"{i / SCORE_STEPS:.2f} to {(i + 1) / SCORE_STEPS:.2f}: {matched:,} matches, {missed:,} just missed"
        if missed:
            yield rect(i * step + 1, height - high, step - 2, high - low, "bar-missed", title=told)
        if matched:
            yield rect(i * step + 1, height - low, step - 2, low, "bar-again", title=told)
    yield rect(scores.threshold * width - 1, 0, 2, height, "threshold", title=f"threshold {scores.threshold:g}")
