"""An answer depends on its picture alone, whatever comes in the same batch: files of every kind, and those released."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glyphlens.export.classifier import assemble_classifier, network_feed, trace_classifier
from glyphlens.export.quantize import Integers, batched, quantize_piece
from glyphlens.inference.recognizer import Recognizer, open_session, softmax
from glyphlens.tracks.arabic.export.glyph_integers import quantize
from glyphlens.tracks.arabic.export.graph import assemble, trace
from tests.checkout import ROOT
from tests.export import tiny
from tests.export import tiny_characters as characters

ROWS = 48
TOLERANCE = 1e-6  # of a probability; the last bit of a logit of 16 is worth as much
Feeds = dict[str, NDArray[Any]]
KINDS: dict[str, Callable[[], torch.nn.Module]] = {
    "convolutions": characters.cnn,
    "an LSTM": characters.Recurrent,
    "a GRU": characters.Gated,
    "attention": characters.Attentive,
}


def shown(reads: str, rows: int, seed: int) -> Feeds:
    """Random pictures of bars, or random strokes of very different sizes."""
    if reads == "raster":
        return {reads: characters.shapes(rows, seed)[0]}
    random = np.random.default_rng(seed)
    sizes_N11 = np.exp(random.normal(size=(rows, 1, 1)))
    return {reads: (sizes_N11 * random.normal(size=(rows, 24, 17))).astype(np.float32)}


def character_file(kind: str) -> onnx.ModelProto:
    torch.manual_seed(5)
    model = KINDS[kind]().eval()
    [values] = shown(model.reads, 64, seed=7).values()
    piece = trace_classifier(model, values.shape[1:])
    feeds = batched({piece.graph.input[0].name: network_feed(piece, values)}, batch=32)
    return assemble_classifier(quantize_piece(piece, feeds, Integers(reduce_range=True)))


def glyph_file(backbone: str) -> onnx.ModelProto:
    networks = trace(tiny.cell_network(), tiny.grid_network(backbone=backbone))
    return assemble(quantize(networks, tiny.rasters(60), tiny.geometry(60), Integers(reduce_range=True)))


def apart(path: Path, feeds: Feeds, order: list[int], batch: int) -> float:
    """The largest difference of a probability, all rows at once and in another order, ``batch`` at a time."""
    session = open_session(path)
    rows = len(order)

    def answers(places: list[int], size: int) -> NDArray[np.float32]:
        parts = [places[start : start + size] for start in range(0, rows, size)]
        fed = ({name: values[part] for name, values in feeds.items()} for part in parts)
        return softmax(np.concatenate([session.run(["logits"], feed)[0] for feed in fed]))

    together, alone = answers(list(range(rows)), rows), answers(order, batch)
    return float(np.abs(together[order] - alone).max())


def mixed(test: Callable[..., None]) -> Callable[..., None]:
    """Any order, any size of batch, any pictures."""
    given_all = given(
        order=st.permutations(list(range(ROWS))), batch=st.integers(1, ROWS - 1), seed=st.integers(0, 2**16)
    )
    return settings(max_examples=12, deadline=None)(given_all(test))


@pytest.fixture(scope="module", params=[*KINDS, "glyphs, convolutions", "glyphs, attention"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    glyphs = {"glyphs, convolutions": "cnn", "glyphs, attention": "transformer"}
    kind = request.param
    path = tmp_path_factory.mktemp("int8") / "int8.onnx"
    onnx.save(glyph_file(glyphs[kind]) if kind in glyphs else character_file(kind), path)
    return path


@mixed
def test_an_int8_file_answers_every_picture_for_itself(file: Path, order: list[int], batch: int, seed: int) -> None:
    ends = {end.name for end in open_session(file).get_inputs()}
    feeds = tiny.feeds(ROWS, seed) if "geometry" in ends else shown(ends.pop(), ROWS, seed)
    assert apart(file, feeds, order, batch) <= TOLERANCE


@pytest.mark.parametrize("track", ["arabic", "kanji"])
@mixed
def test_a_released_file_answers_every_picture_for_itself(track: str, order: list[int], batch: int, seed: int) -> None:
    released = Recognizer.load(ROOT / "models" / track / "release")
    feeds = tiny.feeds(ROWS, seed) if "geometry" in released.inputs else shown("raster", ROWS, seed)
    assert apart(released.path, feeds, order, batch) <= TOLERANCE
