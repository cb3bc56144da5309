"""A command -> what its process took: seconds, processor seconds, peak memory.

Linux counts into a program's peak that of the program that started it, up to the moment it did (`getrusage` of a child
after ``exec``): a harness that holds a feed would measure itself. A small Python stands between the two.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import ROOT

#: Argument 1 is where the answer goes, a file descriptor; the rest is the command.
_BETWEEN = """
import json, os, sys, time
answer, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(answer, False)
start = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
took = time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, usage.ru_oublock
os.write(answer, json.dumps([os.waitstatus_to_exitcode(status), *took]).encode())
"""
#: Of ``ru_oublock``.
_BLOCK_BYTES = 512
_KIBIBYTES = 1 / 1024 if sys.platform == "darwin" else 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command as a whole process.

    Attributes
    ----------
    seconds : float
        Wall time, start-up included.
    cpu_seconds : float
        User and system, all threads and all processes that it waited for.
    peak_mb : float
        Largest resident size, MiB; 10 or so at least, those of a small Python.
    written_mb : float
        What was given to disks, MB; on Linux each page counts when it is first written to, though it may be gone again
        before its turn at the disk comes.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    written_mb: float = 0.0


def run(*command: str | Path, env: dict[str, str] | None = None, out: Path | None = None) -> Run:
    """Run a command to its end, its standard output into ``out``, and return what it took.

    Raises
    ------
    RuntimeError
        The command failed; with the last line that it wrote to stderr.
    """
    words = [str(part) for part in command]
    answer, given = os.pipe()
    with (out or Path(os.devnull)).open("wb") as stream, os.fdopen(answer, "rb") as answers:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BETWEEN, str(given), *words],
            cwd=ROOT,
            env=os.environ | (env or {}),
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(given,),
        )
        os.close(given)
        _, errors = process.communicate()
        told = answers.read()
    code, seconds, cpu_seconds, peak, blocks = json.loads(told) if told else (process.returncode, 0.0, 0.0, 0, 0)
    if code or not told:
        raise RuntimeError(f"{' '.join(words)}: {errors.strip().splitlines()[-1:]}")
    return Run(seconds, cpu_seconds, peak * _KIBIBYTES / 1024, blocks * _BLOCK_BYTES / 1e6)


def median_run(runs: list[Run]) -> Run:
    """Return the median time, the median processor time, and the largest peak."""
    seconds, cpu = ([getattr(one, name) for one in runs] for name in ("seconds", "cpu_seconds"))
    return Run(statistics.median(seconds), statistics.median(cpu), max(one.peak_mb for one in runs))
