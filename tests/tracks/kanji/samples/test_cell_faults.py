"""Blank paper is audited, however its noise looks once contrast is stretched; sheets that lay askew are left out."""

from pathlib import Path

import numpy as np

from glyphlens.imaging.handwriting import prepare
from glyphlens.tracks.kanji.samples.cell_faults import cut_cells, noise_cells
from glyphlens.tracks.kanji.samples.edges import find_pieces
from glyphlens.tracks.kanji.samples.etl_samples import read_samples
from tests.sources.etl.etl_records import write
from tests.tracks.kanji.samples.etl_hands import STROKES, displaced, etl1, halved, hand, noise
from tests.tracks.kanji.samples.test_edges import PARAMS


def test_noise_is_no_character_and_a_faint_character_is_no_noise() -> None:
    paper = np.stack([noise(seed) for seed in range(40)])
    assert (prepare(paper, PARAMS).max(axis=(1, 2)) >= 96).mean() > 0.9  # what the preparation makes of it
    assert noise_cells(paper, PARAMS).mean() > 0.9
    hands = np.stack([halved(hand(char, writer)) for writer in range(8) for char in STROKES])
    faint = np.clip(hands // 3 + noise(1)[None] // 2, 0, 255).astype(np.uint8) // 17 * 17
    assert not noise_cells(hands, PARAMS).any() and noise_cells(faint, PARAMS).mean() < 0.02


def test_a_full_stop_is_no_noise() -> None:
    cell = np.zeros((63, 64), np.uint8)
    cell[40:42, 20:22] = 85
    assert not noise_cells(cell[None], PARAMS)[0]


def test_blank_cells_are_audited_one_by_one(tmp_path: Path) -> None:
    cells = [halved(hand("い", 3)), noise(3), noise(4), halved(hand("い", 4))]
    write(tmp_path / "ETL1C_01", [etl1(cell, 0xB2, sheet) for sheet, cell in enumerate(cells)])
    found = read_samples(tmp_path, tmp_path / "parts", (), PARAMS, 1)
    blank = found.audit[found.audit["reason"] == "blank cell"]
    assert blank[["record", "value", "count", "detail"]].to_numpy().tolist() == [
        [1, "イ", 1, "sheet 1"],
        [2, "イ", 1, "sheet 2"],
    ]
    assert found.index["record"].tolist() == [0, 3] and len(found.cells) == 2


def test_the_border_runs_through_a_displaced_character() -> None:
    whole = np.stack([halved(hand(char, 5)) for char in "はほ口う"])
    askew = np.stack([displaced(first, second) for first, second in zip(whole, whole[::-1], strict=True)])
    assert not cut_cells(find_pieces(whole, PARAMS)).any()
    assert cut_cells(find_pieces(askew, PARAMS)).all()
