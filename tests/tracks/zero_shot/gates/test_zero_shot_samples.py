"""gate_zero_shot_samples: a small good set passes; each forgery fails the one check that is about it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import load_json, save_json
from glyphlens.gates.check import Outcome
from glyphlens.tracks.zero_shot.gates.zero_shot_data import (
    ZeroShotSampleData,
    ZeroShotSampleLimits,
    ZeroShotSamplePaths,
)
from glyphlens.tracks.zero_shot.gates.zero_shot_samples import GATE
from tests.checkout import ROOT
from tests.gates.forgeries import Forge, forgeries, index_cell, indexed, reclassed, swapped_classes, table_cell
from tests.tracks.zero_shot.samples.small_sets import KANJI, small_set

# The suite of the index takes a second a table; what it says is tested by itself.
CHECKS = replace(GATE, tables=lambda data, limits: ())
SHIPPED = load_params(ZeroShotSampleLimits, "gates.zero_shot_samples", ROOT / "params.yaml")
LIMITS = SHIPPED.model_copy(
    update={
        "min_train_samples": 3,
        "min_train_groups": 3,
        "min_held_out_samples": 1,
        "max_split_share": 0.4,
        "min_template_share": 0.5,
        "max_twin_share": 0.0,
        "min_composable_share": 0.0,
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory) / "out"


@pytest.fixture(scope="module")
def good(folder: Path) -> ZeroShotSampleData:
    return GATE.open(ZeroShotSamplePaths(folder), LIMITS)


def test_a_good_set_passes(good: ZeroShotSampleData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == len(good.samples)


# ── forgeries ────────────────────────────────────────────────────────────────────────────────
def row_of(data: ZeroShotSampleData, **wanted: str) -> int:
    """The first row with these values; ``role`` is one of them."""
    table = data.samples.index.assign(role=data.roles_N)
    return int(np.flatnonzero(np.logical_and.reduce([table[name] == value for name, value in wanted.items()]))[0])


def moved(role: str, split: str, to: str) -> Forge:
    """A row of a class of that role, with the group of a row of the split ``to``, and counted there."""

    def forge(data: Any) -> Any:
        index = data.samples.index.copy()
        row, host = row_of(data, role=role, split=split), row_of(data, split=to)
        index.loc[row, ["group", "split"]] = index.loc[host, ["group", "split"]].tolist()
        return indexed(data, index)

    return forge


def roles(**changes: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Forge:
    return lambda data: replace(
        data,
        roles=replace(data.roles, **{name: change(getattr(data.roles, name)) for name, change in changes.items()}),
    )


def swapped_roles(data: Any) -> Any:
    """A character of the test is said to be unused, and an unused one tested."""
    tested, unused = data.roles.unseen[-1], data.roles.unused[0]
    order = {label: number for number, label in enumerate(KANJI)}
    lists = {"unseen": {*data.roles.unseen, unused} - {tested}, "unused": {*data.roles.unused, tested} - {unused}}
    found = {name: tuple(sorted(labels, key=order.__getitem__)) for name, labels in lists.items()}
    return replace(data, roles=replace(data.roles, **found))


def without_rows(role: str, split: str) -> Forge:
    """All rows of one class in a split are gone."""

    def forge(data: Any) -> Any:
        label = data.samples.index["label"][row_of(data, role=role, split=split)]
        gone = (data.samples.index["label"] == label) & (data.samples.index["split"] == split)
        kept = np.flatnonzero(~gone)
        index = data.samples.index.iloc[kept].reset_index(drop=True)
        samples = replace(data.samples, index=index, pixels=data.samples.pixels[kept])
        counts = {label: {"count": int((index["label"] == label).sum())}}
        return reclassed(**counts)(replace(data, samples=samples))

    return forge


def without_set(name: str, split: str) -> Forge:
    """The groups of a set in a split are said to be of another set."""

    def forge(data: Any) -> Any:
        index = data.samples.index.copy()
        index.loc[(index["set"] == name) & (index["split"] == split), "set"] = "strokes" if name == "font" else "font"
        return indexed(data, index)

    return forge


def picture(change: Callable[[Any], Any]) -> Forge:
    """All pictures changed."""

    def forge(data: Any) -> Any:
        return replace(data, samples=replace(data.samples, pixels=change(np.array(data.samples.pixels))))

    return forge


def example(column: str, value: Callable[[ZeroShotSampleData], object]) -> Forge:
    """One other value in the index of the examples."""

    def forge(data: Any) -> Any:
        return replace(
            data, examples=replace(data.examples, index=table_cell(data.examples.index, column, value(data), 0))
        )

    return forge


def twin(data: Any) -> Any:
    """A picture of the test is that of a training row."""
    pixels, index = np.array(data.samples.pixels), data.samples.index.copy()
    row, host = row_of(data, split="test"), row_of(data, split="train")
    pixels[row], index.loc[row, "image_hash"] = pixels[host], index.loc[host, "image_hash"]
    return replace(data, samples=replace(data.samples, index=index, pixels=pixels))


def blank_rows(pixels: Any) -> Any:
    pixels[:3] = 0
    return pixels


def template(row: int, column: int, level: int) -> Forge:
    def forge(data: Any) -> Any:
        templates = np.array(data.templates_CTPP)
        templates[row, column] = level
        return replace(data, templates_CTPP=templates)

    return forge


def absent(row: int, column: int) -> Forge:
    def forge(data: Any) -> Any:
        has = data.has_CT.copy()
        has[row, column] = not has[row, column]
        return replace(data, has_CT=has)

    return forge


def blank_strokes(data: Any) -> Any:
    """A character without a picture of its strokes, and said to be without."""
    return absent(7, 0)(template(7, 0, 0)(data))


def named(*names: str) -> Forge:
    return lambda data: replace(data, template_names=names)


def same_templates(data: Any) -> Any:
    """What the font has it draws as the strokes are."""
    templates = np.array(data.templates_CTPP)
    templates[data.has_CT[:, 1], 1] = templates[data.has_CT[:, 1], 0]
    return replace(data, templates_CTPP=templates)


def font_of_the_test(data: Any) -> Any:
    """The training font's template is said to be of the test's font."""
    return replace(data, template_names=("strokes", data.samples.index["file"][row_of(data, set="font", split="test")]))


def described(**changes: Any) -> Forge:
    """Descriptions by name, each from what is described; None takes it away."""

    def forge(data: Any) -> Any:
        table = {**data.descriptions, **{name: make(data) for name, make in changes.items() if make}}
        return replace(data, descriptions={name: table[name] for name in table if changes.get(name, 1) is not None})

    return forge


def counted(name: str, count: int | None) -> Forge:
    def forge(data: Any) -> Any:
        components = {**data.components, name: count}
        return replace(data, components={each: number for each, number in components.items() if number is not None})

    return forge


@forgeries(
    ("classes-disjoint", moved("unseen", "test", "train")),
    ("classes-disjoint", moved("unseen", "test", "val")),
    ("classes-disjoint", moved("level2", "test", "train")),
    ("classes-disjoint", moved("val", "val", "train")),
    ("classes-disjoint", moved("val", "val", "test")),
    ("examples-apart", example("group", lambda data: data.samples.index["group"].iloc[-1])),
    ("examples-apart", example("label", lambda data: data.roles.seen[0])),
    ("examples-apart", example("label", lambda data: data.examples.index["label"].iloc[1])),
    ("class-order", swapped_classes),
    ("roles-protocol", swapped_roles),
    ("roles-protocol", lambda data: replace(data, protocol=data.protocol.model_copy(update={"unseen": 11}))),
    ("roles-protocol", lambda data: replace(data, protocol=data.protocol.model_copy(update={"seen": 2965}))),
    ("classes-drawn", without_rows("unseen", "test")),
    ("classes-drawn", without_rows("val", "val")),
    ("classes-drawn", without_rows("seen", "train")),
    ("classes-drawn", lambda data: data, {"min_train_groups": 9}),
    ("sources-in-splits", without_set("strokes", "test")),
    ("sources-in-splits", lambda data: data, {"min_groups": 15}),
    ("split-shares", lambda data: data, {"max_split_share": 0.1}),
    ("image-hash", picture(lambda pixels: pixels[::-1])),
    ("twin-share", twin),
    ("templates-inked", template(3, 0, 0)),
    ("templates-inked", template(3, 0, 255)),
    ("templates-inked", template(3, 1, 100)),
    ("templates-inked", absent(3, 1)),
    ("templates-inked", blank_strokes),
    ("templates-trained", font_of_the_test),
    ("templates-distinct", same_templates),
    ("templates-complete", lambda data: data, {"min_template_share": 0.9}),
    ("descriptions-cover", described(石=None)),
    ("descriptions-distinct", described(龍=lambda data: data.descriptions["亜"])),
    ("descriptions-tied", lambda data: data, {"max_tied_share": 0.001}),
    ("components-counted", counted("木", 99)),
    ("components-counted", counted("木", None)),
    ("components-counted", counted("no component", 0)),
    ("components-unseen", lambda data: data, {"min_composable_share": 0.99}),
    ("class-counts", reclassed(亜={"count": 1})),
)
def test_each_check_catches_its_forgery(
    good: ZeroShotSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    found = verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))
    assert check in found
    assert set(found) <= {check, *ALSO.get(check, ())}


# What a forgery cannot but touch as well.
ALSO = {
    "classes-disjoint": ("classes-drawn", "manifest"),
    "classes-drawn": ("sources-in-splits",),
    "roles-protocol": ("classes-disjoint", "classes-drawn", "components-unseen", "examples-apart"),
    "descriptions-cover": ("roles-protocol", "components-counted"),
    "descriptions-distinct": ("components-counted", "components-unseen"),
}


@forgeries(
    ("groups-disjoint", lambda data: index_cell("split", "test", row_of(data, split="train"))(data)),
    ("labels-agree", lambda data: index_cell("class_index", 9, row_of(data, label="亜"))(data)),
    ("manifest", lambda data: index_cell("group", "writer/999", row_of(data, split="test"))(data)),
    ("roles-once", roles(seen=lambda labels: (*labels, labels[0]))),
    ("roles-once", roles(level2=lambda labels: labels[1:])),
    ("roles-once", roles(level2=lambda labels: (*labels, "あ"))),
    ("ink-share", picture(blank_rows), {"max_odd_ink_share": 0.001}),
    ("templates-inked", named("strokes")),
    ("templates-trained", named("boxes.ttf", "bars.ttf")),
)
def test_what_breaks_more_than_one_thing_fails_its_check_too(
    good: ZeroShotSampleData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert check in verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))


@pytest.mark.parametrize(
    ("check", "column", "value"),
    [
        ("sample-once", "sample_id", 1),
        ("class-range", "class_index", 6355),
        ("split-known", "split", "dev"),
        ("group-named", "group", " "),
        ("label-one-character", "label", "亜亜"),
        ("source-known", "source", "drawn"),
        ("image-hash-form", "image_hash", "0x12"),
        ("index-set-not-null", "set", None),
    ],
)
def test_the_suite_of_the_index(
    good: ZeroShotSampleData, verdicts: Any, check: str, column: str, value: object
) -> None:
    assert check in verdicts(GATE, index_cell(column, value, 0)(good), LIMITS)


def outcome_of(check: str, data: ZeroShotSampleData) -> Outcome:
    [judge] = [entry for entry in GATE.checks if entry.id == check]
    return judge.run(data, LIMITS).outcome


def test_ties_and_components_never_seen_are_named(good: ZeroShotSampleData) -> None:
    tied = outcome_of("descriptions-tied", good)
    assert "末未" in tied.message and "己巳已" in tied.message
    unseen = outcome_of("components-unseen", good)
    assert unseen.value == pytest.approx(
        load_json(good.samples.folder.with_name("out.json"))["composable_unseen"], abs=1e-4
    )
    assert "components never do" in unseen.message and unseen.rows


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("protocol.json", {"protocol": "by feeling"}, "not the protocol of the roles"),
        ("roles.json", {"seen": []}, "expected lists of labels"),
        ("splits.json", [], "expected lists of groups"),
    ],
)
def test_files_of_another_form_are_refused(folder: Path, tmp_path: Path, file: str, content: object, told: str) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / file).unlink()
    save_json(tmp_path / file, content)
    with pytest.raises(InputError, match=told):
        GATE.open(ZeroShotSamplePaths(tmp_path), LIMITS)
