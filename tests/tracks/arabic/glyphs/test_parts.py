"""Families are split kind by kind, so that Arabic ones stay where they are whatever stands beside them."""

from pathlib import Path

import pandas as pd

from glyphlens.data.splits import split_groups
from glyphlens.sources.fonts.files import MANIFEST
from glyphlens.tracks.arabic.glyphs.companion_fonts import font_sources, refused_fonts
from glyphlens.tracks.arabic.glyphs.parts import parts_of, split_families

ARABIC = [f"arabic-{number}" for number in range(12)]


def rows(families: list[str], char_class: str, alt_label: str) -> pd.DataFrame:
    return pd.DataFrame({"family": families, "char_class": char_class, "alt_label": alt_label})


def test_arabic_families_are_split_as_if_there_were_no_others() -> None:
    arabic, icons = rows(ARABIC, "isol", "beh.isol"), [f"icons-{number}" for number in range(3)]
    beside = [
        rows(ARABIC, "other", "other_notdef_0"),
        rows([*ARABIC, "serif", "sans"], "latin", "latin_small_a"),
        rows(icons, "other", "other_icons_3"),
        rows(icons, "other", "other_notdef_0"),
    ]
    alone, together = split_groups(ARABIC, 0.1, 0.1), split_families(pd.concat([arabic, *beside]), 0.1, 0.1)
    for side in ("train", "val", "test"):
        assert set(getattr(together, side)) & set(ARABIC) == set(getattr(alone, side))
        assert set(getattr(together, side)) & set(icons)  # three of a kind are on all sides
    assert {"serif", "sans"} <= set(together.train)  # two are too few
    assert split_families(arabic, 0.1, 0.1) == alone


def test_parts_by_class() -> None:
    assert parts_of(pd.Series(["isol", "latin", "common", "other", "digit"])).tolist() == [
        *("arabic", "companions", "companions", "refused", "arabic"),
    ]


def test_subsets_join_their_font_and_other_faces_stand_alone(tmp_path: Path) -> None:
    columns = ["script", "package", "weight", "source", "file"]
    beside = pd.DataFrame(
        [
            ("latin", "cairo", 300, "subset", "cairo-latin"),
            ("greek", "cairo", 300, "subset", "cairo-greek"),
            ("latin", "tinos", 400, "subset", "tinos-latin"),
            ("hebrew", "tinos", 400, "subset", "tinos-hebrew"),
            ("icons", "icons", 400, "refused", "icons-1"),
            ("icons", "icons", 400, "refused", "icons-2"),
        ],
        columns=columns,
    )
    beside.to_parquet(tmp_path / MANIFEST)
    fonts = pd.DataFrame([("arabic", "cairo", 300, "package", "a1"), ("arabic", "cairo", 900, "package", "a2")])
    found = font_sources(Path("fonts"), fonts.set_axis(columns, axis=1), tmp_path)
    names = [[path.name for path in (row.path, *row.companions)] for row in found.itertuples()]
    assert names == [["a1", "cairo-latin", "cairo-greek"], ["a2"], ["tinos-latin", "tinos-hebrew"]]
    assert [[path.name for path in paths] for paths in refused_fonts(tmp_path)["paths"]] == [["icons-1", "icons-2"]]
