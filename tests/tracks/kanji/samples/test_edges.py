"""Cells of ETL8B are cropped to the characters, those of ETL9G show their neighbours: one rule clears both rightly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.tracks.kanji.samples.edges import LOOSE, TIGHT, find_pieces, known_classes, survey_edges, without_edge
from glyphlens.tracks.kanji.samples.etl_samples import EtlSamples, read_samples
from tests.sources.etl.etl_records import write
from tests.tracks.kanji.samples.etl_hands import cropped, etl8b, etl9g, hand, soiled

PARAMS = HandwritingParams(
    image_px=64, box_px=56, edge_share=0.125, speck_share=0.0008, min_contrast=30, blur_sigma_px=0.5
)
WHOLE = without_edge(PARAMS)
CHARS, WRITERS, GRID_WRITERS = "うはほいへ三", range(1, 41), range(1, 17)
Image = NDArray[np.uint8]


def read(folder: Path) -> EtlSamples:
    return read_samples(folder, folder / "parts", (), PARAMS, 1)


def alike(first: Image, second: Image) -> NDArray[np.float64]:
    """(N,) correlation of pictures."""
    pairs = zip(first.reshape(len(first), -1), second.reshape(len(second), -1), strict=True)
    return np.array([np.corrcoef(one, other)[0, 1] for one, other in pairs])


def tight(folder: Path, change: Callable[[Image, int], Image] = lambda image, _: image) -> tuple[EtlSamples, Image]:
    """A file of ETL8B, class by class, and its cells as they are before the change."""
    clean = [cropped(hand(char, writer)) for char in CHARS for writer in WRITERS]
    writers = [(char, writer) for char in CHARS for writer in WRITERS]
    records = [etl8b(change(cell, writer), char, writer) for cell, (char, writer) in zip(clean, writers, strict=True)]
    write(folder / "ETL8B2C1", [bytes(512), *records])
    return read(folder), np.stack(clean)


def test_the_strokes_of_cropped_characters_stay(tmp_path: Path) -> None:
    """The dot of う and the left stroke of は and ほ lie wholly in the cell's outer eighth for many writers."""
    found, cells = tight(tmp_path)
    damaged = alike(prepare(cells, PARAMS), prepare(cells, WHOLE)) < 0.9
    by_char = damaged.reshape(len(CHARS), -1).mean(axis=1)
    assert dict(zip(CHARS, by_char > 0.1, strict=True)) == {char: char in "うはほ三" for char in CHARS}
    assert (alike(found.pixels[:], prepare(cells, WHOLE)) > 0.9).mean() > 0.99
    assert found.cells["cleared"].mean() < 0.02


def test_what_soils_a_cropped_cell_costs_no_stroke(tmp_path: Path) -> None:
    found, cells = tight(tmp_path, soiled)
    right = (alike(found.pixels[:], prepare(cells, WHOLE)) > 0.85).reshape(len(CHARS), -1).mean(axis=1)
    assert right.min() > 0.85 and right.mean() > 0.95


def test_neighbours_and_ruled_lines_are_cleared_in_a_grid(tmp_path: Path) -> None:
    writers = [(char, writer) for writer in GRID_WRITERS for char in "うは口"]
    clean = np.stack([hand(*who) for who in writers])
    dirty = [soiled(cell, writer * 7 + ord(char)) for cell, (char, writer) in zip(clean, writers, strict=True)]
    write(tmp_path / "ETL9G_01", [etl9g(cell, *who) for cell, who in zip(dirty, writers, strict=True)])
    found = read(tmp_path)
    assert (alike(found.pixels[:], prepare(clean, PARAMS)) > 0.95).mean() > 0.95
    assert found.cells["cleared"].mean() > 0.95


def test_a_cell_without_ink_in_its_edge_is_prepared_as_ever(tmp_path: Path) -> None:
    writers = [(char, writer) for writer in GRID_WRITERS for char in "うは口"]
    clean = np.stack([hand(*who) for who in writers])
    write(tmp_path / "ETL9G_01", [etl9g(cell, *who) for cell, who in zip(clean, writers, strict=True)])
    assert np.array_equal(read(tmp_path).pixels[:], prepare(clean, PARAMS))


def test_a_class_that_few_wrote_is_cleared_as_ever(tmp_path: Path) -> None:
    cells = np.stack([cropped(hand("う", writer)) for writer in range(1, 5)])
    write(tmp_path / "ETL8B2C1", [bytes(512), *(etl8b(cell, "う", number) for number, cell in enumerate(cells))])
    assert np.array_equal(read(tmp_path).pixels[:], prepare(cells, PARAMS))


@pytest.mark.parametrize(("change", "rule"), [(cropped, TIGHT), (lambda image: image, LOOSE)])
def test_a_set_shows_by_itself_whether_it_is_cropped(change: Callable[[Image], Image], rule: object) -> None:
    cells = np.stack([change(hand(char, writer)) for char in CHARS for writer in range(10)])
    labels = np.repeat(np.array(list(CHARS), object), 10)
    survey = survey_edges(labels, find_pieces(cells, PARAMS), PARAMS)
    assert survey.rule == rule
    assert set(known_classes([survey])) == set(CHARS)


def test_pieces_are_numbered_by_size_and_the_character_is_none() -> None:
    image = hand("口", 1, side=70)
    image[40:60, :4], image[20:30, -3:], image[100:105, :4] = 238, 238, 238
    pieces = find_pieces(image[None], PARAMS).pieces_NHW[0]
    assert [int(pieces[place]) for place in [(50, 1), (25, 126), (101, 1)]] == [1, 2, 3]
    assert pieces[20:107, 20:108].max() == 255 and set(np.unique(pieces)) == {0, 1, 2, 3, 255}
