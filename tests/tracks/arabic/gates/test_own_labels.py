"""gate_own_labels: an empty folder and good rows pass; every fault names file, row and value."""

import pytest

from glyphlens.core.errors import InputError
from glyphlens.gates.run import GateError, GateFiles, examine, run_gate
from glyphlens.sources.fonts.files import own_records, save_fonts
from glyphlens.tracks.arabic.gates.own_labels import GATE, OwnLabelData, OwnLabelLimits, OwnLabelPaths
from tests.tiny_fonts import tiny_font

LIMITS = OwnLabelLimits(font_seconds=30, font_memory_mib=1024)


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own/tiny.ttf").write_bytes(tiny_font())
    (tmp_path / "own/broken.ttf").write_bytes(b"no font")
    save_fonts(tmp_path / "fonts", "arabic", own_records(tmp_path / "own", {})[0])
    (tmp_path / "own_labels").mkdir()
    (tmp_path / "own_labels/README.md").write_text("what it is for")
    return OwnLabelPaths(tmp_path / "own_labels", tmp_path / "fonts")


def say(paths, *rows):
    """Rows about the tiny font (``=``) or the broken one (``!``)."""
    manifest = OwnLabelData.open(paths, LIMITS).manifest
    tiny, broken = (manifest.loc[manifest["file"].str.contains(name), "file"].item() for name in ("tiny", "broken"))
    text = "\n".join(["font,glyph,label", *rows]).replace("=", tiny).replace("!", broken)
    (paths.own_labels / "a.csv").write_text(text)


def judged(paths):
    return {
        result.id: result.outcome
        for result in examine(GATE, OwnLabelData.open(paths, LIMITS), LIMITS)
        if result.outcome.verdict != "PASS"
    }


def test_an_empty_folder_passes(paths):
    assert judged(paths) == {} and GATE.count_rows(OwnLabelData.open(paths, LIMITS)) == 0


def test_good_rows_pass(paths):
    say(paths, "=,14,beh.init", "=,kaf.isol,keheh.isol", "=,15,-")
    assert judged(paths) == {} and GATE.count_rows(OwnLabelData.open(paths, LIMITS)) == 3


@pytest.mark.parametrize(
    ("check", "row", "value"),
    [
        ("fonts-known", "gone.ttf,1,beh.init", "gone.ttf"),
        ("glyphs-known", "=,28,beh.init", "28"),
        ("glyphs-known", "=,21,beh.init", "21"),
        ("labels-known", "=,14,beh.inti", "beh.inti"),
        ("no-conflicts", "=,1,teh.init", "teh.init"),
    ],
)
def test_every_fault_names_file_row_and_value(paths, check, row, value):
    say(paths, "=,1,alef.isol", row)
    found = judged(paths)
    assert set(found) == {check}
    assert [(shown["file"], shown["row"], shown["value"]) for shown in found[check].rows] == [("a.csv", 3, value)]


def test_a_font_that_does_not_open_is_named(paths):
    say(paths, "!,1,alef.isol")
    (shown,) = judged(paths)["glyphs-known"].rows
    assert "broken.ttf" in shown["value"] and "no font" in shown["why"]


def test_what_is_no_table_fails_the_gate(paths, tmp_path):
    (paths.own_labels / "a.csv").write_bytes(b"font\n")
    with pytest.raises(InputError, match="a.csv"):
        OwnLabelData.open(paths, LIMITS)
    files = GateFiles(tmp_path / "token.json", tmp_path / "metrics.json", tmp_path / "report.html")
    with pytest.raises(GateError, match=r"data-opens.*a\.csv: the first line is 'font'"):
        run_gate(GATE, paths, LIMITS, files)
    assert not files.token.exists()
