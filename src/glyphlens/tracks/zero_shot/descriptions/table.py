"""The descriptions of many characters as two small files, read without KanjiVG and without torch.

``descriptions.npz`` has the numbers of all strokes one character after the other; ``descriptions.json`` the names.
C characters · S strokes of all · P = 5 points along each · K components of all · 2 coordinates
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP, load_json, save_json, writing
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.zero_shot.descriptions.description import (
    LEVELS,
    STROKE_POINTS,
    STROKE_TYPES,
    Description,
    cut_out,
    describe_drawing,
)

ARRAYS, NAMES = "descriptions.npz", "descriptions.json"
HELP = "run `dvc repro` again"


class DescriptionTable(Mapping[str, Description]):
    """Descriptions by the character, or by the name of the component, that they are of."""

    def __init__(self, descriptions: Mapping[str, Description]) -> None:
        self._descriptions = dict(descriptions)

    def __getitem__(self, name: str) -> Description:
        """Raises KeyError for what is not described."""
        return self._descriptions[name]

    def __iter__(self) -> Iterator[str]:
        """The names in their order."""
        return iter(self._descriptions)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._descriptions)

    @classmethod
    def of(cls, characters: Sequence[str], kanjivg: KanjiVG) -> "DescriptionTable":
        """The characters in their order, then their components that are none of them, by name.

        A component that KanjiVG does not draw by itself is cut out of the first character that has it. Raises
        InputError for a character that KanjiVG does not draw.
        """
        described = {character: describe_drawing(kanjivg[character]) for character in characters}
        while hosts := _undescribed(described):
            described |= {
                name: describe_drawing(kanjivg[name]) if name in kanjivg else cut_out(*hosts[name])
                for name in sorted(hosts)
            }
        return cls(described)

    def save(self, folder: Path) -> None:
        """Write both files; the same descriptions give the same bytes."""
        each = list(self.values())
        names = sorted({name for description in each for name in description.names})
        number = {name: position for position, name in enumerate(names)}
        arrays: dict[str, NDArray[np.generic]] = {
            "starts_C1": np.cumsum([0, *(len(description.types) for description in each)]).astype(np.int32),
            "types_S": np.array([STROKE_TYPES.index(kind) for one in each for kind in one.types], np.uint8),
            "points_SP2": np.rint(np.concatenate([one.points_SP2 for one in each]) * LEVELS).astype(np.uint8),
            "owners_S": np.concatenate([one.owners_S for one in each]).astype(np.uint8),
            "name_starts_C1": np.cumsum([0, *(len(one.names) for one in each)]).astype(np.int32),
            "names_K": np.array([number[name] for one in each for name in one.names], np.uint16),
        }
        with writing(folder / ARRAYS) as partial, partial.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)
        save_json(folder / NAMES, {"characters": list(self), "names": names, "types": list(STROKE_TYPES)})

    @classmethod
    def load(cls, folder: Path) -> "DescriptionTable":
        """Read both files; raises InputError where one is missing, broken or does not fit the other."""
        content = load_json(folder / NAMES)
        try:
            with (folder / ARRAYS).open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            described = [_described(arrays, content, number) for number in range(len(content["characters"]))]
            if len(arrays["starts_C1"]) != len(described) + 1 or arrays["starts_C1"][-1] != len(arrays["types_S"]):
                raise ValueError(f"{len(described)} characters for {len(arrays['starts_C1']) - 1} rows")
            return cls(dict(zip(content["characters"], described, strict=True)))
        except (*BROKEN_ZIP, LookupError, TypeError, ValueError) as error:
            raise InputError(f"{folder / ARRAYS}: not the descriptions of {NAMES} ({error}); {HELP}") from error


def _undescribed(described: Mapping[str, Description]) -> dict[str, tuple[Description, int]]:
    """Components without a description: the first one that has each, and its number there."""
    hosts: dict[str, tuple[Description, int]] = {}
    for description in described.values():
        for number, name in enumerate(description.names):
            if name not in described and name not in STROKE_TYPES:
                hosts.setdefault(name, (description, number))
    return hosts


def _described(arrays: Mapping[str, NDArray[np.generic]], content: Mapping[str, list[str]], number: int) -> Description:
    """The description of one character; raises LookupError or ValueError where the numbers do not fit."""
    strokes, parts = (
        slice(*arrays[name][number : number + 2].astype(int).tolist()) for name in ("starts_C1", "name_starts_C1")
    )
    owners_S = arrays["owners_S"][strokes].astype(np.int64)
    names = tuple(content["names"][name] for name in arrays["names_K"][parts].astype(int).tolist())
    points_SP2 = arrays["points_SP2"][strokes].astype(np.float64) / LEVELS
    types = tuple(content["types"][kind] for kind in arrays["types_S"][strokes].astype(int).tolist())
    if points_SP2.shape[1:] != (STROKE_POINTS, 2) or set(owners_S.tolist()) != set(range(len(names))):
        raise ValueError(f"'{content['characters'][number]}': strokes and components do not fit")
    return Description(types, points_SP2.astype(np.float32), names, owners_S)
