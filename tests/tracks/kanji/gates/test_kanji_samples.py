"""gate_kanji_samples: a small good sample set passes; each forgery fails the one check that is about it."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json, save_table
from glyphlens.data.sample_set import ImageFormat, SampleSet, save_sample_set
from glyphlens.gates.check import Verdict
from glyphlens.gates.expectations import run_suite
from glyphlens.sources.etl.finding import AuditRow, audit_frame
from glyphlens.sources.etl.sets import SETS
from glyphlens.tracks.kanji.gates.kanji_samples import CODE, GATE, near_classes, near_median
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSamplePaths
from glyphlens.tracks.kanji.gates.sample_pictures import stroke_gap_px
from glyphlens.tracks.kanji.gates.sample_records import balance, model_records
from tests.gates.forgeries import Forge, forgeries, indexed, reclassed, swapped_classes
from tests.tracks.kanji.gates import forged_samples as forgery
from tests.tracks.kanji.gates.forged_samples import LIMITS, audited, cell, cells, copied, pictures, strokes

# The suite of the index takes a second a table; what it says is tested by itself.
CHECKS = replace(GATE, tables=lambda data, limits: ())
Images = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
# Rows are hands of five classes each: fonts 0–5, then writers 0–5; hand 0 is test, hand 1 validation.
VALIDATION, TRAIN, WRITER = 7, 12, 42


def opened(folder: Path) -> KanjiSampleData:
    return GATE.open(KanjiSamplePaths(folder), LIMITS)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> KanjiSampleData:
    return opened(forgery.write_set(tmp_path_factory.mktemp("rendered")))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> KanjiSampleData:
    folder = forgery.write_set(tmp_path_factory.mktemp("etl"), rendered=False)
    return opened(folder)


def test_a_good_rendered_set_passes(good: KanjiSampleData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}


INCOMPLETE = {"set-counts": "WARN", "set-codes": "WARN"}


def test_a_good_real_set_passes_and_says_what_it_lacks(real: KanjiSampleData, verdicts: Any) -> None:
    assert verdicts(GATE, real, LIMITS) == INCOMPLETE


# ── forged pictures ──────────────────────────────────────────────────────────────────────────
def at(*places: tuple[slice, slice], level: int) -> Images:
    def change(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = image.copy()
        for place in places:
            image[place] = level
        return image

    return change


def shifted(down_px: int) -> Images:
    return lambda image: np.roll(image, down_px, axis=0)


def stretched(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A box of ink of 62 pixels."""
    return at((slice(1, 63), slice(30, 33)), level=255)(image)


def faint(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (image // 2).astype(np.uint8)


def framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.maximum(image, at((slice(None), slice(None)), level=40)(image))


def touched(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One pixel more: another hash, hardly another picture."""
    return at((slice(32, 33), slice(32, 33)), level=200)(image)


def broad(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.dilate(image, np.ones((5, 5), np.uint8)).astype(np.uint8)


def ink_of_one_class(data: KanjiSampleData) -> KanjiSampleData:
    """All held-out pictures of one class drawn with a broad pen."""
    rows = [row for row in range(1, len(data.samples), 5) if data.index["split"][row] != "train"]
    return pictures(broad, *rows)(data)


def all_near(data: KanjiSampleData) -> KanjiSampleData:
    """Three of five classes show training pictures in validation, each changed by a pixel."""
    for number in range(3):
        for first in (5, 35):
            data = copied(first + number, first + 5 + number, touched)(data)
    return data


LOOSE: dict[str, dict[str, Any]] = {
    "ink-share": {"max_class_ink_factor": 9.0},
    "class-ink-steady": {"max_box_error_px": 9, "min_stroke_share": 0.0},
    "box-side": {"max_centre_error_px": 9.0},
    "box-centred": {"max_margin_level": 255.0},
    "near-median": {"max_near_share": 1.0},
    "twin-share": {"max_repeat_share": 1.0, "max_near_share": 1.0},
    "near-share": {"max_near_median": 1.0},
    "hash-one-shape": {"max_repeat_share": 1.0, "max_twin_share": 1.0},
    "pictures-distinct": {"max_twin_share": 1.0},
}
PICTURES: list[tuple[str, Forge]] = [
    ("ink-share", pictures(lambda image: np.maximum(image, at((slice(6, 58), slice(6, 58)), level=255)(image)), 2)),
    ("class-ink-steady", ink_of_one_class),
    ("box-side", pictures(stretched, 2)),
    ("box-centred", pictures(shifted(3), 2)),
    ("contrast", pictures(faint, 2)),
    ("paper-clean", pictures(framed, 2)),
    ("image-hash-true", cell("image_hash", "0123456789abcdef")),
    ("pictures-distinct", copied(12, 17)),
    ("hash-one-shape", copied(12, 18)),
    ("twin-share", copied(7, 12)),
    ("near-share", copied(7, 12, touched)),
    ("near-median", all_near),
]


# ── forged splits, classes and strokes ───────────────────────────────────────────────────────
def leaked(data: KanjiSampleData) -> KanjiSampleData:
    """A validation hand's row moved to train, and the manifest made to agree."""
    both = {**data.manifest, "train": [*data.manifest["train"], "font/1"]}
    return replace(cell("split", "train")(data), manifest=both)


def fonts_only_trained(data: KanjiSampleData) -> KanjiSampleData:
    """Two fonts fewer and two writers more held out, the manifest in agreement."""
    moves = {"font/0": "train", "font/1": "train", "writer/002": "val", "writer/003": "test"}
    split = data.index["group"].map(moves).fillna(data.index["split"])
    index = data.index.assign(split=split)
    return replace(indexed(data, index), manifest=forgery.manifest(index))


def structured(**changes: Any) -> Forge:
    return lambda data: replace(data, structure={**forgery.STRUCTURE, **changes})


def changed_strokes(row: int, place: tuple[int, int], value: float) -> Forge:
    def change(found: NDArray[np.float32]) -> NDArray[np.float32]:
        found[(row, *place)] = value
        return found

    return strokes(change)


def shifted_rows(data: KanjiSampleData) -> KanjiSampleData:
    """Every sequence stands under the row before its own."""
    return replace(data, stroke_rows_M=data.stroke_rows_M - 1)


FLAG = 16
COMPONENTS = forgery.STRUCTURE["components"]
CONTENT: list[tuple[str, Forge]] = [
    ("groups-disjoint", leaked),
    ("writer-one-group", cells(slice(42, 44), writer=4)),
    ("manifest", lambda data: replace(data, manifest={**data.manifest, "test": []})),
    ("manifest-used", lambda data: replace(data, manifest={**data.manifest, "test": [*data.manifest["test"], "x"]})),
    ("sets-in-splits", fonts_only_trained),
    ("class-map", swapped_classes),
    ("class-counts", reclassed(亜={"count": 11})),
    ("labels-agree", cell("class_index", 3, TRAIN)),
    ("code-points", reclassed(亜={"code_points": ("U+4E9E",)})),
    ("code-points", reclassed(亜={"code_points": ("U+4E9C", "U+4E9E")})),
    ("forms", reclassed(亜={"form": "hiragana"})),
    ("forms", reclassed(亜={"form": ""})),
    ("lookalikes", reclassed(へ={"lookalikes": ()})),
    ("lookalikes", reclassed(語={"lookalikes": ("誤",)})),
    ("lookalikes", reclassed(語={"lookalikes": ("語",)})),
    ("structure", structured(sequences=[[0], [1], [2], [3]])),
    ("structure", structured(sequences=[[0], [1], [2], [3], [4, 5, 7]])),
    ("structure", structured(sequences=[[0], [1], [2], [3], []])),
    ("structure", structured(components=[*COMPONENTS, "水"])),
    ("structure", structured(components=[*COMPONENTS[:-1], "五"])),
    ("source-facts", cell("record", 5)),
    ("source-facts", cell("code", "0x2424")),
    ("record-facts", cell("age", 200)),
    ("stroke-form", lambda data: replace(data, strokes_MSF=np.asarray(data.strokes_MSF, np.float64))),
    ("stroke-form", lambda data: replace(data, strokes_MSF=np.asarray(data.strokes_MSF)[:, :23])),
    ("stroke-rows", lambda data: replace(data, stroke_rows_M=data.stroke_rows_M.astype(np.int32))),
    ("stroke-values", changed_strokes(4, (0, 2), 1.1)),
    ("stroke-values", changed_strokes(4, (0, 2), float("nan"))),
    ("stroke-flags", changed_strokes(4, (1, FLAG), 0.0)),
    ("stroke-flags", changed_strokes(4, (0, FLAG), 0.5)),
    ("stroke-flags", changed_strokes(4, (20, 3), 0.5)),
    ("stroke-ink", strokes(lambda found: np.roll(found, 1, axis=0))),
]


@forgeries(*((check, forge, LOOSE.get(check, {})) for check, forge in PICTURES + CONTENT))
def test_a_forgery_fails_exactly_its_check(
    good: KanjiSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))) == {check}


# ── forged records of ETL ────────────────────────────────────────────────────────────────────
def surplus(data: KanjiSampleData) -> KanjiSampleData:
    """The audit says that one more record is there than the set has."""
    audit = data.audit.copy()
    audit.loc[audit["reason"] == "other count", "value"] = "13"
    return replace(data, audit=audit)


def without_reason(reason: str) -> Forge:
    return lambda data: replace(data, audit=data.audit[data.audit["reason"] != reason])


def robbed(data: KanjiSampleData) -> KanjiSampleData:
    """Clearing took the upper third of half of the pictures of い, as it took the dot of cropped う."""
    rows = [int(row) for row in data.cleared_rows if data.index["label"][row] == "い"]
    return pictures(at((slice(0, 26), slice(None)), level=0), *rows)(data)


I_ROWS = slice(None, None, 5)


@forgeries(
    ("edges-cleared", robbed, {"max_class_ink_factor": 9.0, "max_box_error_px": 64, "max_centre_error_px": 64.0}),
    ("record-once", cell("record", 100, 0)),
    ("codes-true", lambda data: reclassed(い={"members": ("ETL9G:0x2426",)})(cells(I_ROWS, code="0x2426")(data))),
    ("members", reclassed(ヘ={"members": ("ETL9G:0x2558",)})),
    ("set-counts", surplus),
    ("set-counts", without_reason("files missing")),
    ("set-counts", without_reason("other count")),
    ("record-facts", cell("sex", 3)),
    ("record-facts", cell("quality", 77)),
    ("source-facts", cell("code", "")),
    ("source-facts", cell("file", "")),
    ("source-facts", cell("record", -1)),
)
def test_a_forged_record_fails_exactly_its_check(
    real: KanjiSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    found = verdicts(CHECKS, forge(real), LIMITS.model_copy(update=limits))
    assert {name for name, verdict in found.items() if INCOMPLETE.get(name) != verdict} == {check}


def test_a_code_of_two_characters_fails(real: KanjiSampleData, verdicts: Any) -> None:
    assert "code-one-character" in verdicts(CHECKS, cell("code", "0x2424", 31)(real), LIMITS)


def test_two_sources_in_one_set_fail(good: KanjiSampleData, verdicts: Any) -> None:
    assert verdicts(CHECKS, cell("source", "etl")(good), LIMITS)["one-source"] == "FAIL"


def test_records_that_the_audit_names_one_by_one_are_explained(real: KanjiSampleData, verdicts: Any) -> None:
    """Two records more are published than there are: unknown codes; their file is audited, and so are they."""
    audit = real.audit.copy()
    audit.loc[audit["reason"] == "other count", "value"] = ["8", "54"]
    data = replace(real, audit=audit)
    assert verdicts(CHECKS, data, LIMITS)["set-counts"] == "FAIL"
    told = audited(set="ETL1", file="etl1c_01", reason="unknown code", record=7, value="0xFF", count=2)(data)
    assert verdicts(CHECKS, told, LIMITS) == INCOMPLETE


def test_a_file_found_twice_explains_nothing(real: KanjiSampleData, verdicts: Any) -> None:
    told = audited(set="ETL1", file="copy/etl1c_01", reason="found twice", record=-1, count=1)(real)
    assert verdicts(CHECKS, told, LIMITS) == INCOMPLETE


def test_a_small_real_set_without_a_test_hand_only_warns(real: KanjiSampleData, verdicts: Any) -> None:
    index = real.index.assign(split=real.index["split"].where(real.index["set"] != "ETL1", "train"))
    data = replace(indexed(real, index), manifest=forgery.manifest(index))
    limits = LIMITS.model_copy(update={"min_split_share": 0.0})
    assert verdicts(CHECKS, data, limits)["sets-in-splits"] == "WARN"


def test_a_whole_set_balances_without_its_model_patterns() -> None:
    """ETL8G: 153,916 records, of which file 33 holds 956 model patterns and nothing else."""
    files = [name for name, count in SETS["ETL8G"].files.items() for _ in range(count) if name != "ETL8G_33"]
    index = pd.DataFrame({"set": "ETL8G", "file": files})
    models = AuditRow("ETL8G", "data/etl8g_33", "model pattern", 0, "", 956)
    assert balance(index, audit_frame([models]), SETS["ETL8G"])["unexplained"] == 0
    lost = balance(index.iloc[4_780:], audit_frame([models]), SETS["ETL8G"])
    assert (lost["samples"], lost["unexplained"]) == (148_180, 4_780)
    missing = AuditRow("ETL8G", "ETL8G_01", "files missing", count=1)
    assert balance(index.iloc[4_780:], audit_frame([models, missing]), SETS["ETL8G"])["unexplained"] == 0
    blank = AuditRow("ETL8G", "data.zip:ETL8G/ETL8G_01", "blank cell", 7, "", 80)
    rare = AuditRow("ETL8G", "", "class with fewer than 5 samples", value="亜", count=20)
    assert balance(index.iloc[100:], audit_frame([models, blank, rare]), SETS["ETL8G"])["unexplained"] == 0


@pytest.mark.parametrize(("name", "models"), [("ETL8B", 956), ("ETL8G", 956), ("ETL9B", 3_036), ("ETL9G", 0)])
def test_model_patterns_are_counted_from_the_published_tables(name: str, models: int) -> None:
    assert model_records(SETS[name]) == models


# ── the suite of the index, all its expectations at once ─────────────────────────────────────
OFFENCES: dict[str, tuple[str, object]] = {
    "sample-range": ("sample_id", 400),
    "class-range": ("class_index", 5),
    "label-one-character": ("label", "亜亜"),
    "group-named": ("group", " "),
    "split-known": ("split", "dev"),
    "source-known": ("source", "drawn"),
    "set-known": ("set", "ETL10"),
    "image-hash-form": ("image_hash", "0123"),
    "code-form": ("code", "2422"),
    "record-range": ("record", -2),
    "writer-range": ("writer", -2),
    "quality-range": ("quality", -2),
    "sex-range": ("sex", -2),
    "age-range": ("age", -2),
}


def test_every_expectation_finds_its_one_offence(good: KanjiSampleData) -> None:
    data = good
    for column, value in OFFENCES.values():
        data = cell(column, value)(data)
    found = {result.id: result.outcome for result in run_suite(GATE.tables(data, LIMITS)[0])}
    wrong = {name for name, outcome in found.items() if outcome.verdict is not Verdict.PASS}
    assert wrong == set(OFFENCES)
    assert {found[name].value for name in OFFENCES} == {1}


def test_nulls_and_doubles_are_found(good: KanjiSampleData) -> None:
    data = cell("sample_id", 3)(good)
    for column in ("label", "group", "image_hash", "code"):
        data = cell(column, None)(data)
    found = run_suite(GATE.tables(data, LIMITS)[0])
    wrong = {result.id for result in found if result.outcome.verdict is not Verdict.PASS}
    assert wrong == {"sample-once", *(f"index-{name}-not-null" for name in ("label", "group", "image_hash", "code"))}


@pytest.mark.parametrize("code", ["", "0x2422", "0xB1", "0xb1", "5,19", "27,36"])
def test_codes_are_accepted_as_their_sets_write_them(code: str) -> None:
    assert re.search(CODE, code)


# ── limits and files ─────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("limit", "value", "checks"),
    [
        ("min_classes", 6, {"classes"}),
        ("min_groups", 13, {"classes"}),
        ("min_class_samples", 13, {"class-support"}),
        ("min_class_groups", 13, {"class-support"}),
        ("min_train_samples", 9, {"classes-trained"}),
        ("max_split_share", 0.16, {"split-shares"}),
        ("min_split_share", 0.17, {"split-shares"}),
        ("min_class_ink", 0.2, {"class-ink"}),
        ("max_class_ink", 0.3, {"class-ink"}),
    ],
)
def test_a_tighter_limit_fails_its_check(
    good: KanjiSampleData, verdicts: Any, limit: str, value: float, checks: set[str]
) -> None:
    assert set(verdicts(CHECKS, good, LIMITS.model_copy(update={limit: value}))) == checks


@pytest.mark.parametrize(("split", "check"), [("test", "classes-tested"), ("val", "classes-validated")])
def test_a_class_that_is_not_held_out_is_counted(good: KanjiSampleData, verdicts: Any, split: str, check: str) -> None:
    other = good.index["label"].eq("亜") & good.index["split"].eq(split)
    index = good.index.assign(split=good.index["split"].mask(other, "train"))
    assert check in verdicts(CHECKS, indexed(good, index), LIMITS)


def test_a_blank_picture_fails(good: KanjiSampleData, verdicts: Any) -> None:
    assert "not-blank" in verdicts(CHECKS, pictures(np.zeros_like, 2)(good), LIMITS)


def test_a_set_without_strokes_passes(good: KanjiSampleData, verdicts: Any) -> None:
    fonts = good.index["set"] == "font"
    index = good.index.assign(set="font")
    data = replace(indexed(good, index), strokes_MSF=good.strokes_MSF[:0], stroke_rows_M=good.stroke_rows_M[:0])
    assert fonts.any()
    assert verdicts(CHECKS, data, LIMITS) == {}


def test_strokes_of_unknown_rows_fail(good: KanjiSampleData, verdicts: Any) -> None:
    rows = np.append(good.stroke_rows_M[:-1], 99)
    assert "stroke-rows" in verdicts(CHECKS, replace(good, stroke_rows_M=rows), LIMITS)


def test_a_cut_sequence_is_judged_by_what_it_has(good: KanjiSampleData) -> None:
    """Of a character of more than 24 strokes only the first are known: ink beside them is no fault."""
    sequence_SF = np.tile(good.strokes_MSF[0, :1], (24, 1))
    inked = np.asarray(good.samples.pixels[good.stroke_rows_M[0]]) >= LIMITS.ink_level
    assert stroke_gap_px(sequence_SF, inked, box_px=56) < 1
    sequence_SF[20:] = 0
    assert stroke_gap_px(sequence_SF, inked, box_px=56) > 3


def broken_image(folder: Path) -> None:
    samples = SampleSet.open(folder)
    pixels = np.zeros((60, 128, 16), np.uint8)
    save_sample_set(folder, pixels, samples.index, samples.classes, ImageFormat(128, 128, 1))


def broken_index(folder: Path) -> None:
    samples = SampleSet.open(folder)
    table = samples.index.drop(columns=["writer"])
    save_sample_set(folder, np.asarray(samples.pixels), table, samples.classes, samples.image)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "image": (broken_image, r"classes\.json: pictures are"),
    "index": (broken_index, r"index\.parquet: columns missing: writer"),
    "audit": (lambda folder: save_table(folder / "audit.parquet", pd.DataFrame({"set": ["x"]})), r"audit\.parquet"),
    "manifest": (lambda folder: save_json(folder / "splits.json", []), r"splits\.json"),
    "strokes": (lambda folder: (folder / "strokes.npy").unlink(), r"strokes\.npy"),
    "structure": (lambda folder: (folder / "structure.json").unlink(), r"structure\.json"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_of_another_form_are_refused_by_name(tmp_path: Path, name: str) -> None:
    change, message = BROKEN[name]
    change(forgery.write_set(tmp_path))
    with pytest.raises(InputError, match=message):
        opened(tmp_path)


def test_a_set_of_records_without_what_was_cleared_is_refused(tmp_path: Path) -> None:
    (forgery.write_set(tmp_path, rendered=False) / "cleared_rows.npy").unlink()
    with pytest.raises(InputError, match=r"cleared_rows\.npy"):
        opened(tmp_path)


@pytest.mark.parametrize(("trained", "passes"), [(150, False), (1_128, True)])
def test_nearness_grows_with_the_number_of_hands(trained: int, passes: bool) -> None:
    """ETL1's 1,411 writers have .0229 of ノ, イ, ト and リ near one another; 150 hands with as many have copies."""
    index = pd.DataFrame({"label": "ノ", "split": ["train"] * trained + ["val"] * 1000})
    nearest_N = np.r_[np.full(trained, -1), np.where(np.arange(1000) < 23, 3, 90)]
    data: Any = SimpleNamespace(index=index, nearest_N=nearest_N)
    limits = LIMITS.model_copy(update={"max_near_median": 0.02})
    assert near_classes(data, limits)["held_out"].tolist() == [1000]
    assert (near_median(data, limits).verdict is Verdict.PASS) == passes
    copied = SimpleNamespace(index=index, nearest_N=np.where(nearest_N >= 0, 3, -1))
    assert near_median(copied, limits).verdict is Verdict.FAIL  # type: ignore[arg-type]


def test_a_structure_of_another_form_fails_its_check(good: KanjiSampleData, verdicts: Any) -> None:
    assert verdicts(CHECKS, replace(good, structure=[]), LIMITS) == {"structure": "FAIL"}
