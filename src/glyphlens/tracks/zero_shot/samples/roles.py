"""What each kanji of JIS levels 1 and 2 is in an experiment: seen in training, pretended unseen, or tested unseen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.storage import load_json, save_json
from glyphlens.sources.etl.codes import characters

ROLES = "roles.json"
PROTOCOL = "protocol.json"
LEVEL_ROWS = {1: range(16, 48), 2: range(48, 85)}  # of JIS X 0208
Protocol = Literal["code_order", "level", "components"]


@cache
def jis_kanji(level: Literal[1, 2]) -> tuple[str, ...]:
    """The kanji of a level of JIS X 0208 in code order: 2,965 of level 1, 3,390 of level 2."""
    table = characters("jis_x_0208")
    codes = (row + 0x20 << 8 | cell + 0x20 for row in LEVEL_ROWS[level] for cell in range(1, 95))
    return tuple(str(table[code]) for code in codes if table[code])


class ProtocolParams(Section):
    """Part ``roles`` of the section ``zero_shot``: which characters are seen, pretended unseen and unseen.

    ``seen``: characters of level 1 that may be trained on, the first by code (``code_order``). ``unseen``: how many of
    its last are tested (``code_order``). ``val_classes`` of those that may be trained on are not, evenly spread.
    ``fewest``: a component of fewer characters of level 1 makes them unseen (``components``).
    """

    protocol: Protocol
    seen: int = Field(ge=2)
    unseen: int = Field(ge=1)
    val_classes: int = Field(ge=1)
    fewest: int = Field(ge=1)


@dataclass(frozen=True)
class ClassRoles:
    """Characters by what they are, each in code order; every one of both levels has one role."""

    seen: tuple[str, ...]
    val: tuple[str, ...]
    unused: tuple[str, ...]
    unseen: tuple[str, ...]
    level2: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Write roles.json."""
        save_json(folder / ROLES, {name: list(labels) for name, labels in asdict(self).items()})

    @classmethod
    def load(cls, folder: Path) -> "ClassRoles":
        """Read roles.json; raises InputError where it is missing or has another form."""
        content = load_json(folder / ROLES)
        names = [field.name for field in fields(cls)]
        if not isinstance(content, dict) or sorted(content) != sorted(names):
            raise InputError(f"{folder / ROLES}: expected lists of labels by {', '.join(names)}; run `dvc repro` again")
        return cls(**{name: tuple(content[name]) for name in names})


def roles_of(
    level_1: Sequence[str], level_2: Sequence[str], components: Mapping[str, Sequence[str]], params: ProtocolParams
) -> ClassRoles:
    """The roles of both levels' characters, given in code order; ``components``: names of each character of level 1.

    Raises InputError where a protocol leaves too few characters to train on.
    """
    if params.protocol == "level":
        return _with_val(level_1, (), level_2, (), params)
    if params.protocol == "code_order":
        if params.seen + params.unseen > len(level_1):
            raise InputError(
                f"params.yaml, zero_shot.roles: {params.seen} seen and {params.unseen} unseen characters are more than "
                f"the {len(level_1)} of level 1"
            )
        trained, rest = level_1[: params.seen], level_1[params.seen :]
        return _with_val(trained, rest[: len(rest) - params.unseen], rest[-params.unseen :], level_2, params)
    often = Counter(name for character in level_1 for name in set(components[character]))
    unseen = {each for each in level_1 if any(often[name] < params.fewest for name in components[each])}
    trained = [character for character in level_1 if character not in unseen]
    return _with_val(trained, (), [character for character in level_1 if character in unseen], level_2, params)


def _with_val(
    trained: Sequence[str], unused: Sequence[str], unseen: Sequence[str], level_2: Sequence[str], params: ProtocolParams
) -> ClassRoles:
    """Every k-th of the characters that may be trained on is taken out for validation."""
    step = len(trained) // params.val_classes
    if step < 2:
        raise InputError(
            f"params.yaml, zero_shot.roles: {len(trained)} characters may be trained on, too few to take out "
            f"{params.val_classes} of them for validation; at least twice as many are needed"
        )
    val = trained[step - 1 :: step][: params.val_classes]
    seen = tuple(character for character in trained if character not in set(val))
    return ClassRoles(seen, tuple(val), tuple(unused), tuple(unseen), tuple(level_2))


class ZeroShotParams(Section):
    """Section ``zero_shot`` of params.yaml: the classes' roles, and how many write and draw which of them.

    ``val_seen``, ``test_seen``, ``test_level2``: how many classes of those roles the held-out writers and fonts draw
    beside all that are pretended or truly unseen; more than there are means all. ``example_writers``: further writers
    of the classes that are pretended or truly unseen, whose pictures are added to prototypes and never scored.
    """

    roles: ProtocolParams
    writers: int = Field(ge=3)
    font_copies: int = Field(ge=1)
    val_seen: int = Field(ge=1)
    test_seen: int = Field(ge=1)
    test_level2: int = Field(ge=0)
    example_writers: int = Field(ge=1)


def characters_of_splits(roles: ClassRoles, params: ZeroShotParams) -> dict[str, tuple[str, ...]]:
    """The characters that have pictures in each split: no unseen, unused or level 2 character outside ``test``."""
    return {
        "train": roles.seen,
        "val": (*evenly_spread(roles.seen, params.val_seen), *roles.val),
        "test": (
            *evenly_spread(roles.seen, params.test_seen),
            *roles.unseen,
            *evenly_spread(roles.level2, params.test_level2),
        ),
    }


def evenly_spread(labels: Sequence[str], count: int) -> tuple[str, ...]:
    """``count`` of the labels at equal distances, in their order; all where there are fewer.

    >>> evenly_spread("abcdefgh", 3)
    ('b', 'd', 'g')
    """
    picked = min(count, len(labels))
    return tuple(labels[(2 * number + 1) * len(labels) // (2 * picked)] for number in range(picked))
