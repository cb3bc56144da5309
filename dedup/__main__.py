"""``python -m dedup``: the command line."""

from __future__ import annotations

from dedup.cli import run_and_leave

if __name__ == "__main__":
    run_and_leave()
