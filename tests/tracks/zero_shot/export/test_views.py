"""Exemplars are means of the templates that there are; parts are read back, or refused by name."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array
from glyphlens.tracks.zero_shot.export.views import PARTS, Floats, exemplars, load_parts, save_parts
from tests.changed_bytes import with_changed_bytes


def embed(pixels_NHW: NDArray[np.uint8]) -> Floats:
    """The first four pixels, of length 1; a picture of zeros lies at its own place."""
    first_NE = pixels_NHW.reshape(len(pixels_NHW), -1)[:, :4].astype(np.float32) + 1
    unit_NE: Floats = first_NE / np.linalg.norm(first_NE, axis=1, keepdims=True)
    return unit_NE


def test_templates_that_are_missing_say_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    has_CT = np.array([[True, True, True], [True, False, True], [False, True, False]])
    templates = rng.integers(0, 256, (3, 3, 8, 8), dtype=np.uint8) * has_CT[:, :, None, None]
    save_array(tmp_path / "templates.npy", templates.astype(np.uint8))
    save_array(tmp_path / "has_CT.npy", has_CT)
    found = exemplars(tmp_path, embed)
    for number in range(3):
        mean = embed(templates[number][has_CT[number]].astype(np.uint8)).mean(axis=0)
        np.testing.assert_allclose(found[number], mean / np.linalg.norm(mean), rtol=1e-5)


def test_parts_are_read_back_or_refused(tmp_path: Path) -> None:
    text_CE, first_CE, second_CE = np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)
    save_parts(tmp_path, text_CE, {"fp32": first_CE, "int8": second_CE})
    for precision, view_CE in (("fp32", first_CE), ("int8", second_CE)):
        text, exemplar = load_parts(tmp_path, precision)  # type: ignore[arg-type]
        np.testing.assert_allclose(text, text_CE, atol=2e-3)
        np.testing.assert_allclose(exemplar, view_CE, atol=2e-3)
    for _ in with_changed_bytes(tmp_path / PARTS):
        with suppress(InputError):  # any other error fails
            load_parts(tmp_path, "int8")
    save_parts(tmp_path, text_CE[:4], {"fp32": first_CE})
    with pytest.raises(InputError, match=r"parts\.npz: descriptions \(4, 4\), templates \(5, 4\)"):
        load_parts(tmp_path, "fp32")
    with pytest.raises(InputError, match=r"parts\.npz: no readable text_CE and int8_exemplar_CE"):
        load_parts(tmp_path, "int8")
    (tmp_path / PARTS).write_bytes(b"")
    with pytest.raises(InputError, match=r"parts\.npz: no readable"):
        load_parts(tmp_path, "fp32")
