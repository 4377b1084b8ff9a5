"""The fonts that the other tests draw from are real, few, and described by their manifest."""

from pathlib import Path

import pandas as pd


def test_the_font_folder_holds_what_its_manifest_says(font_folder: Path) -> None:
    manifest = pd.read_parquet(font_folder / "fonts.parquet")
    assert sorted(manifest["file"]) == sorted(path.name for path in font_folder.glob("*.woff2"))
    assert manifest["family"].nunique() == 8
    assert set(manifest["licence"]) == {"OFL-1.1"}


def test_the_one_font_is_a_woff2_file(arabic_font_path: Path) -> None:
    assert arabic_font_path.read_bytes()[:4] == b"wOF2"
