"""What a run is at -> one line on standard error, for people who wait."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import TextIO

#: Nothing is shown of a run that is over by then.
_QUIET_SECONDS = 1.0
_REDRAW_SECONDS = 0.1
_CLEAR = "\r\x1b[K"


def shows_progress(stream: TextIO) -> bool:
    """Whether somebody may be looking: a terminal that can redraw a line, and not a build."""
    return stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class Progress:
    """A line that is redrawn in place: the stage, how far it is, its rate, and how long it will take.

    Parameters
    ----------
    stream : TextIO
    enabled : bool
        Whether to show anything.
    clock : callable
        Seconds, from any start.

    Notes
    -----
    Threads may call it at once: what is lost then is one redrawing.
    """

    def __init__(self, stream: TextIO, *, enabled: bool, clock: Callable[[], float] = monotonic) -> None:
        self._stream, self._enabled, self._clock = stream, enabled, clock
        self._begun = self._stage_begun = self._clock()
        self._drawn = self._begun - _REDRAW_SECONDS
        self._stage = ""
        self._shown = False

    def __call__(self, stage: str, done_bytes: int, total_bytes: int) -> None:
        """Take note of how far a stage is."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._stage_begun = stage, now
        if not self._enabled or now - self._begun < _QUIET_SECONDS or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn, self._shown = now, True
        self._stream.write(_CLEAR + progress_line(stage, done_bytes, total_bytes, now - self._stage_begun))
        self._stream.flush()

    def note(self, line: str) -> None:
        """Write a line that stays."""
        self.clear()
        self._stream.write(line + "\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


def progress_line(stage: str, done_bytes: int, total_bytes: int, seconds: float) -> str:
    """Return what is shown of a stage that has run for so long.

    Examples
    --------
    >>> progress_line("segment", 50_000_000, 200_000_000, 0.5)
    'segment  25%  100 MB/s  0:01 left'
    """
    parts = [stage]
    if total_bytes:
        parts.append(f"{done_bytes / total_bytes:.0%}")
    if seconds > 0 and done_bytes:
        rate = done_bytes / seconds
        parts.append(f"{rate / 1e6:.3g} MB/s")
        if total_bytes:
            left = int(max(total_bytes - done_bytes, 0) / rate)
            parts.append(f"{left // 60}:{left % 60:02d} left")
    return "  ".join(parts)
