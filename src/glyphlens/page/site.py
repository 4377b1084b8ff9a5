"""Everything that the page consists of, by its address below the page: its own files, the runtime, released models.

C classes · E numbers of an embedding
"""

import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from glyphlens.commands.model import find_model
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import load_json, writing
from glyphlens.inference.folder import ExportFolder, Manifest
from glyphlens.inference.line_reader import LINE_TEMPERATURES
from glyphlens.inference.ngram import NGRAM
from glyphlens.inference.prototypes import Prototypes, prototypes_file
from glyphlens.inference.recognizer import Recognizer
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.page.runtime import browser_runtime
from glyphlens.sources.arabic_languages import LANGUAGES
from glyphlens.sources.companion_scripts import SCRIPTS, scripts_in
from glyphlens.tracks import Track, tracks
from glyphlens.tracks.arabic.export.manifest import SCRIPT
from glyphlens.tracks.arabic.font_context import context_of
from glyphlens.tracks.arabic.glyphs.face_glyphs import EM_HEIGHT
from glyphlens.tracks.arabic.members import DIGITS, class_members

OWN_LICENCE, CARD = "licences/glyphlens.txt", "card.txt"
OWN_FILES = Path(str(files("glyphlens.page"))) / "site"
INDEX = "index.html"
Site = Mapping[str, Path | bytes]


def page_site(runtime: Mapping[str, Path] | None = None) -> dict[str, Path | bytes]:
    """{address: file or content} of the whole page. ``runtime``: {address: file} of the packages that run in the
    browser, by default fetched or kept.

    Raises InputError where a track has no released model, or the runtime or our own licence cannot be had.
    """
    own = {file.name: file for file in sorted(OWN_FILES.iterdir()) if file.is_file()}
    site: dict[str, Path | bytes] = {**own, **(browser_runtime() if runtime is None else runtime)}
    site[OWN_LICENCE] = _own_licence()
    for track in tracks().values():
        site |= {f"models/{track.name}/{name}": content for name, content in model_contents(track).items()}
    return site


def save_site(folder: Path, site: Site) -> None:
    """Write the page into a folder that is empty, new, or has an earlier one; raises InputError for any other."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{shown(folder)}: a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise InputError(f"{shown(folder)}: not empty, and no page is in it; name a new folder")
    for address, content in site.items():
        with writing(folder / address) as partial:
            if isinstance(content, bytes):
                partial.write_bytes(content)
            else:
                shutil.copyfile(content, partial)


def model_contents(track: Track) -> dict[str, Path | bytes]:
    """A released model's file, unchanged, its card, and ``model.json``: what the page must know of it."""
    folder = ExportFolder(find_model(None, track))
    manifest = folder.manifest
    precision = manifest.used_precision
    entry = manifest.steps.get(precision, manifest.files[precision])
    file = folder.path / entry.name
    manifest.require_listed(file)
    facts: dict[str, Any] = {
        "file": file.name,
        "script": manifest.script,
        "decoder": manifest.decoder,
        "rule": manifest.preparation,
        "classes": _classes(manifest),
    }
    contents: dict[str, Path | bytes] = {file.name: file, CARD: folder.card}
    if manifest.script == SCRIPT:
        contents |= _fonts(file, manifest, facts)
    if manifest.decoder == "prototypes":
        contents |= _prototypes(folder.path / manifest.files[precision].name, manifest, facts)
    elif manifest.decoder == "lines":
        rule = folder.path / STOPPING
        thresholds = load_json(rule)["thresholds"] if rule.is_file() else None
        if thresholds is not None:
            StoppingRule.load(rule, folder.path / manifest.files[precision].name)
        facts |= {"temperatures": manifest.temperatures[precision], "thresholds": thresholds}
    elif manifest.decoder == "ctc":
        known = manifest.preparation.get(LINE_TEMPERATURES, {})
        facts |= {"charset": manifest.charset, "line_temperature": float(known.get(precision, 1.0)), "ngram": NGRAM}
        contents[NGRAM] = folder.path / NGRAM
    return {**contents, "model.json": orjson.dumps(facts)}


def _own_licence() -> bytes:
    """The licences that the installed package holds, one after the other."""
    try:
        held = distribution("glyphlens").files or []
    except PackageNotFoundError:
        held = []
    found = sorted(str(file.locate()) for file in held if "licenses" in file.parts)
    if not found:
        raise InputError("glyphlens: no licence beside the installed package; install it with pip")
    return b"\n\n".join(Path(file).read_bytes() for file in found)


def _classes(manifest: Manifest) -> list[dict[str, Any]]:
    """What each class stands for, in the order of the labels."""
    members = class_members(manifest.classes)
    return [
        {"form": entry.form, "members": [{"label": each.label, "codes": each.code_points} for each in own]}
        for entry, own in zip(manifest.classes, members, strict=True)
    ]


def _fonts(model: Path, manifest: Manifest, facts: dict[str, Any]) -> dict[str, Path | bytes]:
    """What whole fonts need: the size of an em, the characters of languages and scripts, the context network."""
    letters = {character for entry in class_members(manifest.classes) for member in entry for character in member.text}
    scripts = {name: "".join(sorted(letter for letter in letters if name in scripts_in(letter))) for name in SCRIPTS}
    facts["rule"] = {**facts["rule"], "em_height": EM_HEIGHT}
    facts["coverage"] = manifest.coverage
    facts["writing"] = {
        "languages": {
            name: {"standard": "".join(sorted(writing.standard)), "auxiliary": "".join(sorted(writing.auxiliary))}
            for name, writing in LANGUAGES.items()
        },
        "scripts": {name: shown for name, shown in scripts.items() if shown},
        "digits": ["".join(sorted(ten)) for ten in DIGITS],
    }
    context = context_of(Recognizer.load(model, threads=1))
    if context is None:
        return {}
    facts["context"] = context.path.name
    return {context.path.name: context.path}


def _prototypes(model: Path, manifest: Manifest, facts: dict[str, Any]) -> dict[str, Path | bytes]:
    """The table of prototypes as numbers alone: int8 (C, E), and a float32 step and bias per class."""
    labels = [entry.label for entry in manifest.classes]
    facts["scale"] = Prototypes.load(model).of(labels).scale
    with np.load(prototypes_file(model), allow_pickle=False) as stored:
        rows = {str(label): row for row, label in enumerate(stored["labels_C"])}
        order = [rows[label] for label in labels]
        return {
            "levels.bin": stored["levels_CE"][order].astype(np.int8).tobytes(),
            "steps.bin": stored["steps_C"][order].astype("<f4").tobytes(),
            "biases.bin": stored["bias_C"][order].astype("<f4").tobytes(),
        }
