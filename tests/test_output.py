"""Output files are complete, or not there."""

from __future__ import annotations

import os
import subprocess

import pytest

from dedup.output import open_output


def test_output_replaces_what_a_link_names_and_keeps_its_mode(tmp_path):
    """A link stays a link, and the file keeps its permissions."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    link.symlink_to(target)

    with open_output(link) as stream:
        stream.write("new …")

    assert (link.is_symlink(), target.read_text(encoding="utf-8"), target.stat().st_mode & 0o777) == (
        True,
        "new …",
        0o640,
    )


def test_output_may_be_a_pipe(tmp_path):
    """A named pipe is written to, and not replaced."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE, text=True) as reader:
        with open_output(path) as stream:
            stream.write("new")
        assert reader.stdout is not None
        assert reader.stdout.read() == "new"

    assert path.is_fifo()


def test_output_that_fails_leaves_the_old_file(tmp_path):
    """What is written before an error is thrown away."""
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")

    def interrupted() -> None:
        with open_output(path) as stream:
            stream.write("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert (list(tmp_path.iterdir()), path.read_text(encoding="utf-8")) == ([path], "old")
