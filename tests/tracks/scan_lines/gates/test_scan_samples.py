"""gate_scan_samples: a small good set passes; each forgery fails the one check that is about it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import save_json, save_table
from glyphlens.data.sample_set import ImageFormat
from glyphlens.gates.check import Verdict
from glyphlens.tracks.scan_lines.gates.scan_data import ScanSampleData, ScanSampleLimits, ScanSamplePaths
from glyphlens.tracks.scan_lines.gates.scan_samples import GATE, line_deviation
from glyphlens.tracks.scan_lines.samples.scan_reading import read_scans
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet, ScanTable, save_scan_set
from glyphlens.tracks.scan_lines.samples.scan_splits import CALIBRATION, numbered, split_scans
from glyphlens.tracks.scan_lines.samples.sources import ScanAudit, scan_audit_frame
from tests.checkout import ROOT
from tests.gates.forgeries import Forge, forgeries, table_cell
from tests.tracks.scan_lines.samples.small_scans import small_params, write_scans

# The suite of the index takes a second a table; what it says is tested by itself.
CHECKS = replace(GATE, tables=lambda data, limits: ())
SHIPPED = load_params(ScanSampleLimits, "gates.scan_samples", ROOT / "params.yaml")
LIMITS = SHIPPED.model_copy(update={"min_calibration_groups": 3})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes by twenty groups, two scans of each, as the stage writes them."""
    place, params = tmp_path_factory.mktemp("scans"), small_params()
    found = read_scans(write_scans(place / "scans", groups=tuple(f"tip{each}" for each in range(20))), params)
    split = split_scans(found, params)
    for name, wanted in (("samples", False), ("calibration", True)):
        part = np.flatnonzero(((split.table["split"] == CALIBRATION) == wanted).to_numpy())
        table, classes = numbered(split.table.iloc[part], split.classes)
        known = ScanTable(table, classes, found.missing_NL[part])
        save_scan_set(place / name, found.pictures, split.numbers_N[part], known, (16, 12))
    save_json(place / "samples/splits.json", split.manifest)
    save_table(place / "samples/audit.parquet", scan_audit_frame([]))
    return place


def open_data(folder: Path) -> ScanSampleData:
    return GATE.open(ScanSamplePaths(folder / "samples", folder / "calibration"), LIMITS)


@pytest.fixture(scope="module")
def good(folder: Path) -> ScanSampleData:
    return open_data(folder)


def test_a_good_set_passes(good: ScanSampleData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == len(good.scans) + len(good.calibration) == 80


# ── forgeries ────────────────────────────────────────────────────────────────────────────────
Part = str  # "scans" or "calibration"


def row_of(scans: ScanSet, **wanted: str) -> int:
    """The first row with these values."""
    return int(
        np.flatnonzero(np.logical_and.reduce([scans.samples.index[name] == each for name, each in wanted.items()]))[0]
    )


def changed(data: Any, part: Part, **samples: Any) -> Any:
    """The data with other fields of the sample set of a part."""
    scans = getattr(data, part)
    return replace(data, **{part: replace(scans, samples=replace(scans.samples, **samples))})


def cell(part: Part, column: str, value: object, **wanted: str) -> Forge:
    """One other value in the index of a part."""

    def forge(data: Any) -> Any:
        scans = getattr(data, part)
        row = row_of(scans, **wanted) if wanted else 0
        return changed(data, part, index=table_cell(scans.samples.index, column, value, row))

    return forge


def without(part: Part, **wanted: str) -> Forge:
    """All such rows of a part are gone, from what is counted too."""

    def forge(data: Any) -> Any:
        scans = getattr(data, part)
        index = scans.samples.index
        kept = np.flatnonzero(~np.logical_and.reduce([index[name] == each for name, each in wanted.items()]))
        index, classes = numbered(index.iloc[kept].drop(columns=["sample_id", "class_index"]), scans.samples.classes)
        samples = replace(scans.samples, index=index, pixels=scans.samples.pixels[kept], classes=tuple(classes))
        return replace(data, **{part: ScanSet(samples, scans.missing_NL[kept])})

    return forge


def calibrated_on(split: str) -> Forge:
    """A group of a split calibrates too."""

    def forge(data: Any) -> Any:
        host = data.scans.groups[row_of(data.scans, split=split)]
        return cell("calibration", "group", host)(data)

    return forge


def copied(split: str, to: Part) -> Forge:
    """The first row of ``to`` that is not of the split has the picture of one that is."""

    def forge(data: Any) -> Any:
        source, target = data.scans, getattr(data, to)
        row = row_of(source, split=split)
        place = int(np.flatnonzero((target.samples.index["split"] != split).to_numpy())[0])
        pixels = np.array(target.samples.pixels)
        pixels[place] = source.samples.pixels[row]
        value = source.samples.index.loc[row, "image_hash"]
        return changed(data, to, pixels=pixels, index=table_cell(target.samples.index, "image_hash", value, place))

    return forge


def pictures(change: Callable[[Any], Any], part: Part = "scans") -> Forge:
    """Pictures changed, unnoticed by hashes of which none are measured again but the first."""
    return lambda data: changed(data, part, pixels=change(np.array(getattr(data, part).samples.pixels)))


def masked(change: Callable[[Any], Any], part: Part = "scans") -> Forge:
    def forge(data: Any) -> Any:
        scans = getattr(data, part)
        return replace(data, **{part: replace(scans, missing_NL=change(scans.missing_NL.copy()))})

    return forge


def emptied(data: Any) -> Any:
    """Half of all lines of every scan are missing, and nothing is stored for them."""
    pixels, missing = np.array(data.scans.samples.pixels), data.scans.missing_NL.copy()
    pixels[1:, ::2], missing[1:, ::2] = 0, True
    return replace(data, scans=ScanSet(replace(data.scans.samples, pixels=pixels), missing))


def flat(pixels: Any) -> Any:
    pixels[1:, :12] = 7
    return pixels


def faint(pixels: Any) -> Any:
    pixels[1:4] = pixels[1:4] // 100
    return pixels


def line_3(missing: Any) -> Any:
    missing[5, 3] = True
    return missing


def relabelled(data: Any) -> Any:
    """A class of another name in calibration, whose rows follow."""
    first, *others = data.calibration.samples.classes
    index = data.calibration.samples.index
    index = index.assign(label=index["label"].replace(first.label, "awful"))
    return changed(data, "calibration", index=index, classes=(replace(first, label="awful"), *others))


def other_shape(data: Any) -> Any:
    """Calibration has lines of half the samples."""
    pixels = data.calibration.samples.pixels.reshape(-1, 32, 6)
    missing = np.zeros((len(pixels), 32), np.bool_)
    samples = replace(data.calibration.samples, pixels=pixels, image=ImageFormat(32, 6, 8))
    return replace(data, calibration=ScanSet(samples, missing))


def audited(*rows: ScanAudit) -> Forge:
    return lambda data: replace(data, audit=scan_audit_frame(rows))


@forgeries(
    ("groups-disjoint", calibrated_on("train")),
    ("groups-disjoint", calibrated_on("test")),
    ("calibration-apart", cell("calibration", "split", "test")),
    ("calibration-index", cell("calibration", "label", "good", label="bad")),
    ("calibration-index", cell("calibration", "class_index", 7)),
    ("calibration-index", cell("calibration", "sample_id", 7)),
    ("sets-agree", relabelled),
    ("sets-agree", other_shape),
    ("image-hash", pictures(lambda pixels: pixels[::-1])),
    ("image-hash", pictures(lambda pixels: pixels[::-1], "calibration")),
    ("repeats", copied("train", "calibration")),
    ("repeats", copied("test", "calibration")),
    ("repeats", copied("test", "scans")),
    ("class-groups", lambda data: data, {"min_train_groups": 17}),
    ("held-out-classes", without("calibration", label="bad")),
    ("held-out-classes", without("scans", label="good", split="test")),
    ("calibration-groups", lambda data: data, {"min_calibration_groups": 5}),
    ("missing-lines", emptied, {"checked_rows": 1}),
    ("missing-empty", masked(line_3)),
    ("missing-empty", masked(line_3, "calibration")),
    ("flat-lines", pictures(flat), {"checked_rows": 1}),
    ("line-deviation", pictures(faint), {"checked_rows": 1}),
    ("left-out", audited(ScanAudit("good/tip1/1.npy", "no scan", count=9))),
    ("classes-trained", lambda data: data, {"min_train_samples": 40}),
    ("split-shares", lambda data: data, {"max_split_share": 0.1}),
)
def test_each_check_catches_its_forgery(
    good: ScanSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    found = verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))
    assert check in found
    assert set(found) <= {check, *ALSO.get(check, ())}


# What a forgery cannot but touch as well.
ALSO = {
    "calibration-apart": ("groups-disjoint",),
    "sets-agree": ("held-out-classes", "image-hash", "calibration-index"),
}


@forgeries(
    ("groups-disjoint", cell("scans", "split", "test", split="train")),
    ("class-groups", without("scans", label="good", split="train")),
    ("labels-agree", cell("scans", "class_index", 1, label="bad")),
    ("class-counts", cell("scans", "label", "good", label="bad")),
    ("manifest", cell("scans", "group", "scan/nobody")),
    ("class-map", lambda data: changed(data, "scans", classes=data.samples.classes[::-1])),
)
def test_what_breaks_more_than_one_thing_fails_its_check_too(
    good: ScanSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert check in verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))


def test_few_calibration_groups_warn_and_none_fail(good: ScanSampleData, verdicts: Any) -> None:
    few = LIMITS.model_copy(update={"min_calibration_groups": 99})
    assert verdicts(CHECKS, good, few) == {"calibration-groups": "WARN"}
    assert verdicts(CHECKS, without("calibration", split=CALIBRATION)(good), few)["calibration-groups"] == "FAIL"


def test_missing_lines_are_not_what_was_left_out(good: ScanSampleData, verdicts: Any) -> None:
    audit = audited(ScanAudit("good/tip1/1.npy", "missing lines", lines="1-99", count=99))
    assert verdicts(CHECKS, audit(good), LIMITS) == {}


@pytest.mark.parametrize(
    ("check", "column", "value"),
    [
        ("sample-once", "sample_id", 1),
        ("class-range", "class_index", 2),
        ("split-known", "split", CALIBRATION),
        ("group-named", "group", " "),
        ("source-known", "source", "dreamt"),
        ("image-hash-form", "image_hash", "0x12"),
        ("index-file-not-null", "file", None),
    ],
)
def test_the_suite_of_the_index(good: ScanSampleData, verdicts: Any, check: str, column: str, value: object) -> None:
    assert check in verdicts(GATE, cell("scans", column, value)(good), LIMITS)


@pytest.mark.parametrize(("part", "file"), [("samples", "index"), ("samples", "audit"), ("calibration", "index")])
def test_tables_of_another_form_are_refused(folder: Path, tmp_path: Path, part: str, file: str) -> None:
    for name in ("samples", "calibration"):
        (tmp_path / name).mkdir()
        for path in (folder / name).iterdir():
            (tmp_path / name / path.name).symlink_to(path)
    good = open_data(folder)
    tables = {"samples/index": good.samples.index, "samples/audit": good.audit}
    table = tables.get(f"{part}/{file}", good.calibration.samples.index)
    (tmp_path / part / f"{file}.parquet").unlink()
    save_table(tmp_path / part / f"{file}.parquet", table.drop(columns="file"))
    with pytest.raises(InputError, match=rf"{part}/{file}\.parquet: columns missing: file"):
        open_data(tmp_path)


def test_a_line_that_spikes_is_a_warning_where_nothing_is_rounded_away(good: ScanSampleData) -> None:
    spans_NL = np.ones(good.scans.missing_NL.shape, np.float32)
    spans_NL[:, 0] = 100
    found = line_deviation(replace(good, scans=replace(good.scans, spans_NL=spans_NL)), LIMITS)
    assert found.verdict is Verdict.WARN and "share of scans" in found.message and found.rows
