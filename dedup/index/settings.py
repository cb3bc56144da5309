"""The settings that travel with an archive, and which of them may differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dedup.config import SETTINGS, Config, load_config
from dedup.errors import ConfigError, IncompatibleError, IndexFormatError
from dedup.index.kinds import how_to_rebuild
from dedup.index.packing import KEEPS, Keeps

#: Raised when equal settings give other keys or bands than before.
SIGNATURE_VERSION = 1
#: What decides the bits that are kept. Of the last two a check may ask for more.
DECIDES = ("join_hyphens", "shingle", "shingle_size", "min_tokens", "levels", "num_perm", "seed", "recall")
AT_LEAST = ("min_jaccard", "min_run")
#: Settings of the reading: they are those of each feed and not of the archive.
_OF_READING = "read"


def settings_of(config: Config) -> dict[str, object]:
    """Return the settings of an archive by name, as JSON can hold them."""
    found: dict[str, object] = {"signature": signature_id(config)}
    for name, (part, attribute) in SETTINGS.items():
        if part not in (_OF_READING, "candidates"):
            value = getattr(config, part)
            value = getattr(value, attribute) if attribute else value
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def keeps_of(name: str, kept: Mapping[str, object]) -> Keeps:
    """Return what an archive keeps of titles and texts; archives made before there was a choice keep them.

    Raises
    ------
    IndexFormatError
        It keeps something that this version does not know.

    Examples
    --------
    >>> keeps_of("a.db", {}), keeps_of("a.db", {"store": "hashes"})
    ('text', 'hashes')
    """
    found = kept.get("store", "text")
    for one in KEEPS:
        if one == found:
            return one
    told = f"it keeps {found!r}, this version of dedup knows {' and '.join(KEEPS)}"
    raise IndexFormatError(f"index {name}: {told}; install a newer dedup")


def refuse_characters(config: Config, keeps: Keeps) -> None:
    """Refuse an archive of hashes whose shingles are of characters: hashes of words do not tell them.

    Raises
    ------
    ConfigError
        With both settings, and what to do.
    """
    if keeps == "hashes" and config.shingle.unit == "char":
        raise ConfigError(
            "shingle is 'char' and store is 'hashes', which keeps hashes of words and none of characters; leave out "
            "--shingle char, or pass --store text"
        )


def signature_id(config: Config) -> str:
    """Return the name of all that decides the bits of an archive: equal names, comparable bits.

    Examples
    --------
    >>> from dedup.config import load_config
    >>> one, other = load_config({"min_cosine": 0.9}), load_config({"num_perm": 64})
    >>> signature_id(one) == signature_id(Config()), signature_id(other) == signature_id(Config())
    (True, False)
    """
    parts: tuple[Any, ...] = (config.segment, config.tokens, config.shingle, config.minhash, config.lsh)
    decides = [SIGNATURE_VERSION, *map(asdict, parts), sorted(config.levels)]
    decides += [config.score.min_jaccard, config.passages.min_run]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def config_of(name: str, kept: Mapping[str, object], given: Mapping[str, object] | None = None) -> Config:
    """Return the configuration of an archive with other settings laid over it.

    Parameters
    ----------
    name : str
        Of the archive, for messages.
    kept : mapping
        The settings of the archive.
    given : mapping, optional
        Those of this run that were set by someone.

    Raises
    ------
    IncompatibleError
        A setting that decides the bits differs: its name, both values, what to do.
    """
    plain = {key: value for key, value in kept.items() if key not in ("signature", "store")}
    built = load_config(plain)
    if signature_id(built) != kept["signature"]:
        raise IncompatibleError(
            f"index {name}: its segments were made by another version of dedup; {how_to_rebuild(name)}"
        )
    config = load_config({**plain, **{key: value for key, value in (given or {}).items() if value is not None}})
    one, other = settings_of(built), settings_of(config)
    for key in DECIDES + AT_LEAST:
        a, b = one[key], other[key]
        if a == b or (key in AT_LEAST and _is_more(key, a, b)):
            continue
        flag = "--level" if key == "levels" else "--" + key.replace("_", "-")
        shown = " ".join(f"{flag} {value}" for value in a) if isinstance(a, list) else f"{flag} {a}"
        at_least = "at least " if key in AT_LEAST else ""
        raise IncompatibleError(
            f"index {name}: built with {key}={a}, this run has {b}; build it anew with that, or pass {at_least}{shown}"
        )
    return config


def _is_more(key: str, kept: object, given: object) -> bool:
    if not isinstance(kept, int | float) or not isinstance(given, int | float):
        raise ConfigError(f"{key} is {given!r}; a number is needed")
    # No runs at all are fewer than any.
    return given >= kept > 0 or (key == "min_run" and given == 0)
