"""Patterns of paths, as ignores, overrides and exclusions have them."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path, its end, or a folder that it is in has a pattern; ``*`` does not stop at folders.

    A name that is the pattern itself matches too, whatever stands in it.

    Examples
    --------
    >>> matches("site/legal/a.md", "legal/*"), matches("site/legal/a.md", "legal"), matches("legally/a.md", "legal/")
    (True, True, False)
    >>> matches("a.md", "*.txt"), matches("./a[1].md", "a[1].md")
    (False, True)
    """
    plain, wanted = _plain(path), _plain(pattern)
    wanted = wanted.rstrip("/") or wanted
    if not wanted:
        return False
    if wanted.startswith("/"):
        return _has(os.path.abspath(path), wanted) or _has(os.path.realpath(path), wanted)  # noqa: PTH100
    return _has(plain, wanted) or _has(plain, "*/" + wanted) or plain.endswith("/" + wanted)


def _plain(path: str) -> str:
    return path.replace(os.sep, "/").removeprefix("./")


def _has(path: str, pattern: str) -> bool:
    return path == pattern or fnmatchcase(path, pattern) or fnmatchcase(path, pattern + "/*")
