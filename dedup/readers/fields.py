"""Which fields of a record are its id, title, text, date, source, url, language and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE
from dedup.readers.dates import parse_date
from dedup.readers.encodings import find_encoding
from dedup.readers.params import FIELDS, ReadParams

if TYPE_CHECKING:
    import msgspec

#: Stands between the tags of an article in its column: the unit separator of ASCII, which no tag has.
TAG_SEPARATOR = "\x1f"

_KINDS = {bool: "a boolean", int: "a number", float: "a number", list: "a list", tuple: "a list", dict: "an object"}

#: What may be HTML.
_PROSE = ("title", "text")

#: Where exports have an object in place of a value, the member that is it: WordPress (``rendered``, which is HTML),
#: Drupal (``processed``, ``value``), blocks of editors (``text``), MongoDB (Extended JSON, version 2).
_RENDERED = "rendered"
_VALUE_NAMES = (_RENDERED, "processed", "value", "text", "$oid", "$date", "$numberLong", "$numberInt")
_VALUE_DEPTH = 3

#: What the name of a tag that is an object is called (JSON Feed and ninjs have strings or `name`, Atom `term`).
_TAG_NAMES = ("name", "term", "label")
_TAG_ENDS = re.compile("[,;|]")

DATE_NOTE = "date not understood, article kept without one"


@dataclass(frozen=True, slots=True)
class Record:
    """One record, its strings as UTF-8; empty where it has none."""

    id: bytes
    title: bytes
    text: bytes
    date: int
    source: bytes
    url: bytes
    notes: tuple[str, ...]
    language: bytes = b""
    tags: bytes = b""  # with `TAG_SEPARATOR` between


class FieldTable:
    """The names of the fields, laid out for the parsers.

    Attributes
    ----------
    roles : dict of str to tuple of str
        For each key of `FIELDS`, the names looked for.
    keys : tuple of str
        All of these names once; a record's values are kept in this order.
    html : str
        As in `ReadParams`.
    encoding : str
        What bytes are in that are not UTF-8, as `decode_text` takes it.
    """

    def __init__(self, params: ReadParams, *, front_matter: bool = False) -> None:
        self.html = params.html
        self.encoding = find_encoding(params.encoding) if params.encoding else ""
        self.roles = dict(FIELDS)
        if front_matter:
            self.roles["id"] += ("slug",)
        for role, names in params.fields.items():
            self.roles[role] = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
        looked_for = tuple(dict.fromkeys(key for names in self.roles.values() for key in names))
        outers = (name.partition(".")[0] for name in looked_for if "." in name)
        self.keys = tuple(dict.fromkeys((*looked_for, *outers)))
        # Where a name is "a.b", and no field is called so: its column, that of "a", and the way from there.
        self._nested = [
            (self.keys.index(name), self.keys.index(outer), inner.split("."))
            for name, (outer, dot, inner) in ((name, name.partition(".")) for name in looked_for)
            if dot
        ]
        self._columns = {role: tuple(map(self.keys.index, names)) for role, names in self.roles.items()}

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Decodes a JSON object to a struct of the values of `keys`, None where it lacks one."""
        import msgspec

        names = [f"f{i}" for i in range(len(self.keys))]
        struct = msgspec.defstruct(
            "Values", [(name, Any, None) for name in names], rename=dict(zip(names, self.keys, strict=True))
        )
        return msgspec.json.Decoder(struct)

    @cached_property
    def scanned_keys(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
        """The names as `scan_lines` takes them: bytes, offsets, roles, ranks; None if they are too many, or nested."""
        entries = [
            (name.encode("utf-8", "replace"), column, rank)
            for column, names in enumerate(self.roles.values())
            for rank, name in enumerate(names)
        ]
        if len(entries) > 63 or self._nested:
            return None
        offsets = np.cumsum([0, *(len(name) for name, _, _ in entries)], dtype=np.int64)
        values = np.frombuffer(b"".join(name for name, _, _ in entries), np.uint8)
        roles, ranks = (np.array([entry[i] for entry in entries], np.int64) for i in (1, 2))
        return values, offsets, roles, ranks

    def values_of(self, record: Mapping[Any, object]) -> tuple[object, ...]:
        """Return the values of `keys`, None where the record lacks one."""
        return tuple(map(record.get, self.keys))

    def values_by_role(self, record: Mapping[str, object]) -> tuple[object, ...]:
        """Return the values of `keys` for a record of a format that has its own place for each key of `FIELDS`.

        Names that the user gave (``text=summary``) are looked for in it too; those that it lacks are meant for other
        files.
        """
        named = dict(record)
        for role, names in self.roles.items():
            if role in record and not any(name in record for name in names):
                named[names[0]] = record[role]
        return self.values_of(named)

    def resolve(self, values: Sequence[object], *, need_text: bool = True, is_text: bool = False) -> Record | str:
        """Return the record that has these values of `keys`, or why it is none.

        Parameters
        ----------
        values : sequence of object
        need_text : bool
            False where the text stands elsewhere (front matter).
        is_text : bool
            There is no HTML in it, whatever it looks like.
        """
        notes: dict[str, None] = {}
        if self._nested:
            values = self._with_nested(values)

        def string(role: str) -> bytes:
            for column in self._columns[role]:
                given = values[column]
                value = given if isinstance(given, str | int | float) else unwrapped(given, role)
                if isinstance(value, str) and value:
                    encoded = _encode(value, notes)
                    is_html = isinstance(given, Mapping) and _RENDERED in given and self.html != "never"
                    if is_text or role not in _PROSE or not (is_html or self._may_be_html(value)):
                        return encoded
                    return self.without_tags(role, encoded.decode(), is_html=is_html).encode()
                if role == "source" and isinstance(value, Mapping):
                    name = value.get("name")
                    if isinstance(name, str) and name:
                        return _encode(name, notes)
                if role == "id" and isinstance(value, int | float) and not isinstance(value, bool) and value == value:
                    whole = isinstance(value, int) or value.is_integer()
                    return str(int(value) if whole else value).encode()
            return b""

        title, text = string("title"), string("text")
        if need_text and not text:
            present = [self.keys[i] for i in self._columns["text"] if values[i] is not None]
            if not any(isinstance(unwrapped(values[i], "text"), str) for i in self._columns["text"]):
                if present:
                    kind = _KINDS.get(type(values[self.keys.index(present[0])]), "no string")
                    return f'no text field: "{present[0]}" is {kind}'
                return f"no text field (looked for {', '.join(self.roles['text'])})"
            if not title:
                return "empty"
        moment = self._date(values, notes)
        identity, source, url, language = string("id"), string("source"), string("url"), string("language")
        tags = self._tags(values, notes)
        return Record(identity, title, text, moment, source, url, tuple(notes), language, tags)

    def _with_nested(self, values: Sequence[object]) -> list[object]:
        found = list(values)
        for column, outer, path in self._nested:
            value = found[outer]
            for name in path:
                value = value.get(name) if isinstance(value, Mapping) else None
            if found[column] is None:
                found[column] = value
        return found

    def without_tags(self, role: str, value: str, *, is_html: bool = False) -> str:
        """Return a title or text as text: HTML, if it is known to be, or is and the settings say so, as paragraphs."""
        if not is_html and not self._may_be_html(value):
            return value
        from dedup.readers import markup

        if not is_html and self.html == "auto" and not markup.is_html(value):
            return value
        return markup.html_line(value) if role == "title" else markup.html_text(value)

    def _may_be_html(self, value: str) -> bool:
        return self.html == "always" or (self.html == "auto" and "<" in value)

    def _tags(self, values: Sequence[object], notes: dict[str, None]) -> bytes:
        for column in self._columns["tags"]:
            tags = tags_of(values[column]) if values[column] else ""
            if tags:
                return _encode(tags, notes)
        return b""

    def _date(self, values: Sequence[object], notes: dict[str, None]) -> int:
        unknown = False
        for column in self._columns["date"]:
            value = unwrapped(values[column], "date")
            if value == "" or isinstance(value, bool) or not isinstance(value, str | int | float | date):
                unknown |= isinstance(value, Mapping | list | tuple) and len(value) > 0
                continue
            if value != value:  # not a number, not a time: no date
                continue
            moment = parse_date(value)
            if moment is None:
                notes[DATE_NOTE] = None
            return NO_DATE if moment is None else moment
        if unknown:
            notes[DATE_NOTE] = None
        return NO_DATE


def unwrapped(value: object, role: str) -> object:
    r"""Return what an object or list holds in place of a value, else itself: all texts of a list are paragraphs.

    Of a list in any other role, and of the members that `_VALUE_NAMES` has, the first is taken.

    Examples
    --------
    >>> unwrapped({"$date": {"$numberLong": "5"}}, "date"), unwrapped([{"value": "Fog"}], "title")
    ('5', 'Fog')
    >>> unwrapped([{"type": "p", "text": "One."}, "Two.", {"src": "a.png"}], "text")
    'One.\n\nTwo.'
    >>> unwrapped({"name": "Courier"}, "source"), unwrapped([1, 2], "text")
    ({'name': 'Courier'}, [1, 2])
    """
    if isinstance(value, list | tuple):
        held = [one for one in map(_member, value) if isinstance(one, str | int | float) and one != ""]
        if role != "text":
            return held[0] if held else value
        return "\n\n".join(one for one in held if isinstance(one, str)) or value
    return _member(value)


def _member(value: object) -> object:
    held = value
    for _ in range(_VALUE_DEPTH):
        if isinstance(held, Mapping):
            held = next((held[name] for name in _VALUE_NAMES if held.get(name) is not None), None)
    return value if held is None or isinstance(held, Mapping) else held


def tags_of(value: object) -> str:
    """Return the tags that a value gives, `TAG_SEPARATOR` between: a string is one, or several with , ; or | between.

    Examples
    --------
    >>> tags_of("news, world").split(TAG_SEPARATOR), tags_of(["a", {"name": "b"}, 5]).split(TAG_SEPARATOR)
    (['news', 'world'], ['a', 'b'])
    """
    found: list[object] = []
    if isinstance(value, str):
        found += _TAG_ENDS.split(value)
    elif isinstance(value, list | tuple):
        found += value
    named = (next(filter(None, map(one.get, _TAG_NAMES)), "") if isinstance(one, Mapping) else one for one in found)
    tags = (" ".join(one.replace(TAG_SEPARATOR, " ").split()) for one in named if isinstance(one, str))
    return TAG_SEPARATOR.join(dict.fromkeys(filter(None, tags)))


def _encode(text: str, notes: dict[str, None]) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        notes["lone surrogate replaced by U+FFFD"] = None
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()
