"""Feed -> what the peers flag in it and how long they take, each in an environment and a process of its own.

The task of each: from the feed's paragraphs (of at least 8 words, as Python strings in memory) to those that have a
near-duplicate at Jaccard .5, with recall .99 at .5 where bands can be chosen, two threads where the peer can use them.
Every peer is used the quickest way its documentation has; `peer_scripts` says which.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.results import ENVS, ROOT

THREADS = "2"
THREAD_VARIABLES = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Peer:
    """A library to compare with.

    Attributes
    ----------
    name : str
    requirements : tuple of str
        Pinned; the first is the peer itself. Peers with equal requirements share an environment.
    script : str
        Module in `peer_scripts`.
    max_bytes : int or None
        How much article text it gets by default; None is all of it.
    npm : str
        Pinned package of npm, for a peer that is a program of Node.js.
    """

    name: str
    requirements: tuple[str, ...]
    script: str
    max_bytes: int | None = None
    npm: str = ""


#: What this project does at the same task, run as the peers are; it needs no environment of its own.
OWN = Peer("saidtwice, same task", (), "own")

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("datasketch", ("datasketch==2.0.0", "xxhash==4.1.0"), "datasketch_lsh", 20_000_000),
        Peer("gaoya", ("gaoya==0.2.2",), "gaoya_index"),
        Peer("rensa-shingles", ("rensa==0.5.0",), "rensa_shingles"),
        Peer("rensa-rho", ("rensa==0.5.0",), "rensa_rho"),
        Peer("rensa-tokens", ("rensa==0.5.0",), "rensa_tokens"),
        Peer("fastsketch", ("fastsketchlsh==1.0.1",), "fastsketch_lsh"),
        Peer("text-dedup", ("text-dedup==0.4.0",), "textdedup_minhash", 5_000_000),
        Peer("datatrove", ("datatrove[processing]==0.10.1", "spacy==3.8.18"), "datatrove_minhash", 2_000_000),
        Peer("semhash", ("semhash==0.5.0",), "semhash_records", 20_000_000),
        Peer("content-dedup", ("content-dedup==1.1.2",), "contentdedup_clusters", 500_000),
        Peer("jscpd", (), "jscpd_files", 20_000_000, npm="jscpd@5.3.2"),
    )
}


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What a peer found and took; all but `name` and `error` are empty where it did not run.

    Attributes
    ----------
    seconds : dict of str to float
        By step: ``parse`` (file to strings, the harness's part), ``tokens`` (shingles, collapsing, where they are a
        step apart), ``sketch``, ``query`` (index and flags).
    mb_per_s : float
        Article text (millions of UTF-8 bytes) a second of all steps but ``parse``.
    cpu_seconds : float
        User and system, of the whole process and what it started.
    peak_mb : float
        Largest resident size of its process, the strings of the feed included.
    flagged : list of (int, int)
        Ids of paragraphs with a near-duplicate: number of the record (line) from 1, of the paragraph in it from 0.
    n_pairs : int or None
        Pairs of distinct paragraphs, where the tool gives pairs.
    n_articles : int
        It was given the first `n_articles` of the feed, `text_mb` of text, `n_paragraphs` of at least 8 words.
    error : str or None
        Why it did not run, one line.
    """

    name: str
    version: str = ""
    settings: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    mb_per_s: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    flagged: list[tuple[int, int]] = field(default_factory=list)
    n_pairs: int | None = None
    n_paragraphs: int = 0
    n_articles: int = 0
    text_mb: float = 0.0
    error: str | None = None


def run_peer(
    name: str, feed_path: Path, envs: Path = ENVS, max_bytes: int | None = None, timeout_seconds: float = 1800
) -> PeerResult:
    """Return what one peer finds in the first `max_bytes` of article text of a JSON Lines feed.

    Parameters
    ----------
    name : str
        A key of `PEERS`, or the name of `OWN`.
    feed_path : Path
        JSON Lines, one article a line, with its body in ``text``.
    envs : Path
        Where the environments of the peers are kept; made on first use, which needs a package registry.
    max_bytes : int, optional
        None is all of the feed, whatever the peer's default.
    timeout_seconds : float
        For the run, and for the installation.

    Returns
    -------
    PeerResult
        With `error` set where the peer cannot be installed, fails, or runs out of time.

    Raises
    ------
    KeyError
        There is no peer of this name.
    """
    peer = OWN if name == OWN.name else PEERS[name]
    variables = os.environ | dict.fromkeys(THREAD_VARIABLES, THREADS) | {"PYTHONPATH": str(ROOT)}
    variables.pop("PYTHONHOME", None)
    try:
        python = Path(sys.executable) if peer is OWN else make_environment(peer, envs, timeout_seconds)
        program, _, version = peer.npm.partition("@")
        variables |= {
            "PEER_PROGRAM": str(python.parents[1] / "node_modules" / ".bin" / program),
            "PEER_VERSION": version,
        }
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "result.json"
            command = [str(python), "-m", f"benchmarks.peer_scripts.{peer.script}"]
            command += ["--input", str(feed_path), "--out", str(out)]
            if max_bytes is not None:
                command += ["--max-bytes", str(max_bytes)]
            subprocess.run(command, env=variables, check=True, capture_output=True, text=True, timeout=timeout_seconds)
            found = json.loads(out.read_text())
    except (OSError, subprocess.SubprocessError) as error:
        return PeerResult(name, error=_reason(error))
    found["flagged"] = [(record, paragraph) for record, paragraph in found["flagged"]]
    own_seconds = sum(seconds for step, seconds in found["seconds"].items() if step != "parse")
    return PeerResult(name, mb_per_s=found["text_mb"] / own_seconds if own_seconds else 0.0, **found)


def make_environment(peer: Peer, envs: Path, timeout_seconds: float) -> Path:
    """Return the interpreter of the peer's environment, made and filled on first use.

    Raises
    ------
    OSError, subprocess.SubprocessError
        It cannot be made, or the registry does not give what is pinned.
    """
    # ABI of the running interpreter in the name: after an upgrade of Python the old wheels would not load
    parts = [*peer.requirements, *filter(None, [peer.npm]), sys.implementation.cache_tag or "python"]
    label = re.sub(r"[^\w.]+", "-", "-".join(parts))
    environment = envs.expanduser().absolute() / label
    python = environment / "bin" / "python"
    complete = environment / "complete"  # written last: an installation that broke off is made again
    if not complete.exists():
        make = [sys.executable, "-m", "venv", "--clear", str(environment)]
        commands = [make]
        if peer.requirements:
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            commands.append([*pip, *peer.requirements])
        if peer.npm:
            commands.append(["npm", "install", "--silent", "--save-exact", "--prefix", str(environment), peer.npm])
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_seconds)
        complete.touch()
    return python


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    """Return one line on why a command failed: the last line of what it said, if it said anything."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {error.timeout:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        # a program that is ended from outside (out of memory) says nothing
        return (error.stderr or "").strip().rpartition("\n")[2] or f"ended with code {error.returncode}"
    return str(error)
