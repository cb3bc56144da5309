"""Report -> its overview as PNG: the picture of `dedup.reports.svg`, drawn by resvg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from dedup.errors import ConfigError
from dedup.reports import DEFAULT_OPTIONS, Options
from dedup.reports.svg import picture

if TYPE_CHECKING:
    from dedup.result import Report

#: Pixels for one of the picture: sharp on screens of today and on paper.
_ZOOM = 2
#: resvg knows no default font of the system; the first of these that there is stands for the generic names.
_SERIF = ("Georgia", "Noto Serif", "DejaVu Serif", "Liberation Serif", "Times New Roman", "FreeSerif")
_SANS = (
    *("Helvetica Neue", "Arial", "Noto Sans", "DejaVu Sans", "Liberation Sans", "Segoe UI", "Roboto", "Ubuntu"),
    *("Cantarell", "Open Sans", "Verdana", "FreeSans", "Noto Sans CJK SC", "Noto Sans CJK JP"),
)
_PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="{}">{}</text></svg>'


def write(report: Report, stream: TextIO, options: Options = DEFAULT_OPTIONS) -> None:
    """Write the overview as PNG.

    Raises
    ------
    ConfigError
        resvg is not installed, there is no font, or the stream is a terminal or has no bytes below it.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigError(
            "format png: needs resvg: pip install 'saidtwice[png]'; --format svg needs nothing"
        ) from error
    buffer = getattr(stream, "buffer", None)
    if buffer is None or stream.isatty():
        raise ConfigError("format png: it is not text for a terminal; name a file: -o overview.png")
    # Without a font resvg draws no text and says nothing.
    empty = resvg_py.svg_to_bytes(svg_string=_PROBE.format(_SANS[0], ""))

    def found(families: Sequence[str]) -> str | None:
        drawn = (name for name in families if resvg_py.svg_to_bytes(svg_string=_PROBE.format(name, "M")) != empty)
        return next(drawn, None)

    sans = found(_SANS) or found(_SERIF)
    if sans is None:
        raise ConfigError("format png: this machine has none of the usual fonts; install DejaVu, or use --format svg")
    stream.flush()
    serif = found(_SERIF) or sans
    image = resvg_py.svg_to_bytes(
        svg_string=picture(report), zoom=_ZOOM, sans_serif_family=sans, serif_family=serif, font_family=sans
    )
    buffer.write(bytes(image))
