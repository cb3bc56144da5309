"""Points -> line charts as SVG: no library, one file, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 28, 44
_COLOURS = ("#3b76af", "#d1605e", "#59a14f", "#b07aa1", "#e08f2c", "#7a7a7a")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: its name, and (x, y) from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


def chart(
    title: str,
    x_name: str,
    lines: Sequence[Line],
    *,
    y_name: str = "",
    here: float | None = None,
    y_range: tuple[float, float] | None = (0.0, 1.0),
) -> str:
    """Return a chart; ``here`` is an x that is marked as what is in force.

    Examples
    --------
    >>> svg = chart("Recall", "threshold", [Line("recall", [(0, 1), (1, 0)])], here=0.5)
    >>> svg.count("<polyline"), "in force: 0.5" in svg
    (1, True)
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_low, x_high = min(xs), max(xs)
    y_low, y_high = y_range or (0.0, max(ys) * 1.05)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / ((x_high - x_low) or 1)
        up = (y - y_low) / ((y_high - y_low) or 1)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="11" '
        f'font-family="sans-serif" fill="#777"><title>{escape(title)}</title>',
        f'<text x="{_LEFT}" y="16" font-size="13">{escape(title)}</text>',
    ]
    for i in range(6):
        value = y_low + (y_high - y_low) * i / 5
        _, y = place(x_low, value)
        out.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#8885" stroke-width=".7"/>')
        out.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
        value = x_low + (x_high - x_low) * i / 5
        x, _ = place(value, y_low)
        out.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{value:.3g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    out.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>')
    if y_name:
        out.append(f'<text x="14" y="{_TOP - 8}">{escape(y_name)}</text>')
    if here is not None:
        x, _ = place(here, y_low)
        out.append(f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#777" stroke-dasharray="4 3"/>')
        out.append(f'<text x="{x + 4:.1f}" y="{_TOP + 8}">in force: {here:g}</text>')
    for row, line in enumerate(lines):
        colour = _COLOURS[row % len(_COLOURS)]
        points = [place(x, y) for x, y in line.points]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colour}"/>' for x, y in points]
        y = _TOP + 14 + 18 * row
        out.append(f'<path d="M{_WIDTH - _RIGHT + 12} {y - 4}h16" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{_WIDTH - _RIGHT + 34}" y="{y}">{escape(line.name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
