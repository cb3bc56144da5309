"""Paths as the user named them -> paths from the root of the repository, as code hosts want them."""

from __future__ import annotations

import os
from pathlib import Path


def find_root(folder: Path | None = None) -> Path:
    """Return the top of the git work tree around a folder (the current one); the folder itself where there is none.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / ".git").mkdir()
    >>> (folder / "site" / "articles").mkdir(parents=True)
    >>> find_root(folder / "site" / "articles") == folder.resolve()
    True
    """
    start = (folder or Path()).resolve()
    for above in (start, *start.parents):
        if (above / ".git").exists():  # a folder, or a file in a linked work tree and in a submodule
            return above
    return start


def from_root(path: str, root: Path) -> str | None:
    """Return a path from the root, with slashes between its parts; None for what is not below it, such as ``-``.

    Examples
    --------
    >>> from_root("-", Path("/site")), from_root("/site/articles/a.md", Path("/site"))
    (None, 'articles/a.md')
    """
    if path == "-":
        return None
    # The path as it is named comes first: git knows a link by its own name, not by what it points to.
    for whole in (os.path.abspath(path), os.path.realpath(path)):  # noqa: PTH100 -- Path.absolute keeps the dots
        named = Path(whole)
        if named.is_relative_to(root):
            return named.relative_to(root).as_posix()
    return None
