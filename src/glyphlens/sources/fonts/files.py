"""One folder of font files a script, with a manifest: what was chosen from the packages and the user's own fonts."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.core.storage import load_table, save_table, sha256_file, writing
from glyphlens.imaging.shaping import FAMILY_NAMES, STYLE_NAMES, FontFace, open_faces
from glyphlens.sources.arabic_script import is_letter, makes_glyph
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.sources.fonts.packages import PackageFont

FONT_SUFFIXES = (".ttf", ".otf", ".woff", ".woff2", ".ttc")
MANIFEST = "fonts.parquet"
LONGEST_NAME_BYTES = 200  # of 255 that a file system allows; prefixes and suffixes come to it
OWN_LIMITS = Limits(seconds=60, memory_mib=2048)
COLUMNS = ("script", "package", "version", "family", "style", "weight", "licence", "source", "file", "sha256")


class FontRecord(NamedTuple):
    """One row of fonts.parquet, and where its file is taken from."""

    script: str
    package: str
    version: str
    family: str
    style: str
    weight: int
    licence: str
    source: str
    file: str
    sha256: str
    path: Path


class OwnFont(NamedTuple):
    """What a font file of the user says of itself."""

    family: str
    style: str
    weight: int
    has_arabic_letters: bool


def package_records(fonts: Sequence[PackageFont], same_family: Mapping[str, str]) -> list[FontRecord]:
    """Records of package fonts; the family is the package, or the one that it shares its outlines with."""
    return [
        FontRecord(
            script=font.script,
            package=font.package,
            version=font.version,
            family=same_family.get(font.package, font.package),
            style="normal",
            weight=font.weight,
            licence=font.licence,
            source="package",
            file=font.path.name,
            sha256=sha256_file(font.path),
            path=font.path,
        )
        for font in fonts
    ]


def own_records(folder: Path, same_family: Mapping[str, str]) -> tuple[list[FontRecord], list[str]]:
    """Records of the user's fonts, and warnings.

    Fonts that cannot be opened are kept for the audit of the glyphs; those without Arabic letters are left out.
    """
    skipped: dict[Path, str] = {}
    files = files_below(folder, skipped) if folder.is_dir() else ()
    paths = sorted(path for path in files if path.suffix.lower() in FONT_SUFFIXES and path.is_file())
    outcomes = {outcome.number: outcome for outcome in run_isolated(describe, paths, OWN_LIMITS, workers=1)}
    records = []
    warnings = [f"{shown(place)}: this folder was skipped ({reason})" for place, reason in skipped.items()]
    for number, path in enumerate(paths):
        font, reason = outcomes[number].result, outcomes[number].reason
        if font is None:
            warnings.append(f"{shown(path)}: cannot be opened and will be skipped ({reason})")
            font = OwnFont(slug(path.stem), "", 0, has_arabic_letters=True)
        if not font.has_arabic_letters:
            warnings.append(f"{shown(path)}: maps no Arabic letter, left out")
            continue
        digest = sha256_file(path)
        family = slug(font.family) or slug(path.stem)
        records.append(
            FontRecord(
                script="arabic",
                package="",
                version="",
                family=same_family.get(family, family),
                style=font.style,
                weight=font.weight,
                licence="",
                source="own",
                file=f"own-{digest[:12]}-{_kept_name(path)}",
                sha256=digest,
                path=path,
            )
        )
    return records, warnings


def describe(path: Path) -> OwnFont:
    """Names, weight and use of a font file's first face; raises FontFileError where it cannot be opened."""
    faces = list(open_faces(path.read_bytes()))
    letters = any(
        makes_glyph(code_point) and is_letter(code_point) for face in faces for code_point in face.code_points()
    )
    first: FontFace = faces[0]
    return OwnFont(first.name(FAMILY_NAMES), first.name(STYLE_NAMES).lower(), first.weight, letters)


def without_repeats(records: Sequence[FontRecord]) -> list[FontRecord]:
    """The records sorted by family, weight and file; of files with the same bytes in a script only the first."""
    ordered = sorted(records, key=lambda record: (record.script, record.source != "package", record[:-1]))
    first = {(record.script, record.sha256): record for record in reversed(ordered)}
    return sorted(first.values(), key=lambda record: (record.script, record.family, record.weight, record.file))


def save_fonts(folder: Path, script: str, records: Sequence[FontRecord]) -> None:
    """The files of one script and their manifest in ``folder``, which is emptied first."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    chosen = [record for record in records if record.script == script]
    for record in chosen:
        with writing(folder / record.file) as partial:
            shutil.copyfile(record.path, partial)
    save_table(folder / MANIFEST, pd.DataFrame([record[:-1] for record in chosen], columns=list(COLUMNS)))


def load_fonts(folder: Path) -> pd.DataFrame:
    """The manifest of a folder of fonts; raises InputError where it is missing, empty or lacks a column."""
    table = load_table(folder / MANIFEST)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputError(f"{folder / MANIFEST}: columns missing: {', '.join(missing)}; run `dvc repro fonts` again")
    if table.empty:
        raise InputError(f"{folder / MANIFEST}: no fonts; put some into data/own_fonts or mend npm, then run again")
    return table


def _kept_name(path: Path) -> str:
    """The font's own file name, as every table can hold it, its end kept where it is too long for a longer one."""
    return shown(path.name).encode()[-LONGEST_NAME_BYTES:].decode(errors="ignore")


def slug(name: str) -> str:
    """A family name as packages write it: Amiri Quran → amiri-quran."""
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-_")
