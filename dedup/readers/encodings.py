"""Bytes of a file -> text, whatever they say of their encoding."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

#: Declarations stand at the beginning (HTML Standard, "prescan a byte stream": 1,024 bytes; pages overshoot).
_HEAD_BYTES = 4096
_DECLARED = (
    re.compile(rb"""^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:-]{2,40})"""),
    re.compile(rb"""<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE),
)
#: Labels whose texts are in a larger encoding in fact (Encoding Standard, section 4.2), by Python's name for them.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
#: ASCII bytes with another meaning: bytes that are valid UTF-8 are not UTF-8 if one of these is declared.
_SEVEN_BIT = ("iso2022_jp", "iso2022_jp_2", "iso2022_kr", "hz")
_FALLBACK = "cp1252"
_AS_FALLBACK = "read as windows-1252; --encoding for another"
#: In every encoding whose files can be cut into lines, fields and tags before they are decoded, these are themselves.
_ASCII = bytes([9, 10, 13, *range(32, 127)])
#: So a page or feed begins in UTF-16 without a mark, little end first and big.
_WIDE = (b"<\0", b"\0<")
#: What is said of a file that is not text.
BINARY = "binary file"
# Not characters of XML 1.0 (section 2.2), and nothing that a reader sees; a line break they are not.
_CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ufffe\\uffff]+")
#: Of so many bytes, one in so many may be a control character; a file with more of them, NUL among them, is not text.
_BINARY_BYTES, _CONTROLS_IN = 1 << 13, 50
_CONTROL_BYTES = bytes([*range(9), *range(14, 27), *range(28, 32), 127])


def is_binary(head: bytes) -> bool:
    r"""Tell whether a file that begins so is not text; UTF-16 has been made UTF-8 before.

    Examples
    --------
    >>> is_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), is_binary(b"one stray \0 in a line of an export")
    (True, False)
    """
    head = head[:_BINARY_BYTES]
    if b"\0" not in head or head.startswith(_WIDE):
        return False
    return len(head) - len(head.translate(None, _CONTROL_BYTES)) > max(1, len(head) // _CONTROLS_IN)


class Decoded(NamedTuple):
    """The text of a file, and one line on what was wrong with its encoding, or nothing."""

    text: str
    note: str


def find_encoding(label: str) -> str:
    """Return Python's name of an encoding that bytes may be in, or nothing: unknown, or not one that contains ASCII.

    UTF-16 and UTF-32 are told by content, and seven-bit encodings only read where a page declares them.

    Examples
    --------
    >>> find_encoding("Windows-1251"), find_encoding("Shift_JIS"), find_encoding("utf-16"), find_encoding("windows-9")
    ('cp1251', 'cp932', '', '')
    """
    try:
        name = codecs.lookup(label.strip()).name
        name = _LARGER.get(name, name)
        is_one = name not in _SEVEN_BIT and _ASCII.decode(name) == _ASCII.decode("ascii")
    except (LookupError, ValueError):  # "hex" and its like are codecs, but not of text; some names are none to Python
        return ""
    return name if is_one else ""


def decode_text(content: bytes, encoding: str = "") -> Decoded:
    r"""Return the text of bytes that should be UTF-8 and may be what Windows writes.

    Parameters
    ----------
    content : bytes
    encoding : str
        What bytes are in that are not UTF-8, as `find_encoding` names it; windows-1252, with a note, if not given.

    Examples
    --------
    >>> decode_text("Café".encode()), decode_text("Кафе".encode("cp1251"), "cp1251")
    (Decoded(text='Café', note=''), Decoded(text='Кафе', note=''))
    >>> decode_text("Café".encode("cp1252"))
    Decoded(text='Café', note='not UTF-8, read as windows-1252; --encoding for another')
    >>> decode_text("Café, naïve".encode() + b"\xc3").note
    'invalid UTF-8 in 1 places, read as U+FFFD'
    """
    try:
        return Decoded(content.decode(), "")
    except UnicodeDecodeError:
        pass
    if _is_damaged_utf8(content, encoding):
        return _decode_damaged(content)
    if not encoding:
        return Decoded(content.decode(_FALLBACK, "replace"), f"not UTF-8, {_AS_FALLBACK}")
    return _decode_as(content, encoding, encoding)


def decode_markup(content: bytes, encoding: str = "") -> Decoded:
    r"""Return the text of a page or feed, control characters as spaces.

    Parameters
    ----------
    content : bytes
        Without a byte order mark: `ByteStream` has made UTF-8 of what has one.
    encoding : str
        As for `decode_text`.

    Notes
    -----
    In this order: UTF-16 by its zero bytes; valid UTF-8, since nothing else looks like it by chance; what the document
    declares; else UTF-8 with some damage if half of its non-ASCII sequences are valid, ``encoding``, or
    windows-1252.

    Examples
    --------
    >>> decode_markup(b'<?xml version="1.0" encoding="utf-8"?><p>Caf\xe9</p>').note
    'declared utf-8, read as windows-1252; --encoding for another'
    >>> decode_markup('<meta charset="latin-1"><p>Café</p>'.encode()).text[-8:]
    'Café</p>'
    """
    decoded = _decode(content, encoding)
    return Decoded(_CONTROLS.sub(lambda found: " " * len(found[0]), decoded.text), decoded.note)


def _decode(content: bytes, encoding: str) -> Decoded:
    for start, wide in zip(_WIDE, ("utf-16-le", "utf-16-be"), strict=True):
        if content.startswith(start):
            text = content.decode(wide, "replace")
            return Decoded(text, "invalid UTF-16 read as U+FFFD" if "\ufffd" in text else "")
    label, name = _declared(content[:_HEAD_BYTES])
    if name not in _SEVEN_BIT:
        try:
            return Decoded(content.decode(), "")
        except UnicodeDecodeError:
            pass
    if name and name != "utf-8":
        decoded = _decode_as(content, name, label)
        if not decoded.note or name in _SEVEN_BIT or not _is_damaged_utf8(content):
            return decoded
    if _is_damaged_utf8(content, encoding):
        return _decode_damaged(content)
    if not encoding:
        said = f"declared {label}" if label else "no encoding declared"
        return Decoded(content.decode(_FALLBACK, "replace"), f"{said}, {_AS_FALLBACK}")
    decoded = _decode_as(content, encoding, encoding)
    return Decoded(decoded.text, f"declared {label}, read as {encoding}") if label else decoded


def _decode_as(content: bytes, encoding: str, label: str) -> Decoded:
    try:
        return Decoded(content.decode(encoding), "")
    except UnicodeDecodeError:
        return Decoded(content.decode(encoding, "replace"), f"invalid {label} read as U+FFFD")


def _declared(head: bytes) -> tuple[str, str]:
    """Return the encoding that a document declares, as written and as Python names it; nothing if it is unknown."""
    for pattern in _DECLARED:
        if found := pattern.search(head):
            label = found[1].decode().lower()
            try:
                name = codecs.lookup(label).name
                b"".decode(name)  # "hex" and its like are codecs, but not of text
            except (LookupError, ValueError):
                continue
            # What had a mark is UTF-8 by now, what has zero bytes has been seen: a wide label here is wrong.
            if name.startswith(("utf-16", "utf-32", "utf-7", "idna", "punycode", "unicode", "raw_")):
                continue
            return label, _LARGER.get(name, name)
    return "", ""


def _is_damaged_utf8(content: bytes, encoding: str = "") -> bool:
    """Tell whether half of what is not ASCII is UTF-8; four of five, where another encoding was named."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    valid = sum(c > "\x7f" for c in text) - broken
    return valid >= (4 * broken if encoding else broken)


def _decode_damaged(content: bytes) -> Decoded:
    text = content.decode("utf-8", "replace")
    count = text.count("\ufffd") - content.count(b"\xef\xbf\xbd")
    return Decoded(text, f"invalid UTF-8 in {count} places, read as U+FFFD")
