"""The texts of all splits: so many lines of each kind, no text twice, none of the test in training."""

from collections import Counter
from pathlib import Path
from random import Random

import pandas as pd
from pydantic import Field, model_validator

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_json, load_table, save_json, save_table
from glyphlens.inference.khmer_text import clusters
from glyphlens.tracks.khmer.texts.characters import CHARACTERS
from glyphlens.tracks.khmer.texts.composing import KINDS, Composer, LineLength, drawn_and_target
from glyphlens.tracks.khmer.texts.vocabulary import SplitShares, Vocabulary

TEXTS, CHARSET, SPLITS_FILE = "texts.parquet", "charset.json", "splits.json"
COLUMNS = ("text", "drawn", "split", "kind", "source", "clusters")
HELD_OUT_FIRST = ("test", "val", "train")  # the largest gives way where a text comes twice
MOST_TRIES = 1000
COMPOSED = {"article": "declaration", "own": "own"}  # kind → source of texts that people wrote


class LineCounts(Section):
    """Lines of each split."""

    train: int = Field(ge=1)
    val: int = Field(ge=1)
    test: int = Field(ge=1)


class TextParams(Section):
    """The ``khmer_texts`` section of params.yaml."""

    lines: LineCounts
    kinds: dict[str, float]
    length: LineLength
    everyday_share: float = Field(ge=0, le=1)
    zero_width_share: float = Field(ge=0, le=1)
    shares: SplitShares

    @model_validator(mode="after")
    def _known(self) -> "TextParams":
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(f"kinds: {', '.join(unknown)} unknown; there are {', '.join(KINDS)}")
        return self


def compose_texts(vocabularies: dict[str, Vocabulary], params: TextParams, seed: int) -> pd.DataFrame:
    """A row a line; see ``COLUMNS``. The same for the same seed. Raises InputError where new texts run out."""
    taken: set[str] = set()
    found = {split: _of_split(split, vocabularies[split], params, seed, taken) for split in HELD_OUT_FIRST}
    return pd.concat([found[split] for split in reversed(HELD_OUT_FIRST)], ignore_index=True)


def save_texts(folder: Path, texts: pd.DataFrame, vocabularies: dict[str, Vocabulary]) -> None:
    """The table, the charset, and what each split was composed of."""
    save_table(folder / TEXTS, texts)
    save_json(folder / CHARSET, {"charset": CHARACTERS})
    save_json(
        folder / SPLITS_FILE,
        {
            split: {
                "words": list(words.listed.words),
                "latin": list(words.latin.words),
                "articles": len(words.articles),
            }
            for split, words in vocabularies.items()
        },
    )


def load_texts(folder: Path) -> tuple[pd.DataFrame, str]:
    """The table of texts and the charset's characters; raises InputError where a column is missing."""
    table = load_table(folder / TEXTS)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputError(f"{folder / TEXTS}: columns missing: {', '.join(missing)}")
    return table, str(load_json(folder / CHARSET)["charset"])


def text_metrics(texts: pd.DataFrame) -> dict[str, float]:
    """Counts for git."""
    train = texts[texts["split"] == "train"]
    found = Counter(cluster for text in train["text"] for cluster in clusters(text))
    return {
        "train_lines": len(train),
        "test_lines": int((texts["split"] == "test").sum()),
        "clusters": len(found),
        "mean_clusters": round(float(texts["clusters"].mean()), 2),
        "latin_share": round(float(texts["text"].str.contains("[A-Za-z]").mean()), 4),
        "own_lines": int((texts["source"] == "own").sum()),
    }


def _of_split(split: str, words: Vocabulary, params: TextParams, seed: int, taken: set[str]) -> pd.DataFrame:
    composer = Composer(words, params.length, params.everyday_share)
    count = getattr(params.lines, split)
    rows = []
    for kind, lines in lines_of_kinds(params.kinds, count, has_own=bool(words.own)).items():
        rng = Random(f"{seed}/{split}/{kind}")
        rows += [_new_line(kind, split, composer, rng, params, taken) for _ in range(lines)]
    Random(f"{seed}/{split}").shuffle(rows)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def lines_of_kinds(kinds: dict[str, float], count: int, *, has_own: bool) -> dict[str, int]:
    """Lines of each kind, ``count`` together; what ``own`` would have goes to the others where there is none."""
    used = {kind: share for kind, share in kinds.items() if share and (kind != "own" or has_own)}
    total, ends = sum(used.values()), 0.0
    found, before = {}, 0
    for kind, share in used.items():
        ends += share
        upto = round(count * ends / total)
        found[kind], before = upto - before, upto
    return found


def _new_line(
    kind: str, split: str, composer: Composer, rng: Random, params: TextParams, taken: set[str]
) -> tuple[str, str, str, str, str, int]:
    for _ in range(MOST_TRIES):
        drawn, target = drawn_and_target(composer.line(kind, rng), rng.random() < params.zero_width_share)
        count = len(clusters(target))
        if target and target not in taken and count <= params.length.most and set(target) <= _KNOWN:
            taken.add(target)
            return target, drawn, split, kind, COMPOSED.get(kind, "composed"), count
    raise InputError(f"khmer_texts: {MOST_TRIES} lines of kind {kind} in a row were there already; ask for fewer")


_KNOWN = frozenset(CHARACTERS)
