"""Which files of installed packages stand beside Arabic script, and which are to be refused."""

import json
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_table
from glyphlens.sources.fonts.companions import other_records, save_companions, subset_records, text_weights_of


def package(modules: Path, name: str, *files: str, **facts: object) -> None:
    folder = modules / name
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(f"{name} {file}".encode())
    (folder / "package.json").write_text(json.dumps({"version": "1.0.0", **facts}))


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    cairo = [
        f"files/cairo-{subset}-{weight}-normal.woff2"
        for subset in ("arabic", "latin", "greek")
        for weight in (300, 500)
    ]
    package(tmp_path, "@fontsource/cairo", *cairo, license="OFL-1.1")
    package(tmp_path, "@fontsource/tinos", "files/tinos-latin-400-normal.woff2", "files/tinos-latin-400-italic.woff2")
    package(tmp_path, "icons", "fonts/icons.woff2", licenses=[{"type": "OFL"}, {"type": "MIT"}])
    return tmp_path


def test_a_font_keeps_its_other_subsets_at_the_weight_nearest_to_regular(modules: Path) -> None:
    records = subset_records(modules, {"cairo": [300, 500]}, ("latin", "greek", "hebrew"), {"cairo": "kairo"})
    assert [(record.file, record.weight, record.family) for record in records] == [
        ("cairo-latin-300-normal.woff2", 300, "kairo"),
        ("cairo-greek-300-normal.woff2", 300, "kairo"),
    ]


def test_what_is_to_be_refused_is_named_by_patterns_and_is_no_text_face(modules: Path) -> None:
    (icons,) = other_records([modules], {"icons": ["icons/fonts/*.woff2"]}, {})
    assert (icons.script, icons.source, icons.package, icons.licence) == ("icons", "refused", "icons", "OFL OR MIT")
    cjk = other_records([modules], {"cjk": ["@fontsource/tinos/files/*-normal.woff2"]}, {})
    assert text_weights_of(modules, cjk) == {"cairo": [300, 500]}
    with pytest.raises(InputError, match="companions.others.cjk: no file is called nothing"):
        other_records([modules], {"cjk": ["nothing/*"]}, {})


def test_files_and_manifest_are_written_and_old_ones_go(modules: Path, tmp_path: Path) -> None:
    records = subset_records(modules, {"tinos": [400]}, ("latin",), {})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old.woff2").touch()
    assert save_companions(tmp_path / "out", [*records, *records]) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fonts.parquet",
        "tinos-latin-400-normal.woff2",
    ]
    assert load_table(tmp_path / "out/fonts.parquet")["source"].tolist() == ["subset"]
