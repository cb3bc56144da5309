"""An archive whose writer is killed (SIGKILL) at random moments: it opens, verifies, and has all or nothing of a step.

Steps are additions, removals and compactions of made-up articles, drawn by chance; each runs in a process of its own,
forked when everything is loaded, so that the kill hits the work and not the start.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import dedup
from benchmarks.results import Options, Result

#: Made-up articles of a step.
_STEP = 25
_WORDS = [f"word{i}" for i in range(500)]

State = tuple[tuple[str, ...], int]


def measure_kills(path: Path, options: Options) -> Result:
    """Kill 200 writers, or ``--count``."""
    result = Result()
    with TemporaryDirectory() as folder:
        outcomes, problems = kill_writers(Path(folder) / "archive.db", options.count or 200, options.seed)
    for step in ("add", "remove", "compact"):
        row = {"step": step, "killed": sum(count for (name, _), count in outcomes.items() if name == step)}
        result.rows.append(row | {told: outcomes[step, told] for told in ("nothing done", "all done", "ended before")})
    result.failures.extend(problems)
    result.notes.append("after each kill the archive was opened and verified")
    return result


def kill_writers(path: Path, n: int, seed: int = 0) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Kill writers of a new archive.

    Returns
    -------
    Counter of (step, outcome)
    list of str
        What was wrong afterwards, a line each.
    """
    source = random.Random(seed)
    dedup.Index.create(path, jobs=1).close()
    with dedup.Index.open(path, jobs=1) as index:
        index.add(_articles(source, "first", 4 * _STEP))
    seconds = {step: _longest(path, step, source) for step in ("add", "remove", "compact")}
    outcomes: Counter[tuple[str, str]] = Counter()
    problems: list[str] = []
    for number in range(n):
        step = source.choice(("add", "add", "remove", "compact"))
        before = _state(path)
        batch = _articles(source, f"kill{number}", _STEP)
        gone = source.sample(before[0], min(_STEP, len(before[0]) // 2))
        after = _expected(step, before, batch, gone)
        ended = _kill(partial(_do, path, step, batch, gone), source.uniform(0, 1.1 * seconds[step]))
        found, wrong = _verified(path)
        problems += [f"kill {number} of {step}: {line}" for line in wrong]
        if found not in (before[0], after):
            problems.append(f"kill {number} of {step}: {len(found)} articles, neither all nor nothing")
        told = "ended before" if ended else "all done" if found == after != before[0] else "nothing done"
        outcomes[step, told] += 1
    return outcomes, problems


def _articles(source: random.Random, name: str, n: int) -> list[dict[str, object]]:
    """Return articles, some paragraphs of which stand in several."""
    pool = [" ".join(source.choices(_WORDS, k=40)) for _ in range(n)]
    texts = ("\n\n".join([" ".join(source.choices(_WORDS, k=60)), *source.sample(pool, 2)]) for _ in range(n))
    return [{"id": f"{name}-{i}", "text": text} for i, text in enumerate(texts)]


def _do(path: Path, step: str, batch: list[dict[str, object]], gone: list[str]) -> None:
    with dedup.Index.open(path, jobs=1) as index:
        if step == "add":
            index.add(batch)
        elif step == "remove":
            index.remove(gone)
        else:
            index.compact()


def _expected(step: str, before: State, batch: list[dict[str, object]], gone: list[str]) -> tuple[str, ...]:
    if step == "add":
        return tuple(sorted([*before[0], *(str(one["id"]) for one in batch)]))
    return tuple(sorted(set(before[0]) - set(gone))) if step == "remove" else before[0]


def _longest(path: Path, step: str, source: random.Random) -> float:
    """Return how long a step takes that nobody kills."""
    start = time.perf_counter()
    ids = _state(path)[0][: _STEP // 2]
    _do(path, step, _articles(source, f"timed-{step}", _STEP), list(ids))
    return time.perf_counter() - start


def _kill(work: Callable[[], None], after_seconds: float) -> bool:
    """Run something in a process that is killed; returns whether it had ended by itself."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # the parent looks at the archive, not at this process
            os._exit(1)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def _state(path: Path) -> State:
    with dedup.Index.open(path, writable=False, jobs=1) as index:
        return tuple(sorted(index.store.heads().ids)), index.store.totals()[1]


def _verified(path: Path) -> tuple[tuple[str, ...], list[str]]:
    with dedup.Index.open(path, writable=False, jobs=1) as index:
        return tuple(sorted(index.store.heads().ids)), index.verify()
