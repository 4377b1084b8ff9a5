"""Fonts of what stands beside Arabic script: other subsets of the Arabic packages, faces of other scripts, and fonts
of glyphs that nobody asks the Arabic recogniser for.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_table, sha256_file, writing
from glyphlens.sources.fonts.files import COLUMNS, MANIFEST, FontRecord, without_repeats
from glyphlens.sources.fonts.packages import FONT_SCOPE, REGULAR_WEIGHT, spread

FIRST_SUBSET = "latin"  # every text face has it
SUBSET, REFUSED = "subset", "refused"  # in the column source


def subset_records(
    modules: Path, weights: Mapping[str, Sequence[int]], subsets: Sequence[str], same_family: Mapping[str, str]
) -> list[FontRecord]:
    """The files of these subsets, of each package at the one of its ``weights`` that is nearest to regular."""
    records = []
    for package, known in sorted(weights.items()):
        (weight,) = spread(sorted(known), 1)
        for subset in subsets:
            path = modules / FONT_SCOPE / package / "files" / f"{package}-{subset}-{weight}-normal.woff2"
            if path.is_file():
                records.append(_record(path, modules, SUBSET, subset, weight, same_family))
    return records


def text_weights_of(modules: Path, other: Sequence[FontRecord]) -> dict[str, list[int]]:
    """{package: weights} of the packages of ``modules`` that have Latin letters and are none of ``other``."""
    taken = {record.package for record in other}
    found = {}
    for folder in sorted((modules / FONT_SCOPE).glob("*")):
        pattern = re.compile(rf"{re.escape(folder.name)}-{FIRST_SUBSET}-(\d+)-normal\.woff2")
        weights = [int(match[1]) for path in folder.glob("files/*") if (match := pattern.fullmatch(path.name))]
        if weights and folder.name not in taken:
            found[folder.name] = sorted(weights)
    return found


def other_records(
    folders: Sequence[Path], patterns: Mapping[str, Sequence[str]], same_family: Mapping[str, str]
) -> list[FontRecord]:
    """The files that the patterns of each kind name below ``folders`` (node_modules); raises InputError for a pattern
    that names none."""
    records = []
    for kind, names in patterns.items():
        for name in names:
            found = [(path, folder) for folder in folders for path in sorted(folder.glob(name))]
            if not found:
                raise InputError(f"companions.others.{kind}: no file is called {name}; see data/companion_packages")
            records += [_record(path, folder, REFUSED, kind, REGULAR_WEIGHT, same_family) for path, folder in found]
    return records


def save_companions(folder: Path, records: Sequence[FontRecord]) -> int:
    """All files and their manifest in ``folder``, which is emptied first; how many there are."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    kept = without_repeats(records)
    for record in kept:
        with writing(folder / record.file) as partial:
            shutil.copyfile(record.path, partial)
    save_table(folder / MANIFEST, pd.DataFrame([record[:-1] for record in kept], columns=list(COLUMNS)))
    return len(kept)


def _record(
    path: Path, modules: Path, source: str, script: str, weight: int, same_family: Mapping[str, str]
) -> FontRecord:
    package, facts = next(_packages_above(path, modules))
    return FontRecord(
        script=script,
        package=package,
        version=str(facts["version"]),
        family=same_family.get(package, package),
        style="normal",
        weight=weight,
        licence=str(facts.get("license") or " OR ".join(entry["type"] for entry in facts.get("licenses", ()))),
        source=source,
        file=path.name,
        sha256=sha256_file(path),
        path=path,
    )


def _packages_above(path: Path, modules: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in path.parents:
        manifest = folder / "package.json"
        if folder != modules and manifest.is_file():
            yield folder.name, json.loads(manifest.read_text(encoding="utf-8"))
