"""All fonts of a folder → tables of labelled glyphs, each font opened and extracted in a process of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.imaging.font_bytes import face_count, uncompressed
from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.tracks.arabic.glyphs.audit import FONT_SKIPPED, AuditRow
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.glyphs.extraction import FontGlyphs, extract_glyphs
from glyphlens.tracks.arabic.glyphs.glyph_tables import GlyphTables, label_tables, with_others
from glyphlens.tracks.arabic.glyphs.ligatures import font_ligatures
from glyphlens.tracks.arabic.glyphs.other_glyphs import other_rows
from glyphlens.tracks.arabic.glyphs.own_labels import FaceKey, OwnLabel, by_face, label_sequences
from glyphlens.tracks.arabic.glyphs.relabelling import NO_GLYPH, relabelled

MAX_FACES = 64
SHOWN = 5  # rows of an error


class Face(NamedTuple):
    """A face to extract: row of the manifest, uncompressed file, number of the face in it."""

    row: int
    path: Path
    number: int


class _Unpack(NamedTuple):
    """Task of the first pass: unpack a font file and list each face's ligatures."""

    source: Path
    target: Path


class _Extract(NamedTuple):
    """Task of the second pass; ``companions`` are files of other subsets of the font."""

    face: Face
    candidates: Sequence[Candidate]
    own: Sequence[OwnLabel]
    companions: tuple[Path, ...]


def glyph_tables(
    manifest: pd.DataFrame,
    refused: pd.DataFrame,
    own: Sequence[OwnLabel] = (),
    *,
    limits: Limits,
    workers: int,
    lookalike_share: float,
    lookalike_fonts: int,
    others_per_font: int,
) -> GlyphTables:
    """Extract every font of the manifest; a font that fails is left out and named in the audit. ``own``: what a person
    calls some of their glyphs.

    The manifest has the columns ``path`` and ``companions`` of ``font_sources``; ``others_per_font`` glyphs of each
    font of ``refused`` become the class ``other``. Raises InputError where no font gives a glyph, and for a row of
    ``own`` whose font or glyph is not there.
    """
    named = by_face(own, manifest)
    with TemporaryDirectory(prefix="glyphlens-fonts-") as scratch:
        faces, sequences, audit = _unpack_all(manifest, Path(scratch), limits, workers)
        known = candidates(sequences | label_sequences(own))
        results, failures = _extract_all(manifest, faces, known, named, limits, workers)
    audit += failures
    if not results:
        first = f"; the first: {audit[0][2]}: {audit[0][4]}" if audit else ""
        raise InputError(f"{manifest['path'][0].parent}: none of {len(manifest)} fonts gives an Arabic glyph{first}")
    _require_used(named, results)
    extracted = [(manifest.iloc[face.row], face.number, result) for face, result in results]
    audit += [
        ("extraction", drop.reason, row["file"], drop.label, drop.detail)
        for row, _, result in extracted
        for drop in result.drops
    ]
    tables = label_tables(extracted, known, audit, share=lookalike_share, min_fonts=lookalike_fonts)
    others, failures = other_rows(refused, others_per_font, limits, workers)
    return with_others(tables, extracted, others, failures)


def _require_used(named: Mapping[FaceKey, Sequence[OwnLabel]], results: Sequence[tuple[Face, FontGlyphs]]) -> None:
    """Raise InputError for a label of one's own whose face or glyph gave nothing."""
    lacking = [drop.detail for _, result in results for drop in result.drops if drop.reason == NO_GLYPH]
    read = {FaceKey(face.row, face.number) for face, _ in results}
    lacking += [
        f"{own[0].place}: font '{own[0].font}': gave no glyph" for face, own in named.items() if face not in read
    ]
    if lacking:
        raise InputError(f"{len(lacking)} labels of your own cannot be used: {'; '.join(lacking[:SHOWN])}")


def _unpack_all(
    manifest: pd.DataFrame, scratch: Path, limits: Limits, workers: int
) -> tuple[list[Face], set[tuple[int, ...]], list[AuditRow]]:
    tasks = [_Unpack(path, scratch / f"{row}.sfnt") for row, path in enumerate(manifest["path"])]
    faces: list[Face] = []
    sequences: set[tuple[int, ...]] = set()
    audit: list[AuditRow] = []
    outcomes = run_isolated(_unpack, tasks, limits, workers)
    for outcome in tqdm(outcomes, total=len(tasks), desc="opening fonts", unit="font"):
        if outcome.result is None:
            audit.append(("font", FONT_SKIPPED, manifest["file"][outcome.number], "", outcome.reason))
            continue
        for index, ligatures in enumerate(outcome.result):
            faces.append(Face(outcome.number, tasks[outcome.number].target, index))
            sequences.update(ligatures)
    return sorted(faces), sequences, audit


def _extract_all(
    manifest: pd.DataFrame,
    faces: Sequence[Face],
    known: Sequence[Candidate],
    named: Mapping[FaceKey, Sequence[OwnLabel]],
    limits: Limits,
    workers: int,
) -> tuple[list[tuple[Face, FontGlyphs]], list[AuditRow]]:
    tasks = [
        _Extract(face, known, named.get(FaceKey(face.row, face.number), ()), manifest["companions"][face.row])
        for face in faces
    ]
    results: list[tuple[Face, FontGlyphs]] = []
    audit: list[AuditRow] = []
    outcomes = run_isolated(_extract, tasks, limits, workers)
    for outcome in tqdm(outcomes, total=len(tasks), desc="extracting glyphs", unit="font"):
        face = faces[outcome.number]
        reason = outcome.reason if outcome.result is None else "" if outcome.result.glyphs else "no Arabic glyph"
        if reason:
            audit.append(("font", FONT_SKIPPED, manifest["file"][face.row], "", reason))
        elif outcome.result is not None:
            results.append((face, outcome.result))
    return sorted(results, key=lambda result: result[0]), audit


def _unpack(task: _Unpack) -> list[list[tuple[int, ...]]]:
    data = uncompressed(task.source.read_bytes())
    faces = face_count(data)
    if not 1 <= faces <= MAX_FACES:
        raise InputError(f"a collection of {faces} faces, at most {MAX_FACES} are read")
    ligatures = [font_ligatures(data, index) for index in range(faces)]
    task.target.write_bytes(data)
    return ligatures


def _extract(task: _Extract) -> FontGlyphs:
    face = FontFace(task.face.path.read_bytes(), task.face.number)
    companions = [FontFace(uncompressed(path.read_bytes())) for path in task.companions]
    found = extract_glyphs(face, task.candidates, companions)
    return relabelled(face, found, task.own, task.candidates) if task.own else found
