import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, load_table
from glyphlens.data import pictures as written_pictures
from glyphlens.data.produced import PRODUCED_COLUMNS, STROKE_NUMBERS, STROKES
from glyphlens.data.sample_set import INDEX_COLUMNS, SampleSet
from glyphlens.data.splits import split_by_source
from glyphlens.sources.etl.finding import audit_frame
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.samples.kanji_set import StrokeRows, build_kanji_set, save_kanji_set

PARAMS = KanjiParams(
    only=[],
    image_px=64,
    box_px=56,
    edge_share=0.125,
    speck_share=0.0008,
    min_contrast=30,
    blur_sigma_px=0.5,
    min_samples=4,
    min_train_samples=2,
    val_share=0.2,
    test_share=0.2,
)
GROUPS = [f"ETL9/{number:04d}" for number in range(10)]


def rows(cells: list[tuple[str, str]]) -> pd.DataFrame:
    """An index of (group, label)."""
    table = pd.DataFrame(cells, columns=["group", "label"])
    table["code"] = [f"0x{ord(label):X}" for label in table["label"]]
    table[["source", "set", "file"]] = "etl", "ETL9G", "ETL9G_01"
    table[["record", "writer", "quality", "sex", "age"]] = -1
    return table[list(PRODUCED_COLUMNS)]


def everywhere(*labels: str) -> list[tuple[str, str]]:
    return [(group, label) for group in GROUPS for label in labels]


@pytest.fixture
def kanjivg(tmp_path: Path) -> KanjiVG:
    """A wheel without a character: every class is its own component."""
    with zipfile.ZipFile(tmp_path / "kanjivg-1-py3-none-any.whl", "w"):
        pass
    return KanjiVG.open(tmp_path)


def test_rows_classes_and_split_belong_together() -> None:
    found = build_kanji_set(rows(everywhere("亜", "あ", "ん")), PARAMS)
    table = found.table
    assert tuple(table.columns[:2]) == INDEX_COLUMNS[:2] and set(INDEX_COLUMNS) <= set(table.columns)
    assert [entry.label for entry in found.classes] == ["あ", "ん", "亜"]
    assert table["sample_id"].tolist() == list(range(30)) == found.rows.tolist()
    assert table["class_index"].tolist() == [2, 0, 1] * 10
    assert {name: len(groups) for name, groups in found.split.manifest().items()} == {"train": 6, "val": 2, "test": 2}
    assert (table["split"].to_numpy() == found.split.of(table["group"].tolist())).all() and found.left_out == []


def test_rare_characters_are_left_out_and_named() -> None:
    split = split_by_source(GROUPS, PARAMS.val_share, PARAMS.test_share)
    never_trained = [(group, "稀") for group in (*split.val, *split.test)]
    cells = [*everywhere("亜"), *[(GROUPS[0], "少")] * 3, *everywhere("あ"), *never_trained]
    found = build_kanji_set(rows(cells), PARAMS)
    assert [(row.set, row.reason, row.value, row.count) for row in found.left_out] == [
        ("ETL9G", "class with fewer than 4 samples", "少", 3),
        ("ETL9G", "class with fewer than 2 training samples", "稀", 4),
    ]
    assert found.rows.tolist() == [*range(10), *range(13, 23)]
    assert len(found.table) + sum(row.count for row in found.left_out) == len(cells)


def test_groups_of_which_nothing_is_left_are_in_no_split() -> None:
    found = build_kanji_set(rows([*everywhere("亜", "あ"), ("ETL9/0099", "少")]), PARAMS)
    assert all("ETL9/0099" not in groups for groups in found.split.manifest().values())


@pytest.mark.parametrize("cells", [[], everywhere("亜"), [("ETL9/0001", label) for label in "亜唖娃"]])
def test_too_few_classes_say_what_was_found(cells: list[tuple[str, str]]) -> None:
    with pytest.raises(InputError, match=r"characters have 4 samples or more.*kanji.min_samples"):
        build_kanji_set(rows(cells), PARAMS)


def test_files_of_the_set(tmp_path: Path, kanjivg: KanjiVG, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in chunks, hashes of them, and strokes at the rows where their pictures are now."""
    monkeypatch.setattr(written_pictures, "CHUNK", 7)
    index = rows([*[(GROUPS[1], "少")] * 3, *everywhere("亜", "あ")])
    pictures = np.random.default_rng(0).integers(0, 256, (len(index), 64, 64), dtype=np.uint8)
    strokes = np.random.default_rng(1).normal(size=(4, STROKES, STROKE_NUMBERS)).astype(np.float32)
    found = build_kanji_set(index, PARAMS)
    audit = audit_frame([])
    save_kanji_set(
        tmp_path / "set", pictures, found, StrokeRows(strokes, np.array([1, 3, 5, 22])), kanjivg, audit, PARAMS.image_px
    )
    samples = SampleSet.open(tmp_path / "set")
    assert np.array_equal(samples.pixels, pictures[3:])
    expected = [hashlib.sha256(picture.tobytes()).hexdigest()[:16] for picture in pictures[3:]]
    assert samples.index["image_hash"].tolist() == expected
    assert load_array(tmp_path / "set/stroke_rows.npy").tolist() == [0, 2, 19]
    assert np.array_equal(load_array(tmp_path / "set/strokes.npy"), strokes[1:])
    assert Structure.load(tmp_path / "set").sequences == ((0,), (1,))
    assert load_table(tmp_path / "set/audit.parquet")["value"].tolist() == ["少"]
    assert load_json(tmp_path / "set/splits.json") == found.split.manifest()


def test_a_run_that_breaks_leaves_no_half_picture_file(tmp_path: Path, kanjivg: KanjiVG) -> None:
    index = rows(everywhere("亜", "あ"))

    class Broken:
        def __len__(self) -> int:
            return len(index)

        def __getitem__(self, rows: slice, /) -> np.ndarray:
            raise InputError("part is gone")

    found = build_kanji_set(index, PARAMS)
    with pytest.raises(InputError, match="part is gone"):
        save_kanji_set(tmp_path / "set", Broken(), found, StrokeRows(), kanjivg, audit_frame([]), 64)
    assert not list((tmp_path / "set").glob("*pixels*")) and not (tmp_path / "set/index.parquet").exists()
    with pytest.raises(InputError, match=r"pixels\.npy"):
        SampleSet.open(tmp_path / "set")
