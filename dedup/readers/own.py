"""How the files begin that dedup itself writes: they repeat the articles, and are none."""

from __future__ import annotations

import re
from collections.abc import Collection

#: What is said of such a file.
TITLE = "a baseline or a report of dedup"
REMEDY = "leave it out with --exclude, or read it with --input-format"

_BEGINNINGS = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:
    \{"dedup_baseline":\s*\d
    |\{"schema_version":\d+,\s*"tool":\{"name":"saidtwice"
    |\{"\$schema":"https://docs\.oasis-open\.org/sarif/
    |\{"schemaVersion":\ 1,\ "label":\ "said\ twice"
    |\[\s*\{"description":"[^\n]*","check_name":"D\d{3}"
    |<\?xml[^<]*<testsuites\ name="dedup"
    |<!DOCTYPE\ html>\s*<html[^<]*<head>(?:(?!</head>).){,2000}<meta\ name="generator"\ content="saidtwice
    |<svg\ [^>]*>\s*<title>(?:said\ twice:\ |[\d.]+%\ of\ this\ feed\ is\ said\ again)
    |\#\#\ dedup:\ gate\ (?:failed|passed)\s
    |code,severity,path,line,column,end_line,
    |::(?:error|warning|notice)\ file=[^\n]*title=D\d{3}\ [\w-]+::
    |[^\n]+:\d+:\d+:\ D\d{3}\ (?:record\ \d|an?\ |too\ much\ of\ |two\ articles\ )
    |(?:failed|passed):\ (?:[\d,]+\ errors?,\ [\d,]+\ warnings?|no\ article\ in\ the\ input)
    |[\d,]+\ articles?\ in\ [\d,]+\ files?[^\n]*,\ [\d,]+\ tokens?\n
    )""",
    re.DOTALL | re.VERBOSE,
)
#: Columns that no table of articles has together.
_COLUMNS = frozenset(("code", "severity", "suppressed", "other_path", "n_others"))


def is_own(head: bytes) -> bool:
    r"""Whether a file that begins so is a baseline or an output of this program, or SARIF of any.

    Examples
    --------
    >>> is_own(b'{"dedup_baseline": 2}\n'), is_own(b'{"text": "The ferry left the bay at dusk."}\n')
    (True, False)
    """
    return bool(_BEGINNINGS.match(head))


def is_own_table(names: Collection[str]) -> bool:
    """Whether a table with these columns is one that a check has written."""
    return _COLUMNS.issubset(names)
