"""gate_khmer_texts: a good table passes; each forgery fails the one check that is about it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import save_json
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.tracks.khmer.gates.khmer_texts import GATE, KhmerTextData, KhmerTextLimits, KhmerTextPaths
from glyphlens.tracks.khmer.texts.characters import CHARACTERS
from glyphlens.tracks.khmer.texts.text_set import compose_texts, save_texts
from glyphlens.tracks.khmer.texts.vocabulary import open_vocabularies
from tests.checkout import ROOT
from tests.gates.forgeries import Forge, forgeries, table_cell
from tests.tracks.khmer.small_lines import NOTHING, TEXT_PARAMS

SHIPPED = load_params(KhmerTextLimits, "gates.khmer_texts", ROOT / "params.yaml")
LIMITS = SHIPPED.model_copy(
    update={"min_lines": 50, "min_train_share": 0.4, "min_character_lines": 1, "min_subscript_lines": 1}
)


@pytest.fixture(scope="module")
def folder(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("texts")
    vocabularies = open_vocabularies(modules, NOTHING, TEXT_PARAMS.shares)
    save_texts(out, compose_texts(vocabularies, TEXT_PARAMS, seed=1), vocabularies)
    return out


@pytest.fixture(scope="module")
def good(folder: Path) -> KhmerTextData:
    """Sixty lines have not all characters and subscripts: lines that do are added."""
    data = GATE.open(KhmerTextPaths(folder), LIMITS)
    subscripts = ["".join(f"ក\u17d2{chr(code)}" for code in range(low, low + 7)) for low in range(0x1780, 0x17A3, 7)]
    texts = list(dict.fromkeys(canonical_each([*(f"ក{c}" for c in CHARACTERS), *subscripts])))
    rows = [
        {"text": text, "drawn": text, "split": "train", "kind": "rare", "source": "composed", "clusters": count(text)}
        for text in texts
    ]
    table = pd.concat([data.table, pd.DataFrame(rows)], ignore_index=True).drop_duplicates("text", ignore_index=True)
    return replace(data, table=table)


def canonical_each(texts: list[str]) -> list[str]:
    return [canonical(text) for text in texts]


def count(text: str) -> int:
    return len(clusters(text))


def test_a_good_table_passes(good: KhmerTextData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == len(good.table)


def cell(column: str, value: object, row: int = 0) -> Forge:
    return lambda data: replace(data, table=table_cell(data.table, column, value, row))


def cells(row: int = 0, **values: object) -> Forge:
    def forge(data: KhmerTextData) -> KhmerTextData:
        for column, value in values.items():
            data = cell(column, value, row)(data)
        return data

    return forge


def table(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Forge:
    return lambda data: replace(data, table=change(data.table))


def learnt_text(data: KhmerTextData) -> KhmerTextData:
    """A test line says what a training line does; once each otherwise."""
    test = int((data.table["split"] == "test").to_numpy().argmax())
    row = data.table.iloc[0]
    return cells(test, text=row["text"], drawn=row["drawn"], clusters=row["clusters"])(data)


@forgeries(
    ("enough-lines", lambda data: data, {"min_lines": 10_000}),
    ("train-share", lambda data: data, {"min_train_share": 0.99}),
    ("splits-known", cell("split", "validation")),
    ("texts-canonical", cells(text="ខែ្មរ", drawn="ខែ្មរ", clusters=2)),
    ("drawn-as-read", cell("drawn", "ក")),
    ("texts-decodable", cells(text="漢字", drawn="漢字", clusters=2)),
    ("clusters-counted", cell("clusters", 3000)),
    ("clusters-counted", lambda data: data, {"most_clusters": 3}),
    ("characters-complete", table(lambda rows: rows[~rows["text"].str.contains("៚")])),
    ("subscripts-complete", table(lambda rows: rows[~rows["text"].str.contains("\u17d2\u17a1")])),
    ("texts-once", learnt_text),
    ("texts-disjoint", learnt_text),
    ("words-disjoint", lambda data: replace(data, words={**data.words, "test": data.words["train"]})),
    ("latin-share", lambda data: data, {"max_latin_share": 0.01}),
)
def test_a_forgery_fails_its_check(
    good: KhmerTextData, verdicts: Any, check: str, forge: Forge, limits: dict[str, float]
) -> None:
    found = verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))
    assert found.get(check) == "FAIL"
    also = {"drawn-as-read"} if check == "texts-canonical" else {"texts-once", "texts-disjoint"}
    assert set(found) <= {check} | also


def test_a_folder_without_its_words_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        tmp_path.joinpath(path.name).write_bytes(path.read_bytes())
    save_json(tmp_path / "splits.json", {"train": {}})
    with pytest.raises(InputError, match=r"splits\.json: expected the words"):
        GATE.open(KhmerTextPaths(tmp_path), LIMITS)
