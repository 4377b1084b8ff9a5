"""A displaced sheet, a wrong label and an odd sheet among good ones are listed; good ones are not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glyphlens.core.storage import load_table
from glyphlens.sources.etl.finding import audit_frame
from glyphlens.tracks.kanji.samples.etl_samples import EtlSamples, read_samples
from glyphlens.tracks.kanji.samples.suspect_files import displaced_cells, save_suspects
from glyphlens.tracks.kanji.samples.suspects import SUSPECT_COLUMNS, find_suspects, read_by_others
from tests.sources.etl.etl_records import write
from tests.tracks.kanji.samples.etl_hands import DISPLACED, SHEETS, SHUFFLED, STROKES, SWAPPED, sheets_of_etl1
from tests.tracks.kanji.samples.test_edges import PARAMS

CHARS = list(STROKES)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> EtlSamples:
    folder = tmp_path_factory.mktemp("etl1")
    write(folder / "ETL1C_01", sheets_of_etl1())
    return read_samples(folder, folder / "parts", (), PARAMS, 1)


@pytest.fixture(scope="module")
def suspects(found: EtlSamples) -> pd.DataFrame:
    return find_suspects(found.index, found.cells, read_by_others(found.pixels, found.index))


def test_sheets_and_labels_are_told_apart(suspects: pd.DataFrame) -> None:
    assert tuple(suspects.columns) == SUSPECT_COLUMNS
    by_reason = suspects.groupby("reason")["writer"].unique().map(sorted).to_dict()
    assert by_reason["displaced cell"] == [DISPLACED] and by_reason["sheet"] == [SHUFFLED]
    assert suspects["reason"].value_counts()[["displaced cell", "sheet"]].tolist() == [len(CHARS)] * 2
    first = suspects[suspects["reason"] == "label"].iloc[0]
    assert (first["writer"], first["record"]) == (SWAPPED, SWAPPED * len(CHARS) + 1)
    assert (suspects["reason"] == "label").sum() < 0.1 * SHEETS * len(CHARS)


def test_displaced_cells_are_audited_one_by_one(suspects: pd.DataFrame) -> None:
    audit = audit_frame(displaced_cells(suspects[suspects["reason"] == "displaced cell"]))
    assert audit["record"].tolist() == list(range(DISPLACED * len(CHARS), (DISPLACED + 1) * len(CHARS)))
    assert set(audit["set"]) == {"ETL1"} and audit["count"].sum() == len(CHARS)
    assert audit["detail"].str.match(rf"sheet {DISPLACED}, of which others read \d+%").all()


def test_the_table_and_the_sheet_of_pictures(found: EtlSamples, suspects: pd.DataFrame, tmp_path: Path) -> None:
    kept = np.setdiff1d(np.arange(len(found.index)), suspects.loc[suspects["reason"] == "displaced cell", "row"])
    save_suspects(tmp_path, suspects, found.pixels, found.index, kept)
    table = load_table(tmp_path / "suspects.parquet")
    gone = table["reason"] == "displaced cell"
    assert (table["sample_id"] == -1).equals(gone)
    again = found.index.iloc[kept].reset_index(drop=True).loc[table.loc[~gone, "sample_id"]]
    assert again["record"].tolist() == table.loc[~gone, "record"].tolist()
    with Image.open(tmp_path / "suspects.png") as page:
        assert page.mode == "L" and page.height > 60 * len(suspects) // 6


def test_too_few_writers_read_nobody(found: EtlSamples) -> None:
    rows = found.index[found.index["writer"] < 2]
    read = read_by_others(found.pixels[: len(rows)], rows)
    assert not read["judged"].any()
    assert find_suspects(rows, found.cells.iloc[: len(rows)], read).empty
