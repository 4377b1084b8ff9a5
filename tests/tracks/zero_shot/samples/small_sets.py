"""A zero-shot sample set made of few characters, writers and a font, with everything that the stage writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from glyphlens.core.storage import load_table, save_table
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.gates.token import write_token
from glyphlens.sources.fonts.files import MANIFEST
from glyphlens.tracks.zero_shot.samples.roles import jis_kanji
from glyphlens.tracks.zero_shot.stages import zero_shot_samples
from tests.checkout import ROOT
from tests.once import once_per_run
from tests.sources.standin.japanese_font import BOXES, font_folder
from tests.stroke_data import stroke_folder

ROLES = {"protocol": "code_order", "seen": 24, "unseen": 12, "val_classes": 4, "fewest": 10}
KANJI = [*jis_kanji(1), *jis_kanji(2)]
WRITERS = [f"ETL9/{number:04d}" for number in range(6)]
FAMILIES = ("boxes", "bars", "beams")
HAVE_GLYPHS = "亜哀愛阿腕弌"  # seen, seen, val, seen, unseen, level 2
SMALL = {
    "roles": ROLES,
    "writers": 5,
    "font_copies": 1,
    "val_seen": 3,
    "test_seen": 3,
    "test_level2": 4,
    "example_writers": 3,
}


def write_params(folder: Path, workers: int = 1, **zero_shot: Any) -> None:
    """The shipped parameters with a few characters and writers."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params = {name: shipped[name] for name in ("seed", "kanji", "standin")}
    params |= {"zero_shot": SMALL | zero_shot, "machine": {"workers": workers, "batch_workers": 0}}
    (folder / "params.yaml").write_text(json.dumps(params, ensure_ascii=False), encoding="utf-8")


def write_fonts(folder: Path) -> None:
    """Three families, one on each side, with a character of most roles; one has nothing of level 2."""
    manifests = []
    for number, family in enumerate(FAMILIES):
        characters = HAVE_GLYPHS[: len(HAVE_GLYPHS) - (number == 0)]
        boxes = {".notdef": BOXES[".notdef"]} | {
            each: [(60, 60 * row, 900 - 50 * number, 60 * row + 40) for row in range(3 + place)]
            for place, each in enumerate(characters)
        }
        font_folder(folder, family, boxes)
        manifests.append(load_table(folder / MANIFEST))
    save_table(folder / MANIFEST, pd.concat(manifests, ignore_index=True))


def write_characters(folder: Path, rows: list[tuple[str, str, str]], image_px: int = 64) -> None:
    """A sample set of Japanese characters with rows (label, group, source), and the token of its gate beside it."""
    labels = sorted({label for label, _, _ in rows})
    table = pd.DataFrame(rows, columns=["label", "group", "source"])
    table.insert(0, "sample_id", range(len(rows)))
    table.insert(1, "class_index", table["label"].map(labels.index))
    table["set"], table["file"], table["split"] = "ETL9G", "ETL9G_01", "train"
    pixels = np.random.default_rng(0).integers(0, 80, (len(rows), image_px, image_px), dtype=np.uint8)
    classes = [CharacterClass(label) for label in labels]
    save_sample_set(folder, pixels, table, classes, ImageFormat(image_px, image_px, 8))
    write_token(folder.with_name("token.json"), folder)


def run_stage_in(folder: Path, out: str = "out") -> None:
    """The stage on what lies in a folder, which is the current one."""
    arguments = {
        "characters": "characters",
        "characters-token": "token.json",
        "fonts": "fonts",
        "strokes": str(stroke_folder()),
        "out": out,
        "metrics": f"{out}.json",
    }
    zero_shot_samples.main([text for name, path in arguments.items() for text in (f"--{name}", path)])


def make_set(folder: Path, workers: int = 1) -> None:
    """Six writers who wrote a seen, a pretended unseen and an unseen kanji, one of level 2 and あ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_params(folder, workers)
        write_fonts(folder / "fonts")
        labels = [KANJI[0], KANJI[5], KANJI[2964], KANJI[2965], "あ"]
        rows = [(label, writer, "etl") for writer in WRITERS for label in labels]
        write_characters(folder / "characters", [*rows, (KANJI[1], "writer/007", "rendered")])
        run_stage_in(folder)


def small_set(factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make_set`` fills, once per run of the tests; nobody changes what is in it."""
    return once_per_run(factory, "zero-shot-set", make_set)
