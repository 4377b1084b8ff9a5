"""The set that starts are trained on: more copies and more writers to learn, and nobody who is held out among them."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, load_table, save_array, save_table, sha256_tree
from glyphlens.gates.token import require_token, write_token
from glyphlens.stages import gate
from glyphlens.tracks.scan_lines.samples import start_scans
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.samples.start_scans import joined_splits
from glyphlens.tracks.scan_lines.stages import scan_samples
from tests.checkout import ROOT
from tests.sources.standin.japanese_font import font_folder
from tests.sources.standin.settings import few
from tests.stroke_data import stroke_folder
from tests.tracks.scan_lines.samples.small_scans import write_characters

COPIES, WRITERS = 3, ["writer/10000", "writer/10001"]
LABELS = "あいウ"  # the kanji of the sample set is not scanned


def told(**places: str) -> list[str]:
    return [text for name, path in places.items() for text in (f"--{name.replace('_', '-')}", path)]


def write_params() -> None:
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    limits = shipped["gates"]["scan_samples"] | {"min_calibration_groups": 3}
    content = {name: shipped[name] for name in ("kanji", "seed")} | {
        "standin": few("あいこ一", writers=140, font_copies=COPIES).model_dump(mode="json"),
        "scan_samples": shipped["scan_samples"] | {"lines": 16, "samples": 12, "more_writers": 0},
        "machine": {"workers": 1, "batch_workers": 0},
        "gates": {"scan_samples": limits},
    }
    Path("params.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def copy_font_characters(folder: Path) -> None:
    """Each picture of a font three times over."""
    index = load_table(folder / "index.parquet")
    rows = np.repeat(np.arange(len(index)), np.where(index["group"].str.startswith("font/"), COPIES, 1))
    save_array(folder / "pixels.npy", np.load(folder / "pixels.npy")[rows])
    save_table(folder / "index.parquet", index.iloc[rows].assign(sample_id=np.arange(len(rows))).reset_index(drop=True))
    write_token(folder.with_suffix(".json"), folder)


def draw(out: str = "start_samples", writers: str = "2", **changed: str) -> ScanSet:
    places = {"samples": "samples", "characters": "characters", "fonts": "fonts", "strokes": str(stroke_folder())}
    start_scans.main([*told(**places | changed, out=out), "--writers", writers])
    return ScanSet.open(Path(out))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScanSet]:
    """In a project with rendered characters and the scans of the stage."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("project"))
        write_params()
        copy_font_characters(write_characters(Path("characters"), labels=f"{LABELS}木", groups=40))
        font_folder(Path("fonts"))
        characters = {"characters": "characters", "characters_token": "characters.json", "fonts": "fonts"}
        unused = {"glyphs": "none", "glyphs_token": "none", "scans": "none", "strokes": str(stroke_folder())}
        Path("none").mkdir()
        outputs = {"out": "samples", "calibration": "calibration", "metrics": "metrics.json"}
        scan_samples.main(told(**characters, **unused, **outputs))
        yield draw()


def rows_of(scans: ScanSet, split: str) -> Any:
    index = scans.samples.index
    return index[index["split"] == split]


def test_what_is_held_out_is_never_learnt_and_the_rest_is_there(drawn: ScanSet) -> None:
    before, now = load_json(Path("samples/splits.json")), load_json(Path("start_samples/splits.json"))
    assert now == before | {"train": sorted([*before["train"], *WRITERS])}
    for split in ("train", "val", "test"):
        assert sorted(set(rows_of(drawn, split)["group"])) == now[split]
    assert set(drawn.groups).isdisjoint(ScanSet.open(Path("calibration")).groups)


def test_further_writers_write_every_class_and_fonts_have_all_their_copies(drawn: ScanSet) -> None:
    train = rows_of(drawn, "train")
    written = train[train["group"].isin(WRITERS)]
    assert written.groupby("group")["label"].agg("".join).tolist() == [LABELS] * len(WRITERS)
    fonts = train[train["group"].str.startswith("font/")]
    assert set(fonts.groupby(["group", "label"]).size()) == {COPIES}
    assert [entry.label for entry in drawn.samples.classes] == list(LABELS)
    pictures = drawn.samples.images(written.index.to_numpy())
    assert pictures.max(axis=(1, 2)).min() > 100 and len({each.tobytes() for each in pictures}) == len(written)


def test_scans_that_the_stage_has_too_are_the_same(drawn: ScanSet) -> None:
    default = ScanSet.open(Path("samples"))
    columns = ["label", "group", "split", "image_hash"]
    held = {tuple(row) for row in drawn.samples.index[columns].to_numpy()}
    assert held > {tuple(row) for row in default.samples.index[columns].to_numpy()}
    assert drawn.preparation == default.preparation != {} and not drawn.missing_NL.any()


def test_it_passes_the_gate_of_the_stage(drawn: ScanSet) -> None:
    outputs = {"token": "token.json", "metrics": "gate.json", "report": "gate.html"}
    gate.main(["scan_samples", *told(samples="start_samples", calibration="calibration", **outputs)])
    require_token(Path("token.json"), Path("start_samples"))
    assert load_json(Path("gate.json"))["failed"] == 0


def test_the_same_bytes_again(drawn: ScanSet) -> None:
    draw("again")
    assert sha256_tree(Path("again")) == sha256_tree(Path("start_samples"))


@pytest.mark.parametrize(("place", "source"), [("samples", "scan"), ("samples", "glyph"), ("characters", "etl")])
def test_only_what_is_rendered_can_be_added_to(place: str, source: str, drawn: ScanSet) -> None:
    shutil.copytree(place, source)
    save_table(Path(source, "index.parquet"), load_table(Path(source, "index.parquet")).assign(source=source))
    with pytest.raises(SystemExit, match=rf"start_scans: {source}: has samples of the source {source}, in groups such"):
        draw("refused", **{place: source})
    assert not Path("refused").exists()


def test_characters_that_the_scans_were_not_made_of_are_named(drawn: ScanSet) -> None:
    write_characters(Path("others"), groups=48)
    with pytest.raises(SystemExit, match=r"others: font/040 is in no split of the scans \(8 such groups\)"):
        draw("refused", characters="others")


def test_at_least_one_writer_is_needed(drawn: ScanSet) -> None:
    with pytest.raises(SystemExit, match="0 further writers: at least 1 is needed"):
        draw("refused", writers="0")


@pytest.mark.parametrize("side", ["train", "val", "calibration", "test"])
def test_a_writer_who_is_in_a_split_is_named(side: str) -> None:
    manifest = {"train": ["writer/1"], "val": ["writer/2"], "calibration": ["writer/3"], "test": ["writer/4"]}
    known = manifest[side][0]
    with pytest.raises(InputError, match=re.escape(f"{known}: is in a split of the scans already ({side}; 1 such")):
        joined_splits(manifest, ["writer/10000", known])
