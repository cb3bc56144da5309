"""Tokens: what is one token, what is the same token, and where it stands."""

from __future__ import annotations

import itertools
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dedup.kernels import fold_table
from dedup.kernels import tokenize as kernels
from dedup.model import Tokens
from dedup.tokens import TokenParams, characters, token_hash, tokenize
from tests import oracle

PARAMS = TokenParams()

_ALPHABETS = (
    "abcxyzABCSXYZ",
    "éÉñüÅßẞıİſﬁﬀŉøþĳǆǅ\u0301\u0323\u0308K",
    "αβΣσςΐᾳΆϊ\u0345",
    "жйЙёЁїѪ\u0483\u0306",
    "שלוםק\u05b7\u05bc\u05c1\u05f3",
    "عربيةﻻﷺ\u064b\u0651\u0670",
    "हिन्दीक़क\u093c\u093f\u094dবো",
    "한국어각\u1112\u1161\u11abㅎ",
    "漢字〇々豈かガが\u3099ｶﾞﾟーｱパ",
    "ไทยคำ\u0e49ลາວខ្មែរမြန်",
    "0123456789٣५²½๑Ⅷ１㎧",
    "𝐀𝒷ＡｂᴬªꜰⒶ",
)
_SIGNS = "'’‘ʼ＇.,．，٫-‐‑_ \t\n\r\u00a0—―…!?“\u00ad\u200b\u200d\u2060\ufeff\u202e\ufe0f\U000e0100\0\ufffd😀"

_words = st.sampled_from(_ALPHABETS).flatmap(lambda alphabet: st.text(alphabet, max_size=6))
_separators = st.text(_SIGNS, max_size=3) | st.sampled_from(["-\n", "- \r\n ", "\n\n", " "])
#: Texts of words in many scripts with signs between and in them; and texts of anything.
texts = st.lists(_words | _separators, max_size=12).map("".join) | st.text(max_size=12)


def encode(text: str | bytes) -> np.ndarray:
    """Return UTF-8 bytes, read-only as those of a memory map are."""
    return np.frombuffer(text if isinstance(text, bytes) else text.encode(), np.uint8)


def tokens_of(text: str | bytes, params: TokenParams = PARAMS) -> Tokens:
    """Return the tokens of a text that is one span."""
    data = encode(text)
    return tokenize(data, np.array([0]), np.array([len(data)]), params)


def spans(tokens: Tokens) -> list[tuple[int, int]]:
    return list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))


def hashes(text: str | bytes, params: TokenParams = PARAMS) -> list[int]:
    return tokens_of(text, params).values.tolist()


def may_have_loose_iota(text: str) -> bool:
    """Return whether there is U+0345, which folds to a letter, and a mark that is kept: their order then matters."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "\u0345" in decomposed and any(oracle.token_class(one) == "M" for one in decomposed)


@settings(deadline=None)
@given(text=texts, join_hyphens=st.booleans())
@example("a.\u0308b ŉ 5½ ㍿", True)
@example("ex-\r\n\tample -\na x-\n\nb", True)
def test_tokens_are_those_of_the_oracle(text, join_hyphens):
    """Hashes and byte spans are those that `unicodedata` and a regular expression give."""
    expected = oracle.folded_tokens(text, join_hyphens)

    tokens = tokens_of(text, TokenParams(join_hyphens=join_hyphens))

    assert [token_hash(token) for token, _, _ in expected] == tokens.values.tolist()
    assert [(len(text[:a].encode()), len(text[:b].encode())) for _, a, b in expected] == spans(tokens)
    assert tokens.invalid == 0


@settings(deadline=None)
@given(text=texts)
def test_characters_are_those_of_the_oracle(text):
    """Characters are the tokens' characters with their marks, and a gap between two tokens; spans only go forward."""
    data = encode(text)

    units = characters(data, np.array([0]), np.array([len(data)]), PARAMS)

    assert [token_hash(unit) for unit in oracle.folded_units(text)] == units.values.tolist()
    assert (np.diff(units.starts) >= 0).all()
    assert (np.diff(units.ends) >= 0).all()
    assert (units.starts <= units.ends).all()


@settings(deadline=None)
@given(text=texts)
def test_each_span_holds_its_token(text):
    """The bytes of a token fold to it, spans stand in order inside the text, and no edge is inside a character."""
    data = encode(text).tobytes()
    tokens = tokens_of(text)

    for value, (start, end) in zip(tokens.values.tolist(), spans(tokens), strict=True):
        inside = data[start:end].decode()
        assert value in [token_hash(token) for token, _, _ in oracle.folded_tokens(inside)]
    assert all(0 <= start < end <= len(data) for start, end in spans(tokens))
    assert spans(tokens) == sorted(spans(tokens))


@settings(deadline=None)
@given(left=texts, right=texts, i=st.integers(0, 20), character=st.sampled_from("".join((*_ALPHABETS, _SIGNS))))
def test_hashes_are_equal_exactly_where_folded_tokens_are(left, right, i, character):
    """Two texts, and a text and its edit, have equal hash sequences if and only if their folded tokens are equal."""
    edited = left[:i] + character + left[i + 1 :]
    for one, other in ((left, right), (left, edited)):
        folded = [[token for token, _, _ in oracle.folded_tokens(text)] for text in (one, other)]
        assert (folded[0] == folded[1]) == (hashes(one) == hashes(other))


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@settings(deadline=None)
@given(text=texts)
def test_normalisation_does_not_matter(form, text):
    """The four normalisation forms of a text have the same tokens."""
    assume(not may_have_loose_iota(text))

    assert hashes(text) == hashes(unicodedata.normalize(form, text))


@pytest.mark.parametrize("convert", [str.upper, str.lower, str.casefold, str.swapcase])
@settings(deadline=None)
@given(text=texts)
def test_case_does_not_matter(convert, text):
    """A text has the same tokens in upper case, in lower case, case-folded, but for hyphens at the end of a line."""
    params = TokenParams(join_hyphens=False)

    assert hashes(text, params) == hashes(convert(text), params)


@settings(deadline=None)
@given(text=texts, ignored=st.sampled_from("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e\u202a\u2069\ufe0f\U000e0101"))
def test_format_characters_do_not_matter(text, ignored):
    """A soft hyphen, zero-width character, bidi control or variation selector anywhere changes no token."""
    assert hashes(text) == hashes(ignored.join(text)) == hashes(f"{ignored}{text}{ignored}")


@settings(deadline=None)
@given(text=st.text(st.characters(max_codepoint=0x7F), max_size=20))
def test_width_and_quotes_do_not_matter(text):
    """Full-width forms of ASCII characters give the tokens of these, and so do curly and straight quotes."""
    wide = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)

    assert hashes(text) == hashes(wide) == hashes(text.replace("'", "’")) == hashes(text.replace("'", "\u02bc"))


_CASES = [
    # Latin and the like
    ("Naïve café", "naive cafe"),
    ("STRASSE Straße STRAẞE", "strasse strasse strasse"),
    ("ﬁnal ﬂow oﬃce", "final flow office"),
    ("ΣΊΣΥΦΟΣ Σίσυφος", "σισυφοσ σισυφοσ"),
    ("ᾳ ΑΙ", "αι αι"),
    ("DIYARBAKIR Diyarbakır İzmir", "diyarbakir diyarbakir izmir"),
    ("300 K Å", "300 k a"),
    ("𝐁𝐨𝐥𝐝 ｆｕｌｌ x² Ⓐ Ⅷ", "bold full x2 a viii"),
    ("Ёлка ЁЛКА елка й", "елка елка елка и"),
    ("snake_case _x_", "snake_case _x_"),
    # signs inside words
    ("don’t DON'T dont donʼt don＇t rock‘n’roll", "dont dont dont dont dont rocknroll"),
    ("'quoted' dogs' '90s 1990's Tat’iana", "quoted dogs 90s 1990 s tatiana"),
    ("L’État l'état", "letat letat"),
    ("צ'רצ'יל צ׳רצ׳יל", "צרציל צרציל"),
    ("U.S. a.m. J.D. U．S． u.s.a", "us am jd us usa"),
    ("É.U. E\u0301.U.", "eu eu"),
    ("end.Next example.com N.Korea", "end next example com nkorea"),
    ("U.S.A. J.R.R.", "usa jrr"),
    ("Р.Ф. т.е.", "рф те"),
    ("a.1 1.a a..b a. b", "a 1 1 a a b a b"),
    ("well-known AC/DC x+y", "well known ac dc x y"),
    # numbers
    ("3.1 31 1,000 10:30 2,5. 3．1", "3.1 31 1,000 10 30 2,5 3.1"),
    ("1, 2 .5 5.", "1 2 5 5"),
    ("٣٫١ ۳", "٣٫١ ۳"),
    ("5½ ㎧", "51 2 m s"),
    # lines
    ("exam-\nple exam- \r\n  ple exam‐\nple exam‑\n\tple", "example example example example"),
    ("exam-\np.x", "examp x"),
    ("exam-\n\nple Mid-\nEast 3-\nday x-\r y", "exam ple mid east 3 day x y"),
    # passed over
    ("so\u00adft \u200bzero\u200dwidth\ufeff", "soft zerowidth"),
    ("a\0b c\u0007d", "a b c d"),
    # scripts without spaces
    ("東京2024年", "東 京 2024 年"),
    ("人々〇豈", "人 々 〇 豈"),
    ("ｶﾞｰﾊﾟ がーパ", "カ\u3099 ー ハ\u309a か\u3099 ー ハ\u309a"),
    ("iPhoneを", "iphone を"),
    ("กำ ที่ ๒๕๖๗", "ก\u0e4d า ท\u0e35\u0e48 ๒๕๖๗"),
    ("ລາວ ខ្មែរ", "ລ າ ວ ខ\u17d2 ម\u17c2 រ"),
    ("မြန်", "မ\u103c န\u103a"),
    # scripts with spaces whose marks are kept
    ("한국 한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8 \u1112\u1161\u11ab\u1100\u116e\u11a8"),
    ("हिन्दी क़", "हिन्दी क\u093c"),
    ("كِتاب ﻻ", "كِتاب لا"),
    ("קַּ", "ק\u05b7\u05bc"),
]


@pytest.mark.parametrize(("text", "expected"), _CASES)
def test_cases(text, expected):
    """The rules, one by one, as a reader of the docstring would apply them."""
    assert [token_hash(token) for token in expected.split()] == hashes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u00adso\u00adft\u00ad", ["so\u00adft"]),
        ("e\u0301 a\u200d\u0301\u200d!", ["e\u0301", "a\u200d\u0301"]),
        ("(don’t) U.S. 3.", ["don’t", "U.S", "3"]),
        ("exam- \n ple.", ["exam- \n ple"]),
        ("3.\u0301 a'\u0301", ["3", "a"]),
        ("½", ["½", "½"]),
    ],
)
def test_edges(text, expected):
    """Signs and format characters are in a span where they stand inside of it; dropped marks at its end as well."""
    data = encode(text).tobytes()

    assert expected == [data[start:end].decode() for start, end in spans(tokens_of(text))]


def test_hyphens_at_line_ends_are_kept_apart_on_request():
    """Without `join_hyphens` both halves of a broken word are tokens."""
    assert hashes("exam ple") == hashes("exam-\nple", TokenParams(join_hyphens=False))


def test_ideographs_need_no_gap_but_words_beside_them_have_one():
    """A gap stands between two tokens however they are apart; two ideographs have none, separated or not."""
    data = encode("漢 字ka – 5")

    units = characters(data, np.array([0]), np.array([len(data)]), PARAMS)

    assert [token_hash(unit) for unit in "漢字 ka 5"] == units.values.tolist()
    assert spans(units) == [(0, 3), (4, 7), (7, 7), (7, 8), (8, 9), (9, 14), (14, 15)]


def test_a_gap_inside_a_code_point_has_its_bytes():
    """One half is the characters 1 and 2 and the gap between them, each with all of its bytes."""
    data = encode("½")

    units = characters(data, np.array([0]), np.array([2]), PARAMS)

    assert [token_hash(unit) for unit in "1 2"] == units.values.tolist()
    assert spans(units) == [(0, 2)] * 3


@settings(deadline=None)
@given(data=st.binary(max_size=24) | st.lists(texts.map(str.encode) | st.binary(max_size=2)).map(b"".join))
@example(b"\xe2\x82a \xf0\x9f\x98 \xed\xa0\x80 \xc0\xaf \xe0\x80\x80 \xf4\x90\x80\x80 \xf8")
@example(b"a\xf0\x9f\x98")
def test_invalid_bytes_separate_and_are_counted_as_python_does(data):
    """An invalid text has the tokens of what `bytes.decode` makes of it, and its count of invalid sequences."""
    decoded = data.decode("utf-8", "replace")

    tokens = tokens_of(data)

    assert [token_hash(token) for token, _, _ in oracle.folded_tokens(decoded)] == tokens.values.tolist()
    assert decoded.count("\ufffd") - data.count("\ufffd".encode()) == tokens.invalid


@settings(deadline=None)
@given(
    parts=st.lists(texts.map(str.encode) | st.binary(max_size=3), max_size=6),
    gap=st.sampled_from([b"", b"\xe2", b"x", b"\x80", b"\xcc\x81", b"\n"]),
)
@pytest.mark.parametrize("stage", [tokenize, characters])
@example(parts=["a’".encode()[:-1], "b\U0001f600".encode()[:-2]], gap=b"\x80")
def test_spans_of_a_buffer_are_texts_by_themselves(stage, parts, gap):
    """What stands around a span does not matter to it, though it ends inside a character; an empty one has no token."""
    buffer = encode(b"".join(one + gap for one in parts))
    lengths = np.array([len(one) for one in parts], np.int64)
    starts = np.cumsum(lengths + len(gap)) - lengths - len(gap)

    tokens = stage(buffer, starts, starts + lengths, PARAMS)

    invalid = 0
    for row, one in enumerate(parts):
        alone = stage(encode(one), np.array([0]), np.array([len(one)]), PARAMS)
        own = slice(tokens.offsets[row], tokens.offsets[row + 1])
        assert alone.values.tolist() == tokens.values[own].tolist()
        assert (alone.starts + starts[row]).tolist() == tokens.starts[own].tolist()
        assert (alone.ends + starts[row]).tolist() == tokens.ends[own].tolist()
        invalid += one.decode("utf-8", "replace").count("\ufffd") - one.count("\ufffd".encode())
    assert invalid == tokens.invalid


@pytest.mark.parametrize("stage", [tokenize, characters])
@settings(deadline=None, max_examples=30)
@given(data=texts.map(str.encode) | st.binary(max_size=24))
def test_plain_form_gives_what_the_compiled_form_gives(stage, data):
    """The kernel as plain Python fills the same arrays as compiled."""
    by_character = stage is characters
    expected = stage(encode(data), np.array([0]), np.array([len(data)]), PARAMS)
    plain = getattr(kernels.scan, "py_func", kernels.scan)
    columns = fold_table.load_fold_table()[:-1]
    capacity = kernels.MARGIN + 10 * len(data)
    block, offsets = np.empty((3, capacity), np.int64), np.empty(2, np.int64)

    with np.errstate(over="ignore"):  # wrapping is the modulus
        n, invalid = plain(
            encode(data),
            np.array([0]),
            np.array([len(data)]),
            kernels.transitions(by_character, True),
            by_character,
            *columns,
            block[0].view(np.uint64),
            *block[1:],
            offsets,
        )

    assert expected.values.tolist() == block[0, :n].view(np.uint64).tolist()
    assert [expected.starts.tolist(), expected.ends.tolist()] == block[1:, :n].tolist()
    assert [0, n] == offsets.tolist()
    assert expected.invalid == invalid


@pytest.mark.parametrize("text", ["a " * 70_000, "½" * 4000, "ﷺ" * 2000, "word " * 20_000])
def test_dense_texts_get_the_room_they_need(text):
    """A text with more tokens or characters than was guessed has all of them."""
    data = encode(text)

    units = characters(data, np.array([0]), np.array([len(data)]), PARAMS)

    assert [token_hash(token) for token, _, _ in oracle.folded_tokens(text)] == hashes(text)
    assert [token_hash(unit) for unit in oracle.folded_units(text)] == units.values.tolist()


def test_threads_share_the_tables():
    """Threads that tokenise parts of one buffer at once get what one thread gets."""
    data = encode("The harbour council’s 3.1% vote, été — 東京. " * 2000)
    cuts = np.linspace(0, 2000, 9).astype(np.int64) * (len(data) // 2000)
    expected = [tokenize(data, cuts[i : i + 1], cuts[i + 1 : i + 2], PARAMS).values.tolist() for i in range(8)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: tokenize(data, cuts[i : i + 1], cuts[i + 1 : i + 2], PARAMS), range(8)))

    assert expected == [tokens.values.tolist() for tokens in found]


def test_spans_outside_of_the_text_are_refused():
    """A span that begins before the text, ends behind it or before its start, or has no end raises ValueError."""
    data = encode("some text")

    for starts, ends in (([-1], [2]), ([0], [10]), ([3], [2]), ([0, 1], [1])):
        with pytest.raises(ValueError, match="spans"):
            tokenize(data, np.array(starts), np.array(ends), PARAMS)


def test_no_spans_give_no_tokens():
    """Without a span there is no token, and one offset."""
    tokens = tokenize(encode("text"), np.empty(0, np.int64), np.empty(0, np.int64), PARAMS)

    assert (len(tokens.values), tokens.offsets.tolist()) == (0, [0])


def test_short_tokens_do_not_collide():
    """All tokens of up to three characters of a few scripts have hashes of their own, and well-spread low bits."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789_.αβγжשع한\u05b7"
    tokens = ["".join(one) for n in (1, 2) for one in itertools.product(alphabet, repeat=n)]
    words = "".join(f"{a}{b}{c} " for a, b, c in itertools.product("abcdefghijklmnopqrstuvwxyz0123456789", repeat=3))
    values = np.concatenate([np.array([token_hash(token) for token in tokens], np.uint64), tokens_of(words).values])

    counts = np.bincount((values % np.uint64(64)).astype(np.int64), minlength=64)

    assert len(values) == len(np.unique(values))
    expected = len(values) / 64
    assert abs(counts - expected).max() < 5 * expected**0.5
