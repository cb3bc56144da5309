"""All settings of a run: the parameters of the stages, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from dedup.errors import ConfigError
from dedup.findings import FindingParams
from dedup.lsh import LshParams
from dedup.minhash import MinHashParams
from dedup.pairs import PairParams
from dedup.passages import PassageParams
from dedup.readers import ReadParams
from dedup.score import ScoreParams
from dedup.segment import SegmentParams
from dedup.shingles import ShingleParams
from dedup.tokens import TokenParams

#: What may be searched, by the name that flags and settings use.
LEVELS = ("title", "paragraph", "sentence", "article")
CANDIDATES = ("auto", "exact", "lsh")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of a run.

    Attributes
    ----------
    candidates : {"auto", "exact", "lsh"}
        How candidate pairs are found; see `dedup.stages.choose_method`.
    levels : tuple of str
        Which segments are searched, of `LEVELS`.
    """

    read: ReadParams = field(default_factory=ReadParams)
    segment: SegmentParams = field(default_factory=SegmentParams)
    tokens: TokenParams = field(default_factory=TokenParams)
    shingle: ShingleParams = field(default_factory=ShingleParams)
    minhash: MinHashParams = field(default_factory=MinHashParams)
    lsh: LshParams = field(default_factory=LshParams)
    score: ScoreParams = field(default_factory=ScoreParams)
    pairs: PairParams = field(default_factory=PairParams)
    passages: PassageParams = field(default_factory=PassageParams)
    findings: FindingParams = field(default_factory=FindingParams)
    candidates: str = "auto"
    levels: tuple[str, ...] = ("title", "paragraph", "sentence")

    def __post_init__(self) -> None:
        if self.candidates not in CANDIDATES:
            raise ValueError(f"candidates is {self.candidates!r}; allowed: {', '.join(CANDIDATES)}")
        unknown = [level for level in self.levels if level not in LEVELS]
        if unknown or not self.levels:
            raise ValueError(f"levels is {list(self.levels)!r}; allowed: one or more of {', '.join(LEVELS)}")

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for reports."""
        return asdict(self)


#: Setting -> the field of `Config` and the field of its parameters that it sets ("" for a field of `Config` itself).
SETTINGS: dict[str, tuple[str, str]] = {
    "fields": ("read", "fields"),
    "input_format": ("read", "input_format"),
    "max_unpacked": ("read", "max_unpacked"),
    "same_id": ("read", "same_id"),
    "html": ("read", "html"),
    "page_text": ("read", "page_text"),
    "page_extractor": ("read", "page_extractor"),
    "exclude": ("read", "exclude"),
    "encoding": ("read", "encoding"),
    "max_document_bytes": ("read", "max_document_bytes"),
    "join_hyphens": ("tokens", "join_hyphens"),
    "shingle": ("shingle", "unit"),
    "shingle_size": ("shingle", "size"),
    "min_tokens": ("shingle", "min_tokens"),
    "num_perm": ("minhash", "num_perm"),
    "seed": ("minhash", "seed"),
    "recall": ("lsh", "recall"),
    "min_jaccard": ("score", "min_jaccard"),
    "min_cosine": ("score", "min_cosine"),
    "sure_shingles": ("score", "sure_shingles"),
    "window": ("pairs", "window"),
    "same_source": ("pairs", "same_source"),
    "min_run": ("passages", "min_run"),
    "max_gap": ("passages", "max_gap"),
    "boilerplate_articles": ("findings", "boilerplate_articles"),
    "near_duplicate": ("findings", "near_duplicate"),
    "contained": ("findings", "contained"),
    "candidates": ("candidates", ""),
    "levels": ("levels", ""),
}


def load_config(settings: Mapping[str, object], origins: Mapping[str, str] | None = None) -> Config:
    """Return the defaults with these settings laid over them; a value of ``None`` changes nothing.

    ``origins`` says where settings stand, for the message.

    Raises
    ------
    ConfigError
        A setting is unknown, or its value is not allowed.

    Examples
    --------
    >>> load_config({"min_cosine": 0.9, "min_jaccard": None}).score.min_cosine
    0.9
    """
    config = Config()
    for name, value in settings.items():
        if value is None:
            continue
        if name not in SETTINGS:
            near = get_close_matches(name, SETTINGS, 1)
            raise ConfigError(f"unknown setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        part, attribute = SETTINGS[name]
        plain = tuple(value) if isinstance(value, list) else value
        changes: dict[str, Any] = {attribute or part: plain}
        try:
            if attribute:
                config = replace(config, **{part: replace(getattr(config, part), **changes)})
            else:
                config = replace(config, **changes)
        except (TypeError, ValueError) as error:
            told = f"{name} is {value!r}; a value of another type is needed" if type(error) is TypeError else error
            origin = (origins or {}).get(name)
            raise ConfigError(f"{origin}: {told}" if origin else str(told)) from None
    return config
