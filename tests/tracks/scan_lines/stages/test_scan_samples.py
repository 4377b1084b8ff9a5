"""scan_samples: each source becomes two scan sets that agree, the same bytes every time, and passes its gate."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, load_table, save_table, sha256_tree
from glyphlens.gates.token import require_token, write_token
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.stages import gate
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stages import scan_samples
from tests.checkout import ROOT
from tests.sources.standin.japanese_font import font_folder
from tests.stroke_data import stroke_folder
from tests.tracks.scan_lines.samples.small_scans import write_characters, write_scans


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_characters(Path("characters"), groups=40)
    write_characters(Path("glyphs"), bits=1, groups=40)
    write_scans(Path("scans"), groups=tuple(f"tip{number}" for number in range(30)))
    return tmp_path


def run(out: str = "", **params: Any) -> tuple[ScanSet, ScanSet]:
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content = {"scan_samples": shipped["scan_samples"] | {"lines": 16, "samples": 12, "more_writers": 0} | params}
    content |= {name: shipped[name] for name in ("kanji", "seed", "standin")} | {
        "machine": {"workers": 1, "batch_workers": 0}
    }
    content["gates"] = {"scan_samples": shipped["gates"]["scan_samples"] | {"min_calibration_groups": 3}}
    Path("params.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    told = {"characters": "characters", "characters-token": "characters.json", "glyphs": "glyphs"}
    told |= {"glyphs-token": "glyphs.json", "scans": "scans", "out": f"{out}samples"}
    told |= {"fonts": "fonts", "strokes": str(stroke_folder())}
    told |= {"calibration": f"{out}calibration", "metrics": "metrics.json"}
    scan_samples.main([text for name, path in told.items() for text in (f"--{name}", path)])
    return ScanSet.open(Path(f"{out}samples")), ScanSet.open(Path(f"{out}calibration"))


def test_how_characters_were_prepared_goes_with_them_and_scans_are_taken_as_they_are(place: Path) -> None:
    rule = run()[0].preparation
    assert HandwritingParams.model_validate(rule) and run("own_", source="scans")[0].preparation == {}


def judge() -> None:
    told = {"samples": "samples", "calibration": "calibration", "token": "token.json", "metrics": "gate.json"}
    gate.main(
        ["scan_samples", *(text for name, path in told.items() for text in (f"--{name}", path)), "--report", "a.html"]
    )


@pytest.mark.parametrize(
    ("source", "counted", "total"),
    [("kanji", "rendered_samples", 120), ("arabic", "glyph_samples", 120), ("scans", "scan_samples", 120)],
)
def test_every_source_passes_the_gate(place: Path, source: str, counted: str, total: int) -> None:
    scans, calibration = run(source=source)
    assert scans.shape_LS == calibration.shape_LS == (16, 12)
    assert len(scans) + len(calibration) == total
    assert set(calibration.samples.index["split"]) == {"calibration"}
    assert set(scans.samples.index["split"]) == {"train", "val", "test"}
    assert not set(scans.groups) & set(calibration.groups)
    assert [each.label for each in scans.samples.classes] == [each.label for each in calibration.samples.classes]
    metrics = load_json(Path("metrics.json"))
    assert {name: count for name, count in metrics.items() if name.endswith("samples") and count} == {counted: total}
    judge()
    require_token(Path("token.json"), Path("samples"), Path("calibration"))
    assert load_json(Path("gate.json"))["failed"] == load_json(Path("gate.json"))["warned"] == 0


def test_further_writers_calibrate(place: Path) -> None:
    before, _ = run()
    few = load_json(Path("metrics.json"))
    font_folder(place / "fonts")
    after, calibration = run("more-", more_writers=4)
    assert before.samples.index.equals(after.samples.index)
    assert sha256_tree(Path("samples")) != sha256_tree(Path("more-samples"))  # splits.json names all groups
    assert {f"writer/{number}" for number in range(140, 144)} <= set(calibration.groups)
    many = load_json(Path("metrics.json"))
    grown = {name: many[name] - few[name] for name in many if many[name] != few[name]}
    assert grown == {"groups": 4, "rendered_samples": 12}
    for folder in ("samples", "calibration"):
        Path(folder).rename(f"few-{folder}")
        Path(f"more-{folder}").rename(folder)
    judge()


@pytest.mark.parametrize("source", ["arabic", "scans"])
def test_nobody_else_is_drawn(place: Path, source: str) -> None:
    _, calibration = run(source=source, more_writers=4)
    assert not any(group.startswith("writer/14") for group in calibration.groups)


def test_real_handwriting_is_not_calibrated_on_drawings(place: Path) -> None:
    index = load_table(Path("characters/index.parquet"))
    save_table(Path("characters/index.parquet"), index.assign(source="etl"))
    write_token(Path("characters.json"), Path("characters"))
    _, calibration = run(more_writers=4)
    assert set(calibration.samples.index["source"]) == {"etl"}


def test_the_same_bytes_again(place: Path) -> None:
    run(source="scans")
    run("again-", source="scans")
    for folder in ("samples", "calibration"):
        assert sha256_tree(Path(folder)) == sha256_tree(Path(f"again-{folder}"))


def test_characters_that_have_not_passed_their_gate_are_refused(place: Path) -> None:
    with (place / "characters/pixels.npy").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        run()
    run(source="scans")


def test_the_audit_names_what_was_left_out(place: Path) -> None:
    (place / "scans/good/tip1/torn.npy").write_bytes(b"torn")
    (place / "scans/good/tip1/raw.sxm").touch()
    run(source="scans")
    audit = load_table(Path("samples/audit.parquet"))
    assert audit[["file", "reason", "label"]].to_numpy().tolist() == [
        ["good/tip1/raw.sxm", "foreign file", "good"],
        ["good/tip1/torn.npy", "no scan", "good"],
    ]
    judge()


def test_no_scans_are_refused_with_an_example(place: Path) -> None:
    for path in place.glob("scans/*"):
        path.rename(place / path.name)
    with pytest.raises(InputError, match=r"holds no scan.*expected <class>/<group>"):
        run(source="scans")
