"""The whole stand-in: groups, rows, pixels and strokes of the samples, the same from any number of workers."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.produced import PRODUCED_COLUMNS, Produced
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin import lettering
from glyphlens.sources.standin.lettering import open_lettering
from glyphlens.sources.standin.render import render_standin
from tests.sources.standin.japanese_font import font_folder
from tests.sources.standin.settings import PREPARED, SHIPPED, few
from tests.stroke_data import stroke_folder

CHARACTERS = "あがぱそぞ一十校こ"


@pytest.fixture(scope="module")
def kanjivg() -> KanjiVG:
    return KanjiVG.open(stroke_folder())


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return font_folder(tmp_path_factory.mktemp("fonts"))


@pytest.fixture(scope="module")
def produced(kanjivg: KanjiVG, fonts: Path) -> Produced:
    return render_standin(fonts, kanjivg, few(CHARACTERS), PREPARED, seed=1)


def test_every_writer_writes_every_character_and_fonts_draw_those_they_have(produced: Produced) -> None:
    index = produced.index
    assert tuple(index.columns) == PRODUCED_COLUMNS
    written = index[index["set"] == "strokes"]
    assert sorted(set(written["group"])) == ["writer/000", "writer/001", "writer/002"]
    for _, rows in written.groupby("group"):
        assert rows["label"].tolist() == sorted(CHARACTERS)
    drawn = index[index["set"] == "font"]
    assert set(drawn["group"]) == {"font/boxes"} and set(drawn["file"]) == {"boxes.ttf"}
    assert drawn["label"].value_counts().to_dict() == dict.fromkeys("一十校こ", 2)
    assert len(produced.pixels_NHW) == len(index) == len(written) + len(drawn)
    assert set(index["source"]) == {"rendered"} and set(index["record"]) == {-1}
    assert (index.loc[written.index, "writer"] == written["group"].str[-3:].astype(int)).all()
    assert set(index.loc[drawn.index, "writer"]) == {-1}


def test_pixels_are_prepared_ink_and_no_two_are_alike(produced: Produced) -> None:
    pixels = produced.pixels_NHW
    assert pixels.shape[1:] == (64, 64) and pixels.dtype == np.uint8
    assert (pixels.max(axis=(1, 2)) > 150).all()
    share = (pixels > 127).mean(axis=(1, 2))
    assert share.min() > 0.01 and share.max() < 0.5
    assert len({picture.tobytes() for picture in pixels}) == len(pixels)


def test_strokes_are_those_of_the_pictures(produced: Produced) -> None:
    """Points of the sequences lie in ink, and nearly all ink is near one of their lines."""
    assert np.array_equal(produced.stroke_rows_M, np.flatnonzero(produced.index["set"] == "strokes"))
    counts = {"あ": {3}, "が": {5}, "ぱ": {4}, "そ": {1, 2}, "ぞ": {3, 4}, "一": {1}, "十": {2}, "校": {10}, "こ": {2}}
    for row, sequence in zip(produced.stroke_rows_M, produced.strokes_MSF, strict=True):
        label, picture = produced.index["label"][row], produced.pixels_NHW[row]
        used = int(sequence[:, 16].sum())
        assert used in counts[label]
        assert not sequence[used:].any()
        points = sequence[:used, :16].reshape(-1, 2)
        assert np.abs(points).max() <= 1 + 1e-6
        columns, rows = np.rint(31.5 + 26 * points).astype(int).T
        near = np.stack([picture[rows + y, columns + x] for y in range(-3, 4) for x in range(-3, 4)]).max(axis=0)
        assert (near > 60).mean() > 0.9, label


def test_the_same_from_two_workers_and_another_from_another_seed(
    produced: Produced, kanjivg: KanjiVG, fonts: Path
) -> None:
    again = render_standin(fonts, kanjivg, few(CHARACTERS), PREPARED, seed=1, workers=2)
    assert np.array_equal(again.pixels_NHW, produced.pixels_NHW)
    assert np.array_equal(again.strokes_MSF, produced.strokes_MSF)
    assert again.index.equals(produced.index)
    other = render_standin(fonts, kanjivg, few(CHARACTERS), PREPARED, seed=2)
    assert not (other.pixels_NHW == produced.pixels_NHW).all(axis=(1, 2)).any()


def test_skeletons_taken_in_blocks_are_the_same(fonts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = open_lettering(fonts / "boxes.ttf", "一十こ校")
    monkeypatch.setattr(lettering, "BLOCK", 3)
    for one, other in zip(at_once, open_lettering(fonts / "boxes.ttf", "一十こ校"), strict=True):
        assert np.array_equal(one, other)


def test_one_producer_alone(kanjivg: KanjiVG, tmp_path: Path) -> None:
    """Without fonts nothing of their folder is asked for; without writers there are no strokes."""
    written = render_standin(tmp_path / "nowhere", kanjivg, few("あ", font_copies=0), PREPARED, seed=1)
    assert written.index["set"].tolist() == ["strokes"] * 3
    drawn = render_standin(font_folder(tmp_path / "fonts"), kanjivg, few("一", writers=0), PREPARED, seed=1)
    assert drawn.index["set"].tolist() == ["font"] * 2
    assert drawn.strokes_MSF.shape == (0, 24, 17) and drawn.stroke_rows_M.shape == (0,)


def test_what_cannot_be_drawn_is_named(kanjivg: KanjiVG, fonts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'௵' \(U\+0BF5\): KanjiVG has no strokes"):
        render_standin(fonts, kanjivg, few("一௵"), PREPARED, seed=1)
    with pytest.raises(InputError, match="both 0; nothing would be drawn"):
        render_standin(fonts, kanjivg, few("一", writers=0, font_copies=0), PREPARED, seed=1)
    with pytest.raises(InputError, match=r"standin\.characters: no character in it"):
        render_standin(fonts, kanjivg, few(" "), PREPARED, seed=1)
    with pytest.raises(InputError, match=r"boxes\.ttf: has none of the 1 characters"):
        render_standin(fonts, kanjivg, few("あ"), PREPARED, seed=1)
    broken = font_folder(tmp_path)
    (broken / "boxes.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match=r"boxes\.ttf: cannot be read as a font"):
        render_standin(broken, kanjivg, few("一"), PREPARED, seed=1)


def test_the_shipped_characters_are_those_of_the_issue(kanjivg: KanjiVG) -> None:
    sizes = {name: len(characters) for name, characters in SHIPPED.characters.items()}
    assert sizes == {"hiragana": 71, "katakana": 46, "kanji_1": 80, "kanji_2": 160}
    characters = SHIPPED.all_characters()
    assert len(characters) == 357
    assert all(character in kanjivg for character in characters)
    assert not set("っゃゅょ") & set(characters)
