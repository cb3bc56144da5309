"""Report -> a badge for a README: the share of a feed that is said again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TextIO

from dedup.reports import DEFAULT_OPTIONS, Options
from dedup.reports.charts import markup, number, rect
from dedup.reports.verdict.streams import write_utf8
from dedup.reports.view import summarize

if TYPE_CHECKING:
    from dedup.result import Report

LABEL = "said twice"
#: Least share -> colour, all with 4.5:1 or more to white text (WCAG 2.2, 1.4.3).
_COLORS = ((0.3, "#a62b1f"), (0.15, "#a8480b"), (0.05, "#7d6608"), (0.0, "#2c6e3f"))

_FONT_SIZE, _HEIGHT, _PADDING = 11, 20, 6
#: Width of each character from space to tilde in DejaVu Sans, which has the widths of Verdana but for a few hundredths,
#: in 2048ths of the size; the first of the fonts below that is there is made to fit by `textLength`.
_UNITS = 2048
_WIDTHS = (
    *(651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690),
    *(1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087),
    *(2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612),
    *(1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024),
    *(1024, 1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253),
    *(1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716),
)


class Badge(NamedTuple):
    """What a badge says.

    Attributes
    ----------
    label, message : str
    color : str
        ``#rrggbb``, of the message.
    """

    label: str
    message: str
    color: str


def badge(report: Report) -> Badge:
    """Return what the badge of a report says."""
    share = summarize(report).redundancy
    return Badge(LABEL, f"{share:.1%}", next(color for least, color in _COLORS if share >= least))


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write the badge of a report as SVG."""
    write_utf8(stream, draw(badge(report)))


def text_width(text: str) -> float:
    """Return the width of printable ASCII in pixels.

    Examples
    --------
    >>> round(text_width("22.3%"), 1)
    34.9
    """
    return sum(_WIDTHS[ord(char) - 32] for char in text) * _FONT_SIZE / _UNITS


def draw(one: Badge) -> str:
    """Return a badge as SVG."""
    left, right = (text_width(part) + 2 * _PADDING for part in (one.label, one.message))
    told = markup(f"{one.label}: {one.message}")
    parts = [
        rect(0, 0, left, _HEIGHT, "left", "#4a4944"),
        rect(left, 0, right, _HEIGHT, "right", one.color),
        _text(one.label, _PADDING),
        _text(one.message, left + _PADDING),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(left + right)}" height="{_HEIGHT}" role="img" '
        f'aria-label="{told}"><title>{told}</title>{"".join(parts)}</svg>\n'
    )


def _text(text: str, x: float) -> str:
    return (
        f'<text x="{number(x)}" y="14" textLength="{number(text_width(text))}" fill="#fff" font-size="{_FONT_SIZE}" '
        f"font-family=\"Verdana,'DejaVu Sans',Geneva,sans-serif\">{markup(text)}</text>"
    )
