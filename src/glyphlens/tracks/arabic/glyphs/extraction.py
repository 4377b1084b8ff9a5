"""Every labelled glyph of one font: candidates shaped, told from absent ones, their outlines merged."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from glyphlens.imaging.contours import Outline, contours_of, format_contours
from glyphlens.imaging.shaping import FontFace, FontMetrics, Part
from glyphlens.sources.arabic_script import ALEF_GROUP, LAM, in_context, is_mark, joining_group
from glyphlens.tracks.arabic.glyphs.audit import LABEL_REPEATED
from glyphlens.tracks.arabic.glyphs.candidates import COMPANION, LIGATURE, PRESENTATION, Candidate

HASH_BYTES = 16


class Glyph(NamedTuple):
    """One row to be: the candidate's number, contour JSON, metrics in font units, and a hash of the shape.

    The hash ignores where the outline stands horizontally, so that equal shapes with other bearings are equal;
    ``gids`` are the glyphs of the font that it is drawn from.
    """

    candidate: int
    contours: str
    width: int
    lsb: int
    rsb: int
    shape_hash: bytes
    gids: tuple[int, ...]


class Drop(NamedTuple):
    """A glyph that the font has and the database will not: which one and why."""

    label: str
    reason: str
    detail: str


class FontGlyphs(NamedTuple):
    """What one font gave; ``missing`` is what it draws for characters that it lacks, where that is an outline."""

    metrics: FontMetrics
    glyphs: list[Glyph]
    drops: list[Drop]
    missing: Glyph | None = None


def extract_glyphs(face: FontFace, candidates: Sequence[Candidate], companions: Sequence[FontFace] = ()) -> FontGlyphs:
    """All glyphs of a face that answer to a candidate; of one label the first counts.

    ``companions`` are other subsets of the same font: characters beside the Arabic script are looked for there too.

    A form drawn exactly as another form of the same letter is absent: some fonts give every form a glyph number of its
    own and draw them alike, and a label that no eye could tell from another would be noise.
    """
    mapped = face.code_points()
    sources = _sources((face, *companions))
    glyphs: dict[str, Glyph] = {}
    drawn: dict[tuple[tuple[int, ...], bytes], str] = {}
    drops: list[Drop] = []
    for number, candidate in enumerate(candidates):
        if candidate.kind == COMPANION:
            source = sources.get(candidate.code_points[0])
            found = glyph_of(source, number, nominal(source, candidate.code_points[0])) if source else None
            if isinstance(found, Glyph):
                glyphs.setdefault(candidate.label, found)
            continue
        if not mapped.issuperset(candidate.code_points if candidate.kind != PRESENTATION else candidate.text):
            continue
        if candidate.label in glyphs:
            drops.append(Drop(candidate.label, LABEL_REPEATED, f"{candidate.kind} {_hexadecimal(candidate.text)}"))
            continue
        parts = face.shape(candidate.text)
        if not _is_present(face, candidate, parts):
            continue
        glyph = glyph_of(face, number, parts)
        if not isinstance(glyph, Glyph):
            drops.append(Drop(candidate.label, *glyph))
            continue
        twin = drawn.setdefault((candidate.code_points, glyph.shape_hash), candidate.label)
        if twin != candidate.label:
            drops.append(Drop(candidate.label, "drawn as another form", twin))
            continue
        glyphs[candidate.label] = glyph
    missing = glyph_of(face, 0, (Part(0, 0, 0, face.advance(0), 0),))
    return FontGlyphs(face.metrics, list(glyphs.values()), drops, missing if isinstance(missing, Glyph) else None)


def nominal(face: FontFace, code_point: int) -> tuple[Part, ...]:
    """The glyph that the cmap gives a character, as it stands."""
    gid = face.glyph(code_point)
    return (Part(gid, 0, 0, face.advance(gid), 0),)


def _sources(faces: Sequence[FontFace]) -> dict[int, FontFace]:
    """{character: first face that maps it}; faces of another number of units per em are other fonts."""
    alike = [face for face in faces if face.metrics.upem == faces[0].metrics.upem]
    return {code_point: face for face in reversed(alike) for code_point in face.code_points()}


def _is_present(face: FontFace, candidate: Candidate, parts: tuple[Part, ...]) -> bool:
    """Whether the shaper found the glyph asked for; it gives no sign of its own when a font lacks a form."""
    gids = [part.gid for part in parts]
    if not gids or 0 in gids:
        return False
    if candidate.kind == LIGATURE and not _is_ligature(face, candidate, parts):
        return False
    if candidate.kind == PRESENTATION or candidate.form in ("", "isol"):
        return True
    return gids != [part.gid for part in face.shape(candidate.code_points)]


def _is_ligature(face: FontFace, candidate: Candidate, parts: tuple[Part, ...]) -> bool:
    """Substituted as a whole: marks are one glyph, letters one cluster.

    Lam-alef is drawn by some fonts as two glyphs made for each other; there other glyphs than in the two letters' usual
    forms will do.
    """
    code_points = candidate.code_points
    if all(map(is_mark, code_points)):
        return len(parts) == 1
    if len({part.cluster for part in parts}) == 1:
        return True
    if len(code_points) != 2 or code_points[0] != LAM or joining_group(code_points[1]) != ALEF_GROUP:
        return False
    before = "medi" if candidate.form == "fina" else "init"
    usual = face.shape(in_context(code_points[1:], "fina")) + face.shape(in_context(code_points[:1], before))
    return [part.gid for part in parts] != [part.gid for part in usual]


def glyph_of(face: FontFace, number: int, parts: Sequence[Part]) -> Glyph | tuple[str, str]:
    """The glyph drawn by positioned parts, or (reason, detail) where it encloses nothing."""
    outline = face.merged(parts)
    if not len(outline.ends_C):
        return "no closed contour", f"glyphs {' '.join(str(part.gid) for part in parts)}"
    width = sum(part.advance for part in parts)
    left, right = outline.points_P2[:, 0].min(), outline.points_P2[:, 0].max()
    shape, gids = shape_hash(outline, float(left)), tuple(part.gid for part in parts)
    return Glyph(number, format_contours(outline), width, round(left), round(width - right), shape, gids)


def shape_hash(outline: Outline, left: float) -> bytes:
    """Hash of an outline moved horizontally so that it begins at 0; the order of its contours does not matter."""
    moved = outline._replace(points_P2=outline.points_P2 - (left, 0.0))
    contours = sorted(points_P2.tobytes() + tags_P.tobytes() for points_P2, tags_P in contours_of(moved))
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for contour in contours:
        digest.update(len(contour).to_bytes(4, "little") + contour)
    return digest.digest()


def _hexadecimal(code_points: Iterable[int]) -> str:
    return " ".join(f"U+{code_point:04X}" for code_point in code_points)
