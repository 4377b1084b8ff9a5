"""Scripts and the hands that write them: what stays, what moves, and by whom."""

from dataclasses import replace

import numpy as np
import pytest

from glyphlens.imaging.handwriting import prepare
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.drawing import WriterShard, stroke_sequences, write_cells
from glyphlens.sources.standin.hand import random_hand
from glyphlens.sources.standin.joins import join_strokes
from glyphlens.sources.standin.paper import scan
from glyphlens.sources.standin.params import HandParams
from glyphlens.sources.standin.proportions import script_proportions, take_proportions
from glyphlens.sources.standin.script import Script, choose_forms, script_of
from glyphlens.sources.standin.warps import warp_characters
from glyphlens.sources.standin.writing import write
from tests.sources.standin.settings import PREPARED, SHIPPED, few
from tests.stroke_data import stroke_folder

STILL = HandParams(**(dict.fromkeys(HandParams.model_fields, 0.0)))


def script(characters: str) -> Script:
    return script_of(tuple(characters), KanjiVG.open(stroke_folder()))


def test_groups_and_marks_of_a_script() -> None:
    found = script("が校ぱあ")
    starts = found.starts_C1.tolist()
    assert starts == [0, 5, 15, 19, 22]
    assert np.flatnonzero(found.mark_S).tolist() == [3, 4, 18]
    coarse, fine = found.group_LS
    assert len(set(coarse[5:9])) == 1 and len(set(coarse[9:15])) == 1 and coarse[5] != coarse[9]
    assert len(set(fine[9:15])) == 2  # 交 is 亠 and 父
    for group_S in found.group_LS:
        assert len({(group, owner) for group, owner in zip(group_S, found.character_S, strict=True)}) == len(
            set(group_S)
        )


def test_hooks_are_found_where_there_are_some() -> None:
    """The last stroke of 了 and 月's second end in a hook, those of 一 and く do not."""
    assert script("了").hook_S[-1] < 1 and script("月").hook_S[1] < 1
    assert (script("一く").hook_S == 1).all()


def test_so_has_a_second_form_with_a_dot() -> None:
    found = script("そあ")
    assert found.characters == ("そ", "あ", "そ")
    counts = {len(choose_forms(found, np.random.default_rng(seed)).points_SK) for seed in range(20)}
    assert counts == {4, 5}
    chosen = choose_forms(found, np.random.default_rng(0))
    assert chosen.characters == ("そ", "あ")


def test_a_hand_without_spreads_moves_nothing_but_ends_and_corners() -> None:
    found = script("校")
    rng = np.random.default_rng(3)
    hand = replace(random_hand(STILL, rng), roundness=-1e9, looseness=0.0, mark_scale=1.0, mark_turn=0.0)
    np.testing.assert_allclose(write(found, hand, STILL, rng).points_SK, found.points_SK, atol=1e-9)


def test_proportions_stay_monotone_even_with_huge_spreads() -> None:
    """Points in order along a line are so after any warp: no character is folded."""
    wild = STILL.model_copy(update={"proportion": 5.0})
    line_SK = np.repeat(np.linspace(0, 1, 48)[None] * (1 + 1j), 20, axis=0)
    rng = np.random.default_rng(0)
    warped_SK = warp_characters(line_SK, np.arange(20), random_hand(wild, rng), wild, rng)
    assert (np.diff(warped_SK.real) > 0).all() and (np.diff(warped_SK.imag) > 0).all()


def test_marks_keep_to_a_writer_s_habit() -> None:
    """The place of the marks differs more between writers than between the characters of one."""
    found = script("がぎぐげござじずぜだでど")
    only_marks = STILL.model_copy(update={"mark_shift": 0.05})
    marks = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        hand = replace(random_hand(only_marks, rng), looseness=0.4)
        moved = write(found, hand, only_marks, rng).points_SK - found.points_SK
        marks.append([moved[found.mark_S & (found.character_S == c)].mean() for c in range(len(found.characters))])
    places = np.array(marks)
    assert places.mean(axis=1).std() > 1.5 * (places - places.mean(axis=1, keepdims=True)).std()


def test_joins_lead_from_one_stroke_to_the_next_and_only_within_a_character() -> None:
    found = script("こにう")
    hand = replace(random_hand(SHIPPED.hand, np.random.default_rng(0)), join=10.0)
    joins = join_strokes(found, hand, np.random.default_rng(0))
    assert joins.stroke_J.tolist() == [0, 2, 3, 5]
    np.testing.assert_allclose(joins.lines_JT[:, 0], found.points_SK[joins.stroke_J, -1])
    np.testing.assert_allclose(joins.lines_JT[:, -1], found.points_SK[joins.stroke_J + 1, 0])
    assert not len(join_strokes(found, replace(hand, join=0.0, tail=0.0), np.random.default_rng(0)).stroke_J)


def test_taking_the_proportions_of_another_drawing() -> None:
    """A model with a narrow left part makes the script's left part narrower; its own model changes nothing."""
    found = script("校")
    own = script_proportions(found)
    same = take_proportions(found, own, np.random.default_rng(0))
    np.testing.assert_allclose(same, found.points_SK, atol=1e-9)
    narrow = replace(found, points_SK=found.points_SK.real**2 + 1j * found.points_SK.imag)
    left = found.group_LS[0] == found.group_LS[0, 0]
    widths = []
    for seed in range(20):
        moved = take_proportions(found, script_proportions(narrow), np.random.default_rng(seed)).real
        widths.append(np.ptp(moved[left]) / np.ptp(moved))
    assert np.mean(widths) < np.ptp(found.points_SK[left].real) / np.ptp(found.points_SK.real)


def test_cells_are_as_scanned() -> None:
    """127×128 pixels in 16 levels; ink, and a writer's size that another does not have."""
    params = few("あ校")
    sides = []
    for writer in range(8):
        shard = WriterShard(writer, 1, script("あ校"), (), params, PREPARED)
        cells, written = write_cells(shard)
        assert cells.shape == (2, 127, 128) and not (cells % 17).any()
        assert written.points_SK.real.min() > 5 and written.points_SK.real.max() < 123
        assert written.points_SK.imag.min() > 5 and written.points_SK.imag.max() < 122
        sides.append(np.ptp(written.points_SK[:3].real))
        assert prepare(cells, PREPARED).max(axis=(1, 2)).min() > 150
    assert max(sides) > 1.4 * min(sides)


@pytest.mark.parametrize(("noise", "levels"), [(0.0, 1), (0.5, 2)])
def test_blank_paper_is_blank_but_for_its_noise(noise: float, levels: int) -> None:
    paper = SHIPPED.paper.model_copy(update={"noise": noise, "neighbours": 0.0, "frames": 0.0})
    cells = scan(np.zeros((4, 127, 128), np.uint8), paper, np.random.default_rng(0))
    assert len(np.unique(cells)) >= levels
    assert cells.mean() < 17
    if not noise:
        assert not cells.any()


def test_sequences_hold_the_first_24_strokes_of_a_long_character() -> None:
    found = script("鬱一")
    sequences = stroke_sequences(found)
    assert sequences.shape == (2, 24, 17)
    assert len(KanjiVG.open(stroke_folder())["鬱"].paths) > 24
    assert sequences[0, :, 16].sum() == 24 and sequences[1, :, 16].sum() == 1
    across = sequences[1, 0, :16].reshape(8, 2)
    assert across[0, 0] == pytest.approx(-1, abs=0.01) and across[-1, 0] == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(np.diff(across[:, 0]), 2 / 7, atol=0.02)
