"""What the sentence kernels look up: Sentence_Break classes, and words that do or do not end a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("sentence.npz")
BLOCK_BITS = 7

#: Classes of UAX #29, table 4, by the names of the property's values; Format is like Extend everywhere.
CLASSES = (
    "Other", "CR", "LF", "Sep", "Extend", "Format", "Sp", "Lower", "Upper", "OLetter", "Numeric", "ATerm", "SContinue",
    "STerm", "Close",
)  # fmt: skip
(OTHER, CR, LF, SEP, EXTEND, FORMAT, SP, LOWER, UPPER, OLETTER, NUMERIC, ATERM, SCONTINUE, STERM, CLOSE) = range(15)

#: No sentence ends with these: what they introduce follows.
_NEVER = """
adm brig capt cmdr col cpl dr drs fr gen gov hon insp lt maj messrs mlle mme mr mrs ms mx msgr pfc pres prof pvt rep reps
rev sen sens sgt supt st ste vs cf viz ave no nos fig figs vol vols pp ed eds approx est dept univ
herr hr fra nr bzw vgl bspw usw evtl ggf inkl zzgl dipl ing zb mag
sr sra srta dña ud uds pág págs núm av
sig sigg dott prof avv ecc pag
mgr mons
г-н г-жа гг ул просп пер им проф акад ген полк см ср рис табл тыс млн млрд руб коп
"""
#: A sentence may end with these: it does where a word follows that sentences begin with.
_MAYBE = """
inc corp co ltd llc plc bros jr sr esq etc al a.m p.m am pm ph.d jan feb mar apr jun jul aug sep sept oct nov dec mon tue
tues wed thu thur thurs fri sat sun mt ft blvd rd sq ark ala ariz calif colo conn del fla ga ill ind kan ky la mass md mich
minn miss mo mont neb nev okla ore pa penn tenn tex va vt wash wis wyo
abs abt bd bzgl ca chr geb gest jh jhd mio mrd str tel z.b d.h u.a
aprox cía depto ee.uu p.ej
env etc p.ex
г гг в вв т д е п др пр н э р км кг
"""
#: Capitalised words that begin sentences and hardly ever names.
_STARTERS = """
the a an he she it they we you i this that these those there here his her its their our my in on at by for from with to of
as if when while after before since until although though because but and or so yet not no nor what who whom whose why
how where which however meanwhile then also some many most all both each every other another such one under over during
between among according despite instead later earlier still even only just now today yesterday more
der die das den dem des ein eine einen einem einer er sie es wir ihr und aber auch im am auf für mit nach seit bei vom
le la les un une des il elle ils elles ce cette ces et mais dans pour par sur
el los las una uno ella ellos y pero para por con según
lo gli uno ma nel nella
o os um uma eles mas no na
он она они оно мы это но и в на по за из от с к у а как при для после
"""
_MONTHS = """
januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert jahrhunderts
januari februari mars maj augusti marts maart mei augustus tammikuuta helmikuuta maaliskuuta
klasse etage stock jahrestag platz
"""

FLAG_NEVER = 1
FLAG_MAYBE = 2
FLAG_STARTER = 4
FLAG_MONTH = 8


@dataclass(frozen=True, slots=True)
class SentenceTable:
    """Classes of code points and flags of words.

    Attributes
    ----------
    blocks : int32[1114112 >> BLOCK_BITS]
        Where the block of a code point begins in `classes`.
    classes : uint8[k]
    ascii_stops : uint8[256]
        1 for bytes at which a sentence may end, or from which a code point must be decoded to know.
    word_keys : uint64[w]
        Hashes of folded words, ascending (`word_key`).
    word_flags : uint8[w]
    """

    blocks: NDArray[np.int32]
    classes: NDArray[np.uint8]
    ascii_stops: NDArray[np.uint8]
    word_keys: NDArray[np.uint64]
    word_flags: NDArray[np.uint8]


def word_key(word: bytes) -> int:
    """Return the FNV-1a hash of a word (Fowler, Noll, Vo), as the kernel makes it."""
    key = 0xCBF29CE484222325
    for byte in word:
        key = (key ^ byte) * 0x100000001B3 % 2**64
    return key


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
        classes = stored["classes"]
    flags: dict[int, int] = {}
    for words, flag in ((_NEVER, FLAG_NEVER), (_MAYBE, FLAG_MAYBE), (_STARTERS, FLAG_STARTER), (_MONTHS, FLAG_MONTH)):
        for word in words.split():
            # The kernel lowers ASCII letters only: other scripts' words come capitalised as well.
            for form in {word, word.capitalize() if not word.isascii() else word}:
                key = word_key(form.encode())
                flags[key] = flags.get(key, 0) | flag
    keys = np.array(sorted(flags), np.uint64)
    ascii_stops = np.zeros(256, np.uint8)
    ascii_stops[[ord("."), ord("!"), ord("?")]] = 1
    ascii_stops[0xC2:0xF5] = 1
    return SentenceTable(blocks, classes, ascii_stops, keys, np.array([flags[int(key)] for key in keys], np.uint8))
