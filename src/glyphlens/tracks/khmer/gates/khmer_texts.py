"""gate_khmer_texts: texts are canonical, have all that Khmer is written with, and stay on their side of the split."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SPLITS, Charset
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    at_least,
    at_most,
    first_rows,
    none_of,
    within,
)
from glyphlens.gates.run import Gate
from glyphlens.inference.khmer_text import COENG, canonical, clusters
from glyphlens.tracks.khmer.texts.characters import SUBSCRIPTS
from glyphlens.tracks.khmer.texts.text_set import SPLITS_FILE, load_texts


class KhmerTextLimits(Section):
    """Section ``gates.khmer_texts`` of params.yaml."""

    min_lines: int = Field(ge=1)
    min_train_share: float = Field(ge=0, le=1)
    min_character_lines: int = Field(ge=0)
    min_subscript_lines: int = Field(ge=0)
    min_latin_share: float = Field(ge=0, le=1)
    max_latin_share: float = Field(ge=0, le=1)
    most_clusters: int = Field(ge=1)
    max_shared_words: float = Field(ge=0, le=1)


class KhmerTextPaths(NamedTuple):
    """The folder that the stage khmer_texts wrote."""

    texts: Path


@dataclass(frozen=True)
class KhmerTextData:
    """The table of texts, the charset, and the words of each split."""

    table: pd.DataFrame
    charset: Charset
    words: Mapping[str, frozenset[str]]

    @classmethod
    def open(cls, paths: KhmerTextPaths, limits: KhmerTextLimits) -> "KhmerTextData":
        """Read the folder; raises InputError where a file is missing or of another form."""
        table, characters = load_texts(paths.texts)
        listed = load_json(paths.texts / SPLITS_FILE)
        if not isinstance(listed, dict) or set(listed) != set(SPLITS):
            raise InputError(f"{paths.texts / SPLITS_FILE}: expected the words of {', '.join(SPLITS)}")
        return cls(table, Charset(characters), {split: frozenset(listed[split]["words"]) for split in SPLITS})

    def of(self, *splits: str) -> pd.DataFrame:
        """The rows of some splits."""
        return self.table[self.table["split"].isin(splits)]


CHECKS: Checks[KhmerTextData, KhmerTextLimits] = Checks()


@CHECKS.add("enough-lines")
def enough_texts(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """With few lines a recogniser learns these by heart."""
    return at_least(len(data.table), limits.min_lines, "lines")


@CHECKS.add("train-share")
def train_share(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Most lines are there to learn from."""
    return at_least(len(data.of("train")) / max(1, len(data.table)), limits.min_train_share, "share of training lines")


@CHECKS.add("splits-known")
def splits_known(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """A split of another name is drawn by nobody."""
    unknown = ~data.table["split"].isin(SPLITS)
    return none_of(int(unknown.sum()), "rows of an unknown split", first_rows(data.table, unknown, "text", "split"))


@CHECKS.add("texts-canonical")
def texts_canonical(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Two spellings of what looks alike cannot be told apart in a picture, so that one of them is always an error."""
    wrong = data.table["text"].map(canonical) != data.table["text"]
    return none_of(int(wrong.sum()), "texts not in canonical form", first_rows(data.table, wrong, "text"))


@CHECKS.add("drawn-as-read")
def drawn_as_read(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """What is drawn is the text but for what no picture shows."""
    wrong = data.table["drawn"].map(canonical) != data.table["text"]
    return none_of(int(wrong.sum()), "lines drawn as another text", first_rows(data.table, wrong, "text", "drawn"))


@CHECKS.add("texts-decodable")
def texts_decodable(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """A character outside the charset can be neither learnt nor answered."""
    known = set(data.charset.characters)
    foreign = ~data.table["text"].map(lambda text: set(text) <= known)
    return none_of(int(foreign.sum()), "texts with other characters", first_rows(data.table, foreign, "text"))


@CHECKS.add("clusters-counted")
def clusters_counted(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Slices by length are cut by this column, and no line is empty or longer than lines are."""
    counts = data.table["text"].map(lambda text: len(clusters(text)))
    wrong = (counts != data.table["clusters"]) | (counts < 1) | (counts > limits.most_clusters)
    return none_of(int(wrong.sum()), "rows", first_rows(data.table, wrong, "text", "clusters"))


@CHECKS.add("characters-complete")
def characters_complete(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """A vowel, sign, digit or letter that training hardly has is misread wherever it stands."""
    counts = Counter(character for text in data.of("train")["text"] for character in set(text))
    return _often_enough(
        {character: counts[character] for character in data.charset.characters}, limits.min_character_lines
    )


@CHECKS.add("subscripts-complete")
def subscripts_complete(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Subscripts are shapes of their own: each has to be seen, whatever the letter above it."""
    counts = Counter(COENG + part[:1] for text in data.of("train")["text"] for part in set(text.split(COENG)[1:]))
    return _often_enough({subscript: counts[subscript] for subscript in SUBSCRIPTS}, limits.min_subscript_lines)


@CHECKS.add("texts-once")
def texts_once(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """A text that comes twice counts twice."""
    again = data.table.duplicated("text")
    return none_of(int(again.sum()), "texts that came before", first_rows(data.table, again, "text", "split"))


@CHECKS.add("texts-disjoint")
def texts_disjoint(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """A test line whose text was learnt tests the memory, not the reading."""
    known = data.table["text"].isin(set(data.of("train")["text"])) & data.table["split"].isin(SPLITS[1:])
    return none_of(int(known.sum()), "held-out texts that training has", first_rows(data.table, known, "text", "split"))


@CHECKS.add("words-disjoint")
def words_disjoint(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Words of the list belong to one split; only everyday words, which no text can do without, are everybody's."""
    held_out = data.words["val"] | data.words["test"]
    shared = sorted((held_out & data.words["train"]) | (data.words["val"] & data.words["test"]))
    rows: list[Row] = [{"word": word} for word in shared[:SHOWN_ROWS]]
    return at_most(len(shared) / max(1, len(held_out)), limits.max_shared_words, "share of words in two splits", rows)


@CHECKS.add("latin-share")
def latin_share(data: KhmerTextData, limits: KhmerTextLimits) -> Outcome:
    """Khmer documents have Latin names and abbreviations in them, and are not Latin."""
    share = float(data.table["text"].str.contains("[A-Za-z]").mean())
    return within(share, limits.min_latin_share, limits.max_latin_share, "share of lines with Latin letters")


def _often_enough(counts: Mapping[str, int], least: int) -> Outcome:
    few = {name: count for name, count in counts.items() if count < least}
    rows: list[Row] = [{"character": name, "lines": count} for name, count in few.items()]
    return none_of(len(few), f"in fewer than {least} training lines", rows[:SHOWN_ROWS])


GATE: Gate[KhmerTextPaths, KhmerTextData, KhmerTextLimits] = Gate(
    name="khmer_texts",
    purpose="Between the texts and the lines that are drawn of them.",
    paths=KhmerTextPaths,
    limits=KhmerTextLimits,
    open=KhmerTextData.open,
    checks=CHECKS.entries,
    count_rows=lambda data: len(data.table),
)
