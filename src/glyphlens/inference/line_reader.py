"""Pictures of lines → text, how sure it is, and where each cluster stands, by an exported recogniser; needs no torch.

N lines · H×W pixels · T frames · D numbers of a frame · L tokens so far
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.imaging.line_images import filled_px, scaled_to_height
from glyphlens.inference.beam import BeamSettings, read_beam
from glyphlens.inference.decoding import ReadLine, ReadToken, read_forward, read_greedy
from glyphlens.inference.folder import LABELS, ExportFolder, Manifest
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.ngram import NGRAM, CharacterNgram
from glyphlens.inference.recognizer import LOGITS, RASTER, open_session

MEMORY, NEXT, BEFORE, STEPS = "memory", "next", "before", "steps"  # tensors of an attention's two files
DECODER_FILE = "decoder.onnx"
LINE_TEMPERATURES = "line_temperatures"  # of the rule: by precision, the root that makes confidences calibrated
PIXELS_AT_ONCE = 1_000_000  # of the lines that are read together
FRAMES_A_TOKEN = 2  # no text has more than a token for every so many frames
Ink = NDArray[np.uint8]


class LineRule(NamedTuple):
    """How a line is prepared: so high, filled up to a multiple of columns, ``stride_px`` of them a frame."""

    height_px: int
    stride_px: int
    multiple_px: int


class ReadCluster(NamedTuple):
    """An orthographic cluster, how sure it is (0..1), and the columns of the picture from ``x0`` to ``x1``."""

    text: str
    confidence: float
    x0: float
    x1: float


class LineText(NamedTuple):
    """Canonical text, the calibrated chance that all of it is right, and its clusters from left to right."""

    text: str
    confidence: float
    clusters: tuple[ReadCluster, ...]


NOTHING = LineText("", 1.0, ())


@dataclass(frozen=True)
class LineReader:
    """An exported recogniser of lines, opened for use.

    ``decoder``: that of an attention, beside the model; ``ngram``: likewise, for a beam.
    """

    path: Path
    session: onnxruntime.InferenceSession
    manifest: Manifest
    rule: LineRule
    decoder: onnxruntime.InferenceSession | None = None
    ngram: CharacterNgram | None = None
    beam: BeamSettings | None = None

    @classmethod
    def load(
        cls, path: Path, *, threads: int | None = None, decoding: Literal["greedy", "beam"] = "greedy"
    ) -> "LineReader":
        """Open an .onnx file, or the only one of a folder, with what lies beside it.

        ``decoding``: a "beam" needs an n-gram beside the model; where there is none, it is read greedily all the same.
        Raises InputError where a file is missing, broken, of another export or no recogniser of lines.
        """
        folder = ExportFolder(path if path.is_dir() else path.parent)
        model = _only_model(folder) if path.is_dir() else path
        session, manifest = open_session(model, threads=threads), folder.manifest
        manifest.require_listed(model)
        if manifest.decoder not in ("ctc", "attention"):
            raise InputError(f"{model}: its decoder is '{manifest.decoder}'; a recogniser of lines is asked for")
        decoder = open_session(folder.path / DECODER_FILE, threads=threads) if manifest.decoder == "attention" else None
        if decoding == "greedy" or decoder is not None or not (folder.path / NGRAM).is_file():
            return cls(model, session, manifest, _rule(folder, manifest), decoder)
        beam = BeamSettings(**manifest.preparation.get("beam", {}))
        return cls(model, session, manifest, _rule(folder, manifest), None, CharacterNgram.load(folder.path), beam)

    @property
    def files(self) -> list[Path]:
        """Everything that is read with the model."""
        beside = (self.path.with_name(name) for name in (LABELS, DECODER_FILE, NGRAM))
        return [self.path, *(file for file in beside if file.is_file())]

    @cached_property
    def temperature(self) -> float:
        """Of the confidence of lines; 1 where the manifest has none."""
        known = self.manifest.preparation.get(LINE_TEMPERATURES, {})
        return float(known.get(self.manifest.precision_of(self.path), 1.0))

    def read(self, images: Sequence[Ink]) -> list[LineText]:
        """Each (H, W) uint8 picture, 0 paper to 255 ink, of one line; any height and width.

        A line is read alike whatever others it is read with; one without ink has no text. Raises InputError for a
        picture that is none.
        """
        prepared = [_prepared(number, image, self.rule) for number, image in enumerate(images)]
        found = {number: NOTHING for number, image in enumerate(prepared) if not image.any()}
        for numbers in _alike(prepared, found, self.rule.multiple_px):
            widths_N = np.array([prepared[number].shape[1] for number in numbers])
            lines = self._lines(_filled([prepared[number] for number in numbers], self.rule), widths_N)
            for number, line in zip(numbers, lines, strict=True):
                height_px, width_px = images[number].shape
                sure = line._replace(confidence=line.confidence ** (1 / self.temperature))
                found[number] = _text_of(sure, self.rule, self.rule.height_px / height_px, width_px)
        return [found[number] for number in range(len(images))]

    def _lines(self, rasters_NHW: Ink, widths_N: NDArray[np.int64]) -> list[ReadLine]:
        frames_N = -(-widths_N // self.rule.stride_px)
        if self.decoder is not None:
            return self._read_forward(rasters_NHW, frames_N)
        logits_NTC = self.session.run([LOGITS], {RASTER: rasters_NHW})[0]
        lines = read_greedy(logits_NTC, frames_N, self.manifest.charset)
        if self.ngram is None or self.beam is None:
            return lines
        parts = zip(logits_NTC, frames_N, lines, strict=True)
        return [self._beamed(logits_TC[:frames], line) for logits_TC, frames, line in parts]

    def _beamed(self, logits_TC: NDArray[np.float32], line: ReadLine) -> ReadLine:
        """The beam's text, with places and confidence by the best path."""
        assert self.ngram is not None and self.beam is not None
        texts = read_beam(logits_TC, self.manifest.charset, self.ngram, self.beam)
        known = [ReadCluster(*token) for token in line.tokens]
        tokens = [
            ReadToken(each.text, each.confidence, round(each.x0), round(each.x1)) for each in placed(texts, known)
        ]
        return ReadLine(tuple(tokens), line.confidence)

    def _read_forward(self, rasters_NHW: Ink, frames_N: NDArray[np.int64]) -> list[ReadLine]:
        assert self.decoder is not None
        memory_NTD = self.session.run([MEMORY], {RASTER: rasters_NHW})[0]
        feeds: Mapping[str, NDArray[Any]] = {MEMORY: memory_NTD, STEPS: frames_N.astype(np.int64)}
        decoder = self.decoder

        def following(before_NL: NDArray[np.int64]) -> NDArray[np.float32]:
            next_NK: NDArray[np.float32] = decoder.run([NEXT], {**feeds, BEFORE: before_NL})[0]
            return next_NK

        return read_forward(following, len(rasters_NHW), self.manifest.charset, frames_N // FRAMES_A_TOKEN)


def placed(texts: Sequence[str], known: Sequence[ReadCluster]) -> list[ReadCluster]:
    """Texts with confidence and place: those of the same text among ``known``, in order; what differs from them shares
    the space between its neighbours, with the least confidence of what it stands for.

    >>> placed(["a", "x"], [ReadCluster("a", 0.9, 0, 4), ReadCluster("b", 0.5, 4, 8)])[1]
    ReadCluster(text='x', confidence=0.5, x0=4.0, x1=8.0)
    """
    found: list[ReadCluster] = []
    matcher = SequenceMatcher(None, [each.text for each in known], list(texts), autojunk=False)
    for kind, begin, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            found += known[begin:end]
            continue
        near = known[begin:end] or known[max(0, begin - 1) : begin + 1]
        x0 = known[begin].x0 if begin < end else (known[begin - 1].x1 if begin else 0.0)
        x1 = known[end - 1].x1 if begin < end else x0
        edges = np.linspace(x0, x1, last - first + 1).tolist()
        confidence = min((each.confidence for each in near), default=0.0)
        places = zip(texts[first:last], pairwise(edges), strict=True)
        found += [ReadCluster(text, confidence, left, right) for text, (left, right) in places]
    return found


def _text_of(line: ReadLine, rule: LineRule, scale: float, width_px: int) -> LineText:
    """Clusters of the tokens that were read, then of the canonical text, in columns of the picture as it came."""
    characters = [token for token in _spaced(line, rule, scale, width_px) for _ in token.text]
    raw, place = [], 0
    for text in clusters("".join(token.text for token in line.tokens)):
        own = characters[place : place + len(text)]
        raw.append(ReadCluster(text, min(each.confidence for each in own), own[0].x0, own[-1].x1))
        place += len(text)
    text = canonical("".join(each.text for each in raw))
    return LineText(text, line.confidence, tuple(placed(clusters(text), raw)))


def _spaced(line: ReadLine, rule: LineRule, scale: float, width_px: int) -> list[ReadCluster]:
    """Tokens in columns: the space between the frames of two is shared, as a frame is only where a token is surest.

    Of a decoder that knows no frames, tokens are as wide as one another.
    """
    if line.tokens and not any(token.end for token in line.tokens):
        edges = np.linspace(0, width_px, len(line.tokens) + 1).tolist()
    else:
        middles = [(first.end + second.begin) / 2 for first, second in pairwise(line.tokens)]
        edges = [0.0, *(min(middle * rule.stride_px / scale, width_px) for middle in middles), float(width_px)]
    spans = zip(line.tokens, pairwise(edges), strict=False)
    return [ReadCluster(token.text, token.confidence, left, right) for token, (left, right) in spans]


def _alike(prepared: Sequence[Ink], left_out: Container[int], multiple_px: int) -> Iterator[list[int]]:
    """Numbers of lines of the same filled width, so many as are read together."""
    by_width: defaultdict[int, list[int]] = defaultdict(list)
    for number, image in enumerate(prepared):
        if number not in left_out:
            by_width[filled_px(image.shape[1], multiple_px)].append(number)
    for width_px, numbers in sorted(by_width.items()):
        count = max(1, PIXELS_AT_ONCE // (width_px * prepared[numbers[0]].shape[0]))
        yield from (numbers[begin : begin + count] for begin in range(0, len(numbers), count))


def _filled(images: Sequence[Ink], rule: LineRule) -> Ink:
    filled = np.zeros((len(images), rule.height_px, filled_px(images[0].shape[1], rule.multiple_px)), np.uint8)
    for row, image in zip(filled, images, strict=True):
        row[:, : image.shape[1]] = image
    return filled


def _prepared(number: int, image: Ink, rule: LineRule) -> Ink:
    """As high as the recogniser reads, of the same shape."""
    if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
        raise InputError(f"line {number}: {image.dtype} {image.shape}, expected uint8 (H, W) of at least one pixel")
    return scaled_to_height(image, rule.height_px)


def _only_model(folder: ExportFolder) -> Path:
    """The one model file beside which a decoder may lie."""
    files = [file for file in folder.model_files if file.name != DECODER_FILE]
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise InputError(f"{folder.path}: expected one recogniser of lines, found {names}; give the file's path")
    return files[0]


def _rule(folder: ExportFolder, manifest: Manifest) -> LineRule:
    try:
        return LineRule(*(int(manifest.preparation[name]) for name in LineRule._fields))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder.path / LABELS}: not the rule of a recogniser of lines ({error!r})") from error
