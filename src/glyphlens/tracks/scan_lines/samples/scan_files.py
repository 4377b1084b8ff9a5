"""The user's own scans in a folder: which class and which group each file is of, told by where it lies.

``<class>/<group>/<file>`` or ``<class>/<group>_<file>``; any other layout is refused rather than guessed.
"""

import unicodedata
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.folders import files_below
from glyphlens.tracks.scan_lines.samples.sources import ScanAudit

ARCHIVE_SUFFIX = ".npz"
ARRAY_SUFFIXES = (".npy", ARCHIVE_SUFFIX)
PICTURE_SUFFIXES = (".png", ".tif", ".tiff")
SCAN_SUFFIXES = (*ARRAY_SUFFIXES, *PICTURE_SUFFIXES)
DESCRIPTIONS = (".md", ".txt", ".dvc")  # what may lie in the folder itself beside the classes
FEWEST_PARTS, MOST_PARTS = 2, 3
EXAMPLE = "expected <class>/<group>/<name> or <class>/<group>_<name>, such as good/tip1/0001.npy or good/tip1_0001.png"
FOREIGN = "foreign file"


class ScanFile(NamedTuple):
    """A file of one scan; ``name`` is its path below the folder."""

    path: Path
    name: str
    label: str
    group: str


class ScanFiles(NamedTuple):
    """The files in the order of their names, and what else lies there."""

    files: list[ScanFile]
    audit: list[ScanAudit]


def find_scans(folder: Path) -> ScanFiles:
    """Every scan below ``folder``; hidden files and descriptions are passed over, foreign files are in the audit.

    A group is a writer, an instrument or a session: scans of one group are never in two splits. It is the sub-folder of
    the class or, without one, what stands before the first underscore of the file's name; the same name in two classes
    is the same group. Raises InputError, with an example of a right layout, for a file whose class or group cannot be
    told, and where there is no scan at all.
    """
    skipped: dict[Path, str] = {}
    found, audit = [], []
    for path in files_below(folder, skipped, hidden=False):
        name = path.relative_to(folder)
        if path.suffix.lower() in SCAN_SUFFIXES:
            found.append(_placed(path, name))
        elif len(name.parts) > 1 or path.suffix.lower() not in DESCRIPTIONS:
            detail = f"not one of {', '.join(SCAN_SUFFIXES)}"
            audit.append(
                ScanAudit(name.as_posix(), FOREIGN, name.parts[0] if len(name.parts) > 1 else "", "", 1, detail)
            )
    audit += [ScanAudit(str(path), "folder that cannot be read", detail=reason) for path, reason in skipped.items()]
    if not found:
        raise InputError(f"{folder}: holds no scan ({', '.join(SCAN_SUFFIXES)}); {EXAMPLE}")
    return ScanFiles(sorted(found, key=lambda file: file.name), audit)


def _placed(path: Path, name: Path) -> ScanFile:
    parts = name.parts
    if not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
        depth = "in no folder" if len(parts) < FEWEST_PARTS else f"{len(parts) - 1} folders deep"
        raise InputError(f"{shown(path)}: lies {depth}, so that its class and group cannot be told; {EXAMPLE}")
    group = parts[1] if len(parts) == MOST_PARTS else path.stem.partition("_")[0]
    if len(parts) == FEWEST_PARTS and (not group or "_" not in path.stem):
        raise InputError(
            f"{shown(path)}: no underscore behind the name of a group, and no sub-folder of one, so that its group "
            f"cannot be told; {EXAMPLE}"
        )
    place, label, group = (shown(unicodedata.normalize("NFC", text)) for text in (name.as_posix(), parts[0], group))
    return ScanFile(path, place, label, f"scan/{group}")
