"""A Redis server of its own for the tests that need one, on a free port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start a server that keeps an append-only file in a folder, and wait until it answers."""
    redis = pytest.importorskip("redis", reason="the extra redis is not installed")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (apt-get install redis-server)")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes",
               "--appendfsync", "always"]  # fmt: skip
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    for _ in range(200):
        with suppress(redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            client.ping()
            client.close()
            return server
        time.sleep(0.05)
    server.kill()
    raise RuntimeError("redis-server does not answer")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yield the address of a server that runs as long as the context."""
    port = free_port()
    server = start(folder, port)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()
