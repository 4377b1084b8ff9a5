import subprocess

import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts import packages as font_packages
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.stages import fonts
from tests.tiny_fonts import tiny_font

PARAMS = "fonts:\n  weights_per_family: 3\n  same_family: {}\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with params.yaml and an empty data/packages; npm is out of reach."""
    (tmp_path / "params.yaml").write_text(PARAMS)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        path = tmp_path / "packages" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return tmp_path


def run():
    fonts.main(["--packages", "packages", "--own", "own", "--out", "out"])


def test_without_npm_own_fonts_still_work_with_a_warning(place, capsys):
    (place / "own" / "mine.ttf").write_bytes(tiny_font("Mine"))
    run()
    assert load_fonts(place / "out/arabic")["family"].tolist() == ["mine"]
    assert {entry.name for entry in (place / "out").iterdir()} == {"arabic", "japanese", "khmer"}
    said = "".join(capsys.readouterr())
    assert "warning: npm: not found" in said and "going on with the 1 fonts of own alone" in said


def test_without_npm_and_own_fonts_it_says_what_to_do(place):
    with pytest.raises(InputError, match=r"npm: not found; install npm(.|\n)*put font files into own"):
        run()
    assert not (place / "out").exists()


def test_a_linked_folder_of_own_fonts_is_refused(place):
    (place / "elsewhere").mkdir()
    (place / "elsewhere/mine.ttf").write_bytes(tiny_font("Mine"))
    (place / "own/more").symlink_to(place / "elsewhere")
    with pytest.raises(InputError, match=r"^own/more: a linked folder.*; copy it there"):
        run()
    assert not (place / "out").exists()


@pytest.mark.parametrize("code", ["EUSAGE", "EINTEGRITY"])
def test_a_refused_package_is_an_error_even_with_own_fonts(place, monkeypatch, code):
    (place / "own" / "mine.ttf").write_bytes(tiny_font("Mine"))
    refused = subprocess.CompletedProcess([], 1, "", f"npm error code {code}\n")
    monkeypatch.setattr(font_packages.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(font_packages.subprocess, "run", lambda *_, **__: refused)
    with pytest.raises(InputError, match=code):
        run()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PARAMS.replace("3", "0"), "fonts.weights_per_family"),
        (PARAMS.replace("3", "many"), "fonts.weights_per_family"),
        (PARAMS + "  colour: red\n", "fonts.colour"),
        ("fonts:\n  weights_per_family: 3\n", "fonts.same_family"),
    ],
)
def test_parameters_are_checked(place, text, key):
    (place / "params.yaml").write_text(text)
    with pytest.raises(InputError, match=key):
        run()


def test_real_packages_have_their_manifest(font_folder):
    table = load_fonts(font_folder)
    assert (table["licence"] == "OFL-1.1").all() and table["sha256"].str.len().eq(64).all()
    assert all((font_folder / name).is_file() for name in table["file"])
