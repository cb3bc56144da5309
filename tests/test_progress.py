"""Progress is shown to those who can see it and have to wait."""

from __future__ import annotations

from io import StringIO

from dedup.progress import Progress, shows_progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_comes_after_a_second_and_goes_away():
    """A short run shows nothing; a long one a line that is redrawn at most ten times a second, and cleared."""
    now = [0.0]
    stream = StringIO()
    with Progress(stream, enabled=True, clock=lambda: now[0]) as progress:
        for now[0], done in ((0.0, 0), (0.9, 40), (1.0, 50), (1.05, 60), (1.2, 70)):
            progress("read", done * 10**6, 100 * 10**6)

    assert stream.getvalue() == ("\r\x1b[Kread  50%  50 MB/s  0:01 left\r\x1b[Kread  70%  58.3 MB/s  0:00 left\r\x1b[K")


def test_progress_is_for_terminals_only(monkeypatch):
    """Neither a file, nor a build, nor a dumb terminal gets progress."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    shown = [shows_progress(StringIO()), shows_progress(Terminal())]
    monkeypatch.setenv("TERM", "dumb")
    shown.append(shows_progress(Terminal()))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("CI", "true")
    shown.append(shows_progress(Terminal()))

    assert shown == [False, True, False, False]
