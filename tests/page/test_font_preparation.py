"""What the page makes of fonts, run by Node without a browser, is what Python makes of them."""

import base64
import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest
from fontTools.ttLib import TTFont

from glyphlens.commands.face_pictures import face_pictures, open_font
from glyphlens.commands.model import open_model
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import unpack_bits
from glyphlens.page.runtime import browser_runtime
from glyphlens.page.site import OWN_FILES, model_contents, save_site
from glyphlens.tracks import tracks
from glyphlens.tracks.arabic.glyphs.face_glyphs import EM_HEIGHT
from glyphlens.tracks.arabic.members import class_members, likely_first, seen_characters
from glyphlens.tracks.arabic.prior import font_probabilities
from glyphlens.tracks.arabic.reader import drawing_rule
from tests.checkout import ROOT
from tests.page.test_preparation import asked_of_the_page, opened

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here")
IDENTICAL = 0.97  # share of the pictures; the others differ by a pixel where a point lies midway between two controls


def test_glyphs_are_drawn_to_the_pixel(tmp_path: Path, font_folder: Path) -> None:
    try:
        runtime = browser_runtime(ROOT / ".cache/glyphlens")
    except InputError as error:
        pytest.skip(f"the browser's runtime cannot be had here: {error}")
    own = {path.name: path for path in OWN_FILES.iterdir() if path.is_file()}
    save_site(tmp_path / "site", {**own, **runtime})
    font = TTFont(next(iter(sorted(font_folder.glob("cairo-arabic-*.woff2")))))
    font.flavor, plain = None, tmp_path / "plain.ttf"
    font.save(plain)
    rule = drawing_rule(open_model(Path("arabic"), 1))
    [face] = open_font(plain)
    [wanted] = face_pictures(face, rule)
    [glyphs] = asked_of_the_page(
        tmp_path / "site",
        fonts=[base64.b64encode(plain.read_bytes()).decode()],
        rule={**rule.model_dump(), "em_height": EM_HEIGHT},
    )["fonts"]
    assert [glyph.get("fault", "") for glyph in glyphs] == [wanted.faults.get(gid, "") for gid in range(len(glyphs))]
    pictures = unpack_bits(wanted.packed_GHB) * np.uint8(255)
    drawn = [gid for gid, glyph in enumerate(glyphs) if "picture" in glyph]
    apart = [(opened(glyphs[gid]["picture"]) != pictures[gid]).sum() for gid in drawn]
    assert len(drawn) > 100 and np.mean([count == 0 for count in apart]) >= IDENTICAL and max(apart) <= 2
    geometry = np.array([glyphs[gid]["geometry"] for gid in drawn])
    np.testing.assert_allclose(geometry, wanted.geometry_GF[drawn], atol=1e-4)


def test_members_stand_in_the_same_order() -> None:
    rng = np.random.default_rng(0)
    contents = model_contents(tracks()["arabic"])["model.json"]
    assert isinstance(contents, bytes)
    members = class_members(open_model(Path("arabic"), 1).classes)
    arabic = [number for number, entry in enumerate(members) if entry[0].label.isascii() and "_" not in entry[0].label]
    seen = [None, [], arabic, *(rng.choice(len(members), size).tolist() for size in (5, 40, 400, 1500))]
    answers = asked_of_the_page(model=orjson.loads(contents), seen=seen)["names"]
    for places, answer in zip(seen, answers, strict=True):
        characters = None if places is None else seen_characters(members, places)
        wanted = likely_first(members, None, characters)
        assert answer == [[member.label for member in entry] for entry in wanted]


def test_classes_that_few_fonts_have_weigh_less_alike() -> None:
    manifest = open_model(Path("arabic"), 1).manifest
    rng = np.random.default_rng(1)
    rows_GC = rng.dirichlet(np.full(len(manifest.classes), 0.002), 30).astype(np.float32)
    rows_GC[3] = 0
    wanted_GC = font_probabilities(rows_GC.copy(), manifest, class_members(manifest.classes), None)
    asked = {"rows": rows_GC.tolist(), "coverage": list(manifest.coverage)}
    [found] = asked_of_the_page(weighed=[asked])["weighed"]
    np.testing.assert_allclose(np.array(found), wanted_GC, atol=1e-5)
