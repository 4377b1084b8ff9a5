"""Text set in type: whole, in the right faces, inside its box."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.tracks.khmer.drawing.faces import Faces, FontChoice, faces_of_splits
from glyphlens.tracks.khmer.drawing.setting import Manner, NotShown, draw_manner, runs, set_line
from tests.tracks.khmer.small_lines import LINE_PARAMS

PLAIN = Manner("plain", True, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, (0.05, 0.05, 0.1, 0.1), 0.0, 0.1, 0.5)
TEXT = "ខ្ញុំស្រឡាញ់ភាសាខ្មែរ ABC ១២៣ 45"


@pytest.fixture(scope="module")
def faces(khmer_fonts: Path, modules: Path) -> Faces:
    return faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)[0]["train"]


@pytest.fixture(scope="module")
def siemreap(khmer_fonts: Path) -> FontChoice:
    return FontChoice(next(khmer_fonts.glob("siemreap-khmer-400*")), "text/siemreap", 400)


def box_contains(outer: tuple[float, ...], inner: tuple[float, ...]) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


@pytest.mark.parametrize("seed", range(40))
def test_no_manner_cuts_a_line(faces: Faces, seed: int) -> None:
    rng = np.random.default_rng(seed)
    manner = draw_manner(rng, LINE_PARAMS.styles, 0.5, 0.3)
    line = set_line(TEXT, faces.khmer[seed % len(faces.khmer)], faces.latin[0], faces.signs, manner)
    assert box_contains(line.box, line.ink)


def test_spaces_widen_and_letters_spread(faces: Faces, siemreap: FontChoice) -> None:
    def width(**changes: float) -> float:
        line = set_line(TEXT, siemreap, faces.latin[0], faces.signs, PLAIN._replace(**changes))
        return line.ink[2] - line.ink[0]

    assert width(space=3.0) > width() + 1
    assert width(spacing=0.1) > width() + 1.5


def test_letters_of_a_cluster_stay_together(faces: Faces, siemreap: FontChoice) -> None:
    one = set_line("ខ្ញុំ", siemreap, faces.latin[0], faces.signs, PLAIN)
    spread = set_line("ខ្ញុំ", siemreap, faces.latin[0], faces.signs, PLAIN._replace(spacing=0.5))
    np.testing.assert_allclose(one.glyphs.points_P2, spread.glyphs.points_P2)


def test_latin_is_set_in_its_own_face_where_that_is_wished(faces: Faces, siemreap: FontChoice) -> None:
    text = "ក AB 1១"
    own = runs(text, faces.khmer[0], faces.latin[0], faces.signs, PLAIN)
    assert [(begin, end) for begin, end, font, _ in own if font is not faces.khmer[0]] == []
    other = runs(text, faces.khmer[0], faces.latin[0], faces.signs, PLAIN._replace(latin_own=False, latin_scale=0.9))
    foreign = "".join(text[begin:end] for begin, end, font, _ in other if font is faces.latin[0])
    assert foreign == "AB1"
    assert [other[0][0], other[-1][1]] == [0, len(text)]


def test_what_the_font_lacks_comes_from_another(faces: Faces, siemreap: FontChoice) -> None:
    """Siemreap's Khmer file has no Latin at all, and no font has bullets."""
    used = {
        text: font
        for begin, end, font, _ in runs("កA●", siemreap, faces.latin[0], faces.signs, PLAIN)
        for text in "កA●"[begin:end]
    }
    assert used == {"ក": siemreap, "A": faces.latin[0], "●": faces.signs}


def test_a_text_that_a_font_does_not_show_is_refused_by_name(faces: Faces, siemreap: FontChoice) -> None:
    with pytest.raises(NotShown, match=r"siemreap-khmer-400-normal\.woff2 puts a dotted circle"):
        set_line("ក ា", siemreap, faces.latin[0], faces.signs, PLAIN)
    with pytest.raises(NotShown, match=r"has no glyph for U\+17DC"):
        set_line("ៜ", siemreap, faces.latin[0], faces.signs, PLAIN)


def test_marks_of_the_next_line_reach_in_and_not_far(faces: Faces, siemreap: FontChoice) -> None:
    for side in (-1.0, 1.0):
        manner = PLAIN._replace(neighbour=side, neighbour_depth=0.1)
        line, alone = (set_line(TEXT, siemreap, faces.latin[0], faces.signs, each) for each in (manner, PLAIN))
        more = line.glyphs.points_P2[len(alone.glyphs.points_P2) :, 1]
        reach = line.box[3] - more.min() if side > 0 else more.max() - line.box[1]
        assert line.box == alone.box
        assert reach == pytest.approx(0.1 * (line.box[3] - line.box[1]))


def test_a_small_line_is_not_blown_up(faces: Faces, siemreap: FontChoice) -> None:
    line = set_line("-", siemreap, faces.latin[0], faces.signs, PLAIN._replace(fit_top=0.0, fit_bottom=0.0))
    assert line.box[3] - line.box[1] > 0.75
