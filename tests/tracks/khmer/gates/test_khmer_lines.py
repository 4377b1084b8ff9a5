"""gate_khmer_lines: a good set passes; each forgery fails the one check that is about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import save_table
from glyphlens.tracks.khmer.drawing.faces import faces_of_splits
from glyphlens.tracks.khmer.drawing.line_set import draw_line_set, save_lines
from glyphlens.tracks.khmer.gates.khmer_lines import GATE, KhmerLineData, KhmerLineLimits, KhmerLinePaths
from glyphlens.tracks.khmer.texts.characters import CHARACTERS
from glyphlens.tracks.khmer.texts.text_set import compose_texts
from glyphlens.tracks.khmer.texts.vocabulary import open_vocabularies
from tests.checkout import ROOT
from tests.gates.forgeries import Forge, forgeries, index_cell, indexed
from tests.tracks.khmer.small_lines import LINE_PARAMS, NOTHING, TEXT_PARAMS

# The suite of the index takes a second a table; one forgery of it is enough.
CHECKS = replace(GATE, tables=lambda data, limits: ())
SHIPPED = load_params(KhmerLineLimits, "gates.khmer_lines", ROOT / "params.yaml")
LIMITS = SHIPPED.model_copy(update={"min_lines": 100, "min_families": 6, "max_narrow_share": 0.02})


@pytest.fixture(scope="module")
def folder(modules: Path, khmer_fonts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = compose_texts(open_vocabularies(modules, NOTHING, TEXT_PARAMS.shares), TEXT_PARAMS, seed=1)
    faces, split = faces_of_splits(khmer_fonts, modules, LINE_PARAMS.faces)
    out = tmp_path_factory.mktemp("lines")
    save_lines(out, draw_line_set(texts, faces, LINE_PARAMS, 1, 1), split, CHARACTERS, LINE_PARAMS)
    return out


@pytest.fixture(scope="module")
def good(folder: Path) -> KhmerLineData:
    return GATE.open(KhmerLinePaths(folder), LIMITS)


def test_a_good_set_passes(good: KhmerLineData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == len(good.samples)


def test_the_index_is_looked_at(good: KhmerLineData, verdicts: Any) -> None:
    assert "slice-known" in verdicts(GATE, index_cell("slice", "mud", 0)(good), LIMITS)


def painted(value: int, inside: slice) -> Forge:
    """All pixels of part of the rows set to one value."""

    def forge(data: KhmerLineData) -> KhmerLineData:
        pixels = np.array(data.samples.pixels)
        begin, end = data.offsets_M[inside.start], data.offsets_M[inside.stop]
        pixels[begin:end] = value
        return replace(data, samples=replace(data.samples, pixels=pixels))

    return forge


def cut(data: KhmerLineData) -> KhmerLineData:
    """The first column of every line is ink."""
    pixels = np.array(data.samples.pixels)
    for begin, width in zip(data.offsets_M, data.samples.widths_N, strict=False):
        pixels[begin : begin + width * data.samples.image.height_px : width] = 255
    return replace(data, samples=replace(data.samples, pixels=pixels))


def squeezed(data: KhmerLineData) -> KhmerLineData:
    """Four frames a cluster, but six characters in it."""
    return indexed(data, data.samples.index.assign(text=["ស្ត្រី" * (width // 16) for width in data.samples.widths_N]))


def unsplit(data: KhmerLineData) -> KhmerLineData:
    """Everything is training but one family."""
    index = data.samples.index
    return indexed(data, index.assign(split=np.where(index["split"] == "val", "test", index["split"])))


def learnt(data: KhmerLineData) -> KhmerLineData:
    index = data.samples.index
    test = int(np.flatnonzero(index["split"] == "test")[0])
    return index_cell("text", index.loc[0, "text"], test)(data)


def two_sides(data: KhmerLineData) -> KhmerLineData:
    index = data.samples.index
    return index_cell("group", index.loc[0, "group"], int(np.flatnonzero(index["split"] == "test")[0]))(data)


def undrawn(data: KhmerLineData) -> KhmerLineData:
    rows = [{"text": f"ក{number}", "font": "a.woff2", "reason": "no"} for number in range(20)]
    return replace(data, audit=pd.concat([data.audit, pd.DataFrame(rows)]))


def one_slice(data: KhmerLineData) -> KhmerLineData:
    return indexed(data, data.samples.index.assign(slice="scan"))


@forgeries(
    ("enough-lines", lambda data: data, {"min_lines": 10_000}),
    ("enough-families", lambda data: data, {"min_families": 50}),
    ("families-disjoint", two_sides),
    ("texts-disjoint", learnt),
    ("manifest", lambda data: replace(data, manifest={"train": [], "val": [], "test": []})),
    ("split-shares", unsplit),
    ("wide-enough", squeezed),
    ("inked", painted(0, slice(0, 60))),
    ("inked", painted(255, slice(0, 60))),
    ("not-cut", cut),
    ("fonts-draw", undrawn),
    ("slices-tested", one_slice),
)
def test_a_forgery_fails_its_check(
    good: KhmerLineData, verdicts: Any, check: str, forge: Forge, limits: dict[str, float]
) -> None:
    found = verdicts(CHECKS, forge(good), LIMITS.model_copy(update=limits))
    also = {"manifest", "not-cut", "texts-disjoint"}
    assert found.get(check) == "FAIL"
    assert set(found) <= {check} | also


def test_an_audit_of_another_form_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        tmp_path.joinpath(path.name).write_bytes(path.read_bytes())
    save_table(tmp_path / "audit.parquet", pd.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match=r"audit\.parquet: expected the columns"):
        GATE.open(KhmerLinePaths(tmp_path), LIMITS)
