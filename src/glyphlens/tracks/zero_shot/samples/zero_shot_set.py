"""Everything that zero-shot recognition starts from, in one folder: pictures, roles, templates, descriptions.

N pictures · C = 6,355 characters · P×P pixels
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json, save_table
from glyphlens.data.pictures import save_pictures
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_classes
from glyphlens.data.splits import GroupSplit
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.samples.pictures import COLUMNS, Pictures
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

ETL = "etl"
EXAMPLES = "examples"  # folder beside the pictures: a set of its own


class HandwrittenRows(NamedTuple):
    """Rows of a sample set of Japanese characters that are somebody's handwriting of a kanji of level 1.

    ``rows_n`` ascending; ``table`` has ``label``, ``group``, ``source``, ``set`` and ``file`` of them.
    """

    samples: SampleSet
    rows_n: NDArray[np.int64]
    table: pd.DataFrame

    @classmethod
    def of(cls, samples: SampleSet, level_1: Sequence[str]) -> "HandwrittenRows":
        """Those rows of a set; none in a rendered one."""
        wanted = (samples.index["source"] == ETL) & samples.index["label"].isin(list(level_1))
        columns = [name for name in COLUMNS if name != "split"]
        return cls(samples, np.flatnonzero(wanted.to_numpy()), samples.index.loc[wanted, columns])

    def none(self) -> "HandwrittenRows":
        """No row of them."""
        return self._replace(rows_n=self.rows_n[:0], table=self.table[:0])

    def within(self, split: GroupSplit, characters: Mapping[str, tuple[str, ...]]) -> "HandwrittenRows":
        """The rows whose character has pictures in the split of their writer; ``table`` gets ``split``."""
        table = self.table.assign(split=split.of(self.table["group"].tolist()))
        kept = np.zeros(len(table), np.bool_)
        for name, labels in characters.items():
            kept |= ((table["split"] == name) & table["label"].isin(list(labels))).to_numpy()
        return HandwrittenRows(self.samples, self.rows_n[kept], table[kept])


class ZeroShotSet(NamedTuple):
    """``table``: the index of all pictures, without hashes: first those drawn, then those written."""

    table: pd.DataFrame
    classes: list[CharacterClass]
    split: GroupSplit


def join(characters: Sequence[str], drawn: Pictures, written: HandwrittenRows, split: GroupSplit) -> ZeroShotSet:
    """Number the rows and the classes, which are ``characters`` in their order."""
    index = pd.concat([drawn.table, written.table], ignore_index=True)
    numbers = {character: number for number, character in enumerate(characters)}
    first = {"sample_id": np.arange(len(index)), "class_index": index["label"].map(numbers).astype(np.int64)}
    index = pd.concat([pd.DataFrame(first), index], axis=1)
    counts = index["label"].value_counts()
    classes = [
        CharacterClass(each, (f"U+{ord(each):04X}",), "kanji", count=int(counts.get(each, 0))) for each in characters
    ]
    return ZeroShotSet(index, classes, split.restricted(set(index["group"])))


def save_zero_shot_set(
    folder: Path, found: ZeroShotSet, drawn: Pictures, written: HandwrittenRows, image_px: int
) -> None:
    """Write pixels.npy, index.parquet, classes.json and splits.json; raises InputError for pictures of another size."""
    image = ImageFormat(image_px, image_px, 8)
    parts = [(drawn.pixels_NPP, np.arange(len(drawn.table)))]
    if len(written.rows_n):
        if written.samples.image != image:
            raise InputError(f"{written.samples.folder}: pictures are {written.samples.image}, {image} is expected")
        parts.append((written.samples.pixels, written.rows_n))
    hashes = save_pictures(folder / "pixels.npy", parts, image_px)
    save_table(folder / "index.parquet", found.table.assign(image_hash=hashes))
    save_classes(folder, found.classes, image)
    save_json(folder / "splits.json", found.split.manifest())


def unseen_components(descriptions: Mapping[str, Description], roles: ClassRoles) -> dict[str, tuple[str, ...]]:
    """Of each unseen class the components that no seen class has; none of most."""
    seen = {name for character in roles.seen for name in descriptions[character].names}
    return {
        character: tuple(dict.fromkeys(name for name in descriptions[character].names if name not in seen))
        for character in roles.unseen
    }


def set_metrics(found: ZeroShotSet, roles: ClassRoles, descriptions: Mapping[str, Description]) -> dict[str, float]:
    """The counts of metrics/zero_shot/samples.json.

    ``composable_unseen``: share of the unseen classes all of whose components occur in seen ones, which bounds what
    reading components can reach.
    """
    sources = found.table["source"].value_counts()
    lacking = unseen_components(descriptions, roles)
    return {
        "rendered_samples": int(sources.get("rendered", 0)),
        "etl_samples": int(sources.get(ETL, 0)),
        "groups": found.table["group"].nunique(),
        "seen_classes": len(roles.seen),
        "unseen_classes": len(roles.unseen),
        "composable_unseen": sum(not names for names in lacking.values()) / len(lacking),
    }
