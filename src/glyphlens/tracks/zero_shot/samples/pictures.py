"""Pictures of the characters of each split, by simulated writers and handwriting fonts of that split alone.

N pictures · P×P pixels
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.shards import map_shards
from glyphlens.data.splits import GroupSplit
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.standin.drawing import FontShard, WriterShard, draw_font, draw_writer
from glyphlens.sources.standin.lettering import draw_glyphs
from glyphlens.sources.standin.params import StyleParams
from glyphlens.sources.standin.proportions import Proportions
from glyphlens.sources.standin.script import Script

COLUMNS = ("label", "group", "source", "set", "file", "split")
RENDERED = "rendered"
COMPARED_PX = 64  # em at which the glyphs of fonts are compared


class FontFile(NamedTuple):
    """A font and the group that it belongs to: all files of its family."""

    path: Path
    group: str


@dataclass(frozen=True)
class Scene:
    """What all drawing has in common: fonts, which characters are drawn in which split, how, and by how many."""

    fonts: tuple[FontFile, ...]
    split: GroupSplit
    characters: Mapping[str, tuple[str, ...]]
    style: StyleParams
    handwriting: HandwritingParams
    seed: int
    workers: int


class Pictures(NamedTuple):
    """``pixels_NPP`` uint8, 255 is ink; ``table`` has COLUMNS."""

    pixels_NPP: NDArray[np.uint8]
    table: pd.DataFrame


def writer_group(writer: int) -> str:
    """The group of a simulated writer."""
    return f"writer/{writer:03d}"


def font_files(folder: Path, characters: Sequence[str]) -> tuple[FontFile, ...]:
    """The fonts of a folder that have any of the characters; of several that draw them all alike only the first.

    Families may share their kanji and differ in their kana: learnt in one and tested in the next, these would be seen.
    Raises InputError where the manifest or a font is missing or broken, and where no font has a character.
    """
    fonts, found = load_fonts(folder), dict[bytes, FontFile]()
    for file, family in zip(fonts["file"], fonts["family"], strict=True):
        path = folder / str(file)
        known, pictures = draw_glyphs(path, characters, COMPARED_PX)
        if known:
            shapes = hashlib.sha256("".join(known).encode() + pictures.tobytes()).digest()
            found.setdefault(shapes, FontFile(path, f"font/{family}"))
    if not found:
        raise InputError(f"{folder}: no font in it has one of the {len(characters)} kanji that were looked for")
    return tuple(found.values())


def draw_pictures(scene: Scene, script: Script, writers: int, font_copies: int) -> Pictures:
    """Every writer once and every font file ``font_copies`` times, each the characters of its split.

    A writer may take over the proportions of fonts, but only of those of its own split. The same whatever the number of
    workers. ``script`` has all characters. Raises InputError for a font that cannot be read or has none of them.
    """
    lettered, models = _lettered(scene, font_copies)
    written = _written(scene, script, models, range(writers))
    return Pictures(
        np.concatenate([written.pixels_NPP, lettered.pixels_NPP]),
        pd.concat([written.table, lettered.table], ignore_index=True),
    )


def draw_examples(scene: Scene, script: Script, writers: range) -> Pictures:
    """Further writers, each the characters of the test once, and no fonts: nothing is learnt from them, none is scored.

    They have proportions of their own alone. ``scene.split`` has these writers in its test.
    """
    return _written(scene, script, {"test": ()}, writers)


def _lettered(scene: Scene, copies: int) -> tuple[Pictures, dict[str, tuple[Proportions, ...]]]:
    """The fonts' pictures, and the proportions of the fonts of each split."""
    splits = scene.split.of([font.group for font in scene.fonts]).tolist()
    shards = [
        FontShard(font.path, number, scene.seed, scene.characters[split], copies, scene.style, scene.handwriting)
        for number, (font, split) in enumerate(zip(scene.fonts, splits, strict=True))
    ]
    order = _largest_first([len(shard.characters) for shard in shards])
    found = dict(
        zip(order, map_shards(draw_font, [shards[each] for each in order], scene.workers, "fonts"), strict=True)
    )
    pages = [found[number] for number in range(len(shards))]
    rows = [
        _rows(page.characters, font.group, "font", font.path.name, split)
        for page, font, split in zip(pages, scene.fonts, splits, strict=True)
    ]
    models = {
        split: tuple(page.proportions for page, own in zip(pages, splits, strict=True) if own == split)
        for split in scene.characters
    }
    return Pictures(np.concatenate([page.pixels_NHW for page in pages]), pd.concat(rows, ignore_index=True)), models


def _written(scene: Scene, script: Script, models: Mapping[str, tuple[Proportions, ...]], writers: range) -> Pictures:
    groups = [writer_group(writer) for writer in writers]
    splits = scene.split.of(groups).tolist()
    number = {character: position for position, character in enumerate(script.characters)}
    scripts = {split: script.take([number[each] for each in scene.characters[split]]) for split in models}
    shards = [
        WriterShard(writer, scene.seed, scripts[split], models[split], scene.style, scene.handwriting)
        for writer, split in zip(writers, splits, strict=True)
    ]
    order = _largest_first([len(shard.script.characters) for shard in shards])
    drawn = map_shards(draw_writer, [shards[each] for each in order], scene.workers, "simulated writers")
    found = {each: page.pixels_CHW for each, page in zip(order, drawn, strict=True)}
    rows = [
        _rows(scene.characters[split], group, "strokes", "", split) for group, split in zip(groups, splits, strict=True)
    ]
    return Pictures(np.concatenate([found[each] for each in range(len(shards))]), pd.concat(rows, ignore_index=True))


def _largest_first(amounts: Sequence[int]) -> list[int]:
    """The order in which shards are begun, so that no process is left alone with a large one at the end."""
    return sorted(range(len(amounts)), key=lambda number: -amounts[number])


def _rows(characters: Sequence[str], group: str, kind: str, file: str, split: str) -> pd.DataFrame:
    facts = {"group": group, "source": RENDERED, "set": kind, "file": file, "split": split}
    return pd.DataFrame({"label": list(characters), **facts})[list(COLUMNS)]
