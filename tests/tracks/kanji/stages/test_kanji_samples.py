import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, load_table, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.sources.etl.sets import SETS
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.tracks.kanji.gates.sample_records import balance
from glyphlens.tracks.kanji.stages import kanji_samples
from tests.checkout import ROOT
from tests.sources.etl.etl_folders import etl7, etl8, etl9b
from tests.sources.etl.etl_records import b_record, blank, write
from tests.tracks.kanji.samples.etl_hands import DISPLACED, SHEETS, sheets_of_etl1

HIRAGANA = [0x2422, 0x2424, 0x2426, 0x2428]  # あいうえ
STROKES = {
    "い": ["M20,20C22,50,25,70,35,80", "M75,30C80,40,85,50,88,60"],
    "へ": ["M10,60C30,40,40,30,45,35c10,10,30,30,45,40"],
    "ヘ": ["M10,55C30,40,40,35,45,38c10,10,30,30,45,42"],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with empty data folders, a few characters' strokes, and the shipped parameters made small."""
    monkeypatch.chdir(tmp_path)
    set_params()
    write(tmp_path / "etl/README.md", [b"put ETL here"])
    write(tmp_path / "etl/.gitignore", [b"*"])
    (tmp_path / "strokes").mkdir()
    with zipfile.ZipFile(tmp_path / "strokes/kanjivg-1-py3-none-any.whl", "w") as wheel:
        for label, paths in STROKES.items():
            wheel.writestr(f"kanji/{ord(label):05x}.svg", drawing(label, paths))
    return tmp_path


def drawing(label: str, paths: list[str]) -> str:
    strokes = "".join(f'<path kvg:type="" d="{path}"/>' for path in paths)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:kvg="http://kanjivg.tagaini.net">'
        f'<g><g kvg:element="{label}">{strokes}</g></g></svg>'
    )


def set_params(workers: int = 1, **kanji: object) -> None:
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    standin = shipped["standin"] | {
        "characters": {"few": "".join(STROKES)},
        "writers": 10,
        "font_copies": 0,
    }
    small = {"min_samples": 4, "min_train_samples": 2, "val_share": 0.2, "test_share": 0.2}
    params = {
        "seed": 1,
        "kanji": shipped["kanji"] | small | kanji,
        "standin": standin,
        "machine": {"workers": workers, "batch_workers": 0},
    }
    Path("params.yaml").write_text(json.dumps(params, ensure_ascii=False), encoding="utf-8")


def run(out: str = "out") -> SampleSet:
    arguments = {"etl": "etl", "fonts": "fonts", "strokes": "strokes", "out": out, "metrics": "metrics.json"}
    kanji_samples.main([text for name, path in arguments.items() for text in (f"--{name}", path)])
    return SampleSet.open(Path(out))


def sides(samples: SampleSet, *columns: str) -> list[int]:
    """In how many splits each of the values in the columns is."""
    return samples.index.groupby(list(columns))["split"].nunique().tolist()


def test_the_shipped_parameters_are_valid() -> None:
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert KanjiParams.model_validate(shipped["kanji"]).image_px == 64


def test_sets_of_the_database(place: Path) -> None:
    """Writers are on one side, over sets that share them; every record is a sample or in the audit."""
    writers = list(range(1, 13))
    etl7(place / "etl", writers, [0xB1, 0xB2, 0xB3])
    etl8(place / "etl", writers, HIRAGANA, model=True)
    etl9b(place / "etl/nested", writers, HIRAGANA[:2])
    odd = [b_record(blank("B9"), 0x2021, 1, length=576), b_record(np.zeros((63, 64), np.uint8), 0x2422, 1, length=576)]
    write(place / "etl/ETL9B_2", [bytes(576), *odd])
    found = run()
    assert [entry.label for entry in found.classes] == ["あ", "い", "う", "え"]
    assert found.classes[0].members == ("ETL7:0xB1", "ETL8B:0x2422", "ETL8G:0x2422", "ETL9B:0x2422")
    assert set(sides(found, "group")) == set(sides(found, "set", "writer")) == {1}
    shared = found.index[found.index["set"].isin(["ETL8B", "ETL8G"])]
    assert shared.groupby("writer")["split"].nunique().max() == 1 and len(shared) == 2 * 12 * 4
    assert found.index.groupby("set")["split"].nunique().to_dict() == dict.fromkeys(
        ["ETL7", "ETL8B", "ETL8G", "ETL9B"], 3
    )
    assert 999 not in found.index["writer"].tolist()  # who wrote the model patterns
    audit = load_table(Path("out/audit.parquet"))
    lost = audit[audit["reason"].isin(["model pattern", "unknown code", "blank cell"])]
    assert lost["count"].sum() == 4 + 1 + 1 and len(found) == 12 * (2 * 3 + 2 * 4 + 2)
    assert load_json(Path("metrics.json")) == {
        "samples": 192,
        "classes": 4,
        "groups": 36,
        "etl_samples": 192,
        "rendered_samples": 0,
        "left_out_samples": 0,
    }
    assert (
        load_array(Path("out/strokes.npy")).shape == (0, 24, 17) and len(load_array(Path("out/stroke_rows.npy"))) == 0
    )
    assert not list(Path("out").glob(".*"))


def test_a_displaced_sheet_is_left_out_and_suspicious_records_are_listed(place: Path) -> None:
    write(place / "etl/ETL1C_01", sheets_of_etl1())
    found = run()
    assert DISPLACED not in found.index["writer"].tolist() and len(found) == (SHEETS - 1) * 10
    audit = load_table(Path("out/audit.parquet"))
    assert (audit["reason"] == "displaced cell").sum() == 10
    assert balance(found.index, audit, SETS["ETL1"])["unexplained"] == 0
    suspects = load_table(Path("out/suspects.parquet"))
    page = (ROOT / "docs/DATA.md").read_text(encoding="utf-8").split("samples/suspects.parquet`")[1].split("###")[0]
    assert suspects.columns.tolist() == re.findall(r"^\| (\w+) \|", page, flags=re.MULTILINE)[1:]
    kept = suspects[suspects["sample_id"] >= 0]
    assert found.index["record"].to_numpy()[kept["sample_id"]].tolist() == kept["record"].tolist()
    assert Path("out/suspects.png").stat().st_size > 1000 and load_array(Path("out/cleared_rows.npy")).dtype == np.int64


def test_chosen_sets_and_the_same_bytes_again(place: Path) -> None:
    etl7(place / "etl", [1, 2, 3], [0xB1, 0xB2])
    etl8(place / "etl", [1, 2, 3, 4, 5], HIRAGANA)
    set_params(only=["etl8g"])
    assert set(run().index["set"]) == {"ETL8G"}
    set_params(only=["ETL8G"], workers=2)
    run("again")
    assert sha256_tree(Path("out")) == sha256_tree(Path("again"))


def test_a_killed_run_is_cleared_away(place: Path) -> None:
    etl8(place / "etl", [1, 2, 3, 4, 5], HIRAGANA)
    write(place / "out/.parts.partial/ETL8G_01.u8", [b"half a part"])
    found = run()
    assert len(found) == 40 and not Path("out/.parts.partial").exists()


def test_a_failed_run_leaves_no_set(place: Path) -> None:
    etl8(place / "etl", [1, 2, 3, 4, 5], HIRAGANA)
    set_params(min_samples=11)
    with pytest.raises(InputError, match="0 of 4 characters have 11 samples or more"):
        run()
    assert not any(Path("out").iterdir())


def test_nothing_in_the_folder_is_rendered(place: Path) -> None:
    """A README, hidden files and DVC's own are nothing."""
    write(place / "etl/ETL9G.dvc", [b"outs:"])
    found = run()
    assert set(found.index["source"]) == {"rendered"} and len(found) == 30
    assert [entry.label for entry in found.classes] == ["い", "へ", "ヘ"]
    assert found.classes[1].lookalikes == ("ヘ",)
    assert set(sides(found, "group")) == {1}
    metrics = load_json(Path("metrics.json"))
    assert (metrics["etl_samples"], metrics["rendered_samples"]) == (0, 30)
    strokes, rows = load_array(Path("out/strokes.npy")), load_array(Path("out/stroke_rows.npy"))
    assert rows.tolist() == list(range(30))
    drawn = strokes[:, :, -1].sum(axis=1)
    assert drawn.tolist() == [len(STROKES[label]) for label in found.index["label"]]
    assert load_table(Path("out/audit.parquet")).empty
    assert not {"suspects.parquet", "suspects.png", "cleared_rows.npy"} & {path.name for path in Path("out").iterdir()}


def test_a_linked_set_is_refused_not_replaced_by_the_standin(place: Path) -> None:
    etl8(place / "elsewhere", [1, 2, 3, 4, 5], HIRAGANA)
    (place / "etl").mkdir(exist_ok=True)
    (place / "etl/ETL8G").symlink_to(place / "elsewhere")
    with pytest.raises(InputError, match=r"^etl/ETL8G: a linked folder.*; copy it there"):
        run()


def test_what_is_no_set_is_named_not_replaced_by_the_standin(place: Path) -> None:
    write(place / "etl/etl9g.tar.gz", [b"x"])
    with pytest.raises(InputError, match=r"holds no data file of ETL1, .*etl9g\.tar\.gz .foreign file"):
        run()
    (place / "etl/etl9g.tar.gz").unlink()
    set_params(only=["ETL9G"])
    with pytest.raises(InputError, match="holds no data file of ETL9G"):
        run()
