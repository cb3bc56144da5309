"""What the sentence kernels look up: Sentence_Break classes, and words that tell what a full stop is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("sentence.npz")
BLOCK_BITS = 7
FNV_START = 0x811C9DC5
FNV_PRIME = 0x01000193

#: Classes of UAX #29, table 4, by the names of the property's values; `OPEN` are those of Close that open (Ps, Pi).
CLASSES = (
    "Other", "CR", "LF", "Sep", "Extend", "Format", "Sp", "Lower", "Upper", "OLetter", "Numeric", "ATerm", "SContinue",
    "STerm", "Close", "Open",
)  # fmt: skip
(OTHER, CR, LF, SEP, EXTEND, FORMAT, SP, LOWER, UPPER, OLETTER, NUMERIC, ATERM, SCONTINUE, STERM, CLOSE, OPEN) = range(
    16
)

NEVER = 1  #: no sentence ends with it
MAYBE = 2  #: one does where a word follows that sentences begin with
NUMBERED = 4  #: it is an abbreviation before a number only
CAPITAL = 8  #: it is an abbreviation with a capital letter only
STARTER = 16  #: capitalised, it begins a sentence
AFTER_ORDINAL = 32  #: a number and a full stop in front of it are an ordinal
BEFORE_ORDINAL = 64  #: the same behind it
LETTERED = 128  #: a capital letter behind it is its name, and no initial
SPEAKS = 256  #: behind '"Why?" Lee' it goes on
EXCLAIMS = 512  #: a name written with an exclamation mark
TIME = 1024  #: behind an hour, it ends a sentence
AFTER_TIME = 2048  #: but not before this

_WORDS = {
    # Titles, and what else is followed by what it introduces.
    NEVER: """
adm brig capt cmdr col cpl dr drs gen gov insp lt messrs mgr mlle mme mr mrs msgr pfc prof pvt sen sgt supt atty
vs viz e.g i.e a.k.a cf approx dept univ fa
herr bzw vgl bspw evtl ggf inkl zzgl dipl ing ehem sog med jur phil z.b d.h z.t i.d.r u.a s.o
sra srta dña dra ud uds exmo exma excmo p.ej ej p.ex av
sig dott avv
dhr mevr mej bijv o.a d.w.z m.b.v bl.a t.ex dvs f.eks bl.a
płk gen kpt por ppłk inż mgr hab św ul np tzn tzw im ks m.in
např tzv sv ing mudr judr phdr mgr tj pl
sn
г-н г-жа гр ул просп пр-т пер проф акад ген полк см ср рис табл т.н т.е
вул ім див св
डॉ प्रो श्री पं सुश्री
tp ths gs pgs ts
""",
    NEVER | CAPITAL: "ee fr hon maj mm mons ms sec mx pres rep reps rev sens hr fra ste gens cols govs profs",
    MAYBE: """
inc corp co ltd incl ret llc plc bros esq etc al jr sr ft lb lbs oz sq
abs abt bd bzgl ca chr geb gest jh jhd mio mrd str tel usw u.s.w z.bsp
aprox cía depto ee.uu uu ecc env máx mín
tyś tys mln mld im
г гг в вв т д е п др пр н э р км кг тыс млн млрд руб коп им стр
""",
    MAYBE | CAPITAL: """
jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
st mt blvd rd ave hwy ala ariz ark calif cal colo conn del fla ga ill ind kan ky la mass md mich minn miss mo mont neb
nev okla ore pa penn tenn tex va vt wash wis wyo ont que
""",
    NUMBERED: """
no nos fig figs vol vols p pp art arts sec secs ch chap par pt est c ca op ver v n nn ext kl apt rm cap cl nr
núm pág págs pag str s č z d
б ст гл п с
""",
    STARTER: """
the a an he an she it they we you i this that these those there here his her its their our my your
in on at by for from with to of as about above across after against along amid among around before behind below
beneath
beside besides between beyond despite during inside like near out outside over since through throughout toward
towards under
until unlike up upon within without
and or but nor so yet if when while because although though unless whether whereas once than
what who whom whose why how where which
is are was were be been being do does did has have had can could would should might must let
not no never nothing nobody none everyone everything everybody someone something anyone
however meanwhile moreover furthermore additionally nevertheless nonetheless therefore thus hence otherwise
instead overall
perhaps maybe indeed finally then also later earlier still even only just now already always often sometimes
recently again
today yesterday tomorrow tonight last nearly almost
some any many most all both each every either neither few several other others another such one two three
asked according click read see follow watch please
der die das dem des ein eine einen einem einer er sie es wir ihr und aber auch im am auf für mit nach seit bei vom
le la les un une des il elle ils elles ce cette ces et mais dans pour par sur
el los las una uno ella ellos y pero para por con según
lo gli ma nel nella
o os um uma eles mas na
он она они оно мы это но и в на по за из от с к у а как при для после так там тут
""",
    AFTER_ORDINAL: """
januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert jahrhunderts
januari februari mars maj augusti marts maart mei augustus tammikuuta helmikuuta maaliskuuta
klasse etage stock jahrestag platz liga bundesliga weltkrieg weltkriegs cadde sokak
""",
    BEFORE_ORDINAL: "vom zum der dem den des die das beim ins zur jeder jede jedes dieser",
    LETTERED: "hepatitis vitamin vitamins plan type class grade option group team section schedule exhibit appendix",
    SPEAKS: """
said says say asked asks added adds wrote writes told tells shouted shouts cried replied replies answered responded
tweeted yelled joked exclaimed recalled continued declared demanded quipped insisted
""",
    TIME: "a.m p.m",
    AFTER_TIME: """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
eastern central mountain pacific atlantic local daylight standard et est edt ct cst cdt mt mst mdt pt pst pdt
gmt utc bst
cet cest eet msk ist jst
""",
    EXCLAIMS: "yahoo jeopardy jeb yum joomla e",
}


class SentenceTable(NamedTuple):
    """Classes of code points and flags of words; a tuple, so that a kernel takes it whole.

    Attributes
    ----------
    blocks : int32[1114112 >> BLOCK_BITS]
        Where the block of a code point begins in `strict` and in `classes`.
    strict : uint8[k]
        The classes of the standard; Format is Extend.
    classes : uint8[k]
        The same for news: an ellipsis is an ATerm, U+037E an STerm, a line's end Sp, and brackets open or close.
    stops : uint8[256]
        1 for bytes at which a sentence may end: an ASCII terminator, or the first byte of another one.
    word_keys : uint32[w]
        Hashes of folded words (`word_key`) in open addressing by their low bits, 0 for an empty place; ``w`` is a
        power of two.
    word_flags : uint16[w]
    """

    blocks: NDArray[np.int32]
    strict: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    stops: NDArray[np.uint8]
    word_keys: NDArray[np.uint32]
    word_flags: NDArray[np.uint16]


def word_key(word: bytes) -> int:
    """Return the FNV-1a hash of a word (Fowler, Noll, Vo), of 32 bits, as the kernel makes it."""
    key = FNV_START
    for byte in word:
        key = (key ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return key


def _place_words() -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    flags: dict[int, int] = {}
    for flag, words in _WORDS.items():
        for word in set(words.split()):
            # The kernel lowers ASCII letters only: other scripts' words come capitalised as well.
            for form in {word, word.capitalize() if not word.isascii() else word}:
                key = word_key(form.encode())
                flags[key] = flags.get(key, 0) | flag
    size = 1 << (4 * len(flags)).bit_length()
    keys, values = np.zeros(size, np.uint32), np.zeros(size, np.uint16)
    for key in sorted(flags):
        place = key % size
        while keys[place]:
            place = (place + 1) % size
        keys[place], values[place] = key, flags[key]
    return keys, values


def _stop_bytes(blocks: NDArray[np.int32], classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return which first bytes of UTF-8 sequences can be those of a terminator."""
    stops = np.zeros(256, np.uint8)
    ends = np.flatnonzero((classes == ATERM) | (classes == STERM))
    for block in np.flatnonzero(np.isin(blocks, ends >> BLOCK_BITS << BLOCK_BITS)):
        for cell in ends[(ends >= blocks[block]) & (ends < blocks[block] + (1 << BLOCK_BITS))]:
            code = (int(block) << BLOCK_BITS) + int(cell) - int(blocks[block])
            stops[chr(code).encode()[0]] = 1
    stops[ord(";")] = 1  # a question mark behind Greek letters, which U+037E is in normal form C
    return stops


@cache
def load_sentence_table() -> SentenceTable:
    """Return the table; it is read once.

    Examples
    --------
    >>> table = load_sentence_table()
    >>> CLASSES[table.classes[table.blocks[ord("。") >> BLOCK_BITS] + (ord("。") & 127)]]
    'STerm'
    """
    with np.load(TABLE) as stored:
        blocks = stored["blocks"].astype(np.int32) << BLOCK_BITS
        raw = stored["classes"]
    strict = raw.copy()
    strict[raw == FORMAT] = EXTEND
    strict[raw == OPEN] = CLOSE
    classes = raw.copy()
    classes[raw == FORMAT] = EXTEND
    classes[(raw == CR) | (raw == LF) | (raw == SEP)] = SP
    for code, kind in ((0x2026, ATERM), (0x37E, STERM)):
        classes[blocks[code >> BLOCK_BITS] + (code & ((1 << BLOCK_BITS) - 1))] = kind
    return SentenceTable(blocks, strict, classes, _stop_bytes(blocks, classes), *_place_words())
