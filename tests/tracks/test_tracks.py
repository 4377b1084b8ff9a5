"""Tracks are found in the tree, and nothing outside their packages knows one by its name."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from glyphlens.core.params import load_params
from glyphlens.core.storage import load_json
from glyphlens.review.comparison import SECTION, CompareParams
from glyphlens.track_stage import main
from glyphlens.tracks import Track, flagship, picture_reader, tracks
from glyphlens.tracks.arabic.reader import glyph_reader
from tests.checkout import ROOT

PACKAGE = ROOT / "src/glyphlens"
STAGES = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Where a name stands in a string and is not, or not only, that of a track.
ELSEWHERE = {
    "api/loading.py": "the model that is loaded where none is named",
    "cli/": "examples in the help of commands",
    "commands/line_sheet.py": "the script of what is drawn",
    "commands/read.py": "the script of what is read",
    "commands/suspects.py": "which stages write tables of suspects",
    "published_tables.py": "what the columns of tables in git mean",
    "sources/fonts/": "scripts of fonts",
    "sources/kanjivg.py": "folders inside the wheel of KanjiVG",
    "stages/fonts.py": "scripts of fonts",
    "stages/strokes.py": "what the notice of KanjiVG's licence covers",
}
every_track = pytest.mark.parametrize("track", tracks().values(), ids=tracks())


def test_every_package_is_a_track_under_its_own_name() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("tracks/*/track.py")}
    packages = {path.parent.name for path in PACKAGE.glob("tracks/*/__init__.py")}
    assert set(tracks()) == folders == packages
    assert (
        [track.name for track in tracks().values() if track.is_flagship] == [flagship().name] == [next(iter(tracks()))]
    )


@every_track
def test_a_track_has_the_same_name_everywhere(track: Track) -> None:
    """Stages, data, models, metrics; those of the flagship carry no prefix, because people type `phase2.lr`."""
    outs = [out if isinstance(out, str) else next(iter(out)) for out in STAGES[track.final_stage]["outs"]]
    assert track.release.as_posix() in outs
    first_word = track.name.partition("_")[0]  # which may stand for the track: kanji_, zero_, scan_
    assert track.is_flagship or track.final_stage.startswith(f"{first_word}_")
    assert track.samples in STAGES[track.final_stage]["deps"]
    assert track.samples.startswith(f"data/{track.name}/")
    modules = sorted(PACKAGE.glob(f"tracks/{track.name}/stages/*.py"))
    names = [path.stem.removeprefix("gate_") for path in modules if path.stem != "__init__"]
    assert track.is_flagship or [name for name in names if not f"{name}_".startswith(f"{first_word}_")] == []
    assert re.fullmatch("[A-Z][a-z]{3}", track.script)


@every_track
def test_what_a_track_is_known_by_is_measured(track: Track) -> None:
    for headline in track.headlines:
        assert headline.metric in load_json(ROOT / "metrics" / headline.file)
        assert headline.file.startswith(f"{track.name}/")
    assert any(track.champion.metric in load_json(ROOT / path) for path in track.champion.files)
    for stage in track.stages:
        assert (ROOT / f"metrics/{track.name}/{stage}.json").is_file()


@every_track
def test_no_change_may_worsen_what_a_track_is_chosen_by(track: Track) -> None:
    guarded = load_params(CompareParams, SECTION, ROOT / "params.yaml").guarded
    files = [path for path in track.champion.files if track.champion.metric in load_json(ROOT / path)]
    assert [
        (pattern, path)
        for pattern, limits in guarded.items()
        for path in files
        if fnmatchcase(path, pattern) and track.champion.metric in limits
    ], f"compare.guarded in params.yaml has no limit for {track.champion.metric} of {files}"


def test_a_script_has_one_reader_and_it_is_there() -> None:
    scripts = [script for track in tracks().values() for script in track.readers]
    assert sorted(scripts) == sorted(set(scripts))
    assert all(callable(picture_reader(script)) for script in scripts)
    assert picture_reader("arabic") is glyph_reader, "by the script in the manifest, not by a list of tracks"
    assert picture_reader("klingon") is None


def test_finding_the_tracks_imports_nothing_slow() -> None:
    script = "import sys, glyphlens.tracks as t; t.tracks(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "pandas", "pydantic", "onnxruntime", "dvc"} & set(loaded)


def strings(path: Path) -> list[str]:
    """Texts of a module that are no docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    found = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in alone)
    return [node.value for node in found if isinstance(node.value, str)]


def test_no_other_module_names_a_track() -> None:
    name = re.compile(rf"(?<![a-z])({'|'.join(tracks())})(?![a-z])")
    others = (path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(PACKAGE / "tracks"))
    named = {path.relative_to(PACKAGE).as_posix() for path in others if any(map(name.search, strings(path)))}
    assert {path for path in named if not path.startswith(tuple(ELSEWHERE))} == set()
    assert [place for place in ELSEWHERE if not any(path.startswith(place) for path in named)] == []


@pytest.mark.parametrize(
    ("arguments", "stage"),
    [([], flagship().final_stage), (["all"], ""), *(([track.name], track.final_stage) for track in tracks().values())],
)
def test_the_stage_to_run_is_named(arguments: list[str], stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments)
    assert capsys.readouterr().out.strip() == stage


def test_an_unknown_track_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["klingon"])
    told = capsys.readouterr().err
    assert end.value.code == 2 and all(name in told for name in ("klingon", *tracks(), "all"))
