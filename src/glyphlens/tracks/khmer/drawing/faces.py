"""The faces that lines are set in: Khmer families on one side of the split each, Latin beside them, signs for all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.data.splits import GroupSplit, split_by_source
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.text_runs import TextFace
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.fonts.packages import FONT_SCOPE

TEXT, DISPLAY, LATIN = "text", "display", "latin"
LATIN_WEIGHTS = (400, 700)
HEAVIER_THAN, LIGHTER_THAN = 550, 350


class FaceParams(Section):
    """Which families are on which side, and how often each sort is drawn."""

    val_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    text_faces: list[str]
    always_trained: list[str]
    text_share: float = Field(ge=0, le=1)
    heavy_share: float = Field(ge=0, le=1)
    light_share: float = Field(ge=0, le=1)
    latin_packages: list[str]
    own_latin_share: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class FontChoice:
    """A font file with its family (``text/hanuman``, ``latin/rubik``) and weight."""

    path: Path
    family: str
    weight: int

    def open(self) -> TextFace:
        """The face, opened once in a process; raises FontFileError."""
        return _opened(self.path)


@dataclass(frozen=True)
class Faces:
    """What the lines of one split are set in; ``signs`` has what no other face has."""

    khmer: tuple[FontChoice, ...]
    latin: tuple[FontChoice, ...]
    signs: FontChoice

    def chances(self, params: FaceParams) -> list[float]:
        """How probable each Khmer font is: text faces together, families alike, regular weights first."""
        families = {font.family for font in self.khmer}
        shares = {TEXT: params.text_share, DISPLAY: 1 - params.text_share}
        sorts = {sort: sum(family.startswith(f"{sort}/") for family in families) for sort in shares}
        raw = [
            shares[font.family.split("/")[0]] / sorts[font.family.split("/")[0]] * _share(font, self.khmer, params)
            for font in self.khmer
        ]
        return [chance / sum(raw) for chance in raw]


def faces_of_splits(fonts: Path, modules: Path, params: FaceParams) -> tuple[dict[str, Faces], GroupSplit]:
    """The faces of each split and the split of all families; raises InputError for a package that is not there."""
    khmer = _khmer_fonts(fonts, params)
    latin = _latin_fonts(modules, params.latin_packages)
    split = split_families({font.family for font in khmer}, {font.family for font in latin}, params)
    signs = FontChoice(_signs_file(), "signs", 400)
    return {
        name: Faces(
            tuple(font for font in khmer if font.family in members),
            tuple(font for font in latin if font.family in members),
            signs,
        )
        for name, members in split.manifest().items()
    }, split


def split_families(khmer: set[str], latin: set[str], params: FaceParams) -> GroupSplit:
    """Of both scripts, each sort by itself; the Latin letters of a Khmer family are where its Khmer letters are."""
    own = {f"{LATIN}/{_package(family)}" for family in khmer} & latin
    trained = {family for family in khmer if _package(family) in params.always_trained}
    split = split_by_source(sorted({*khmer, *latin} - own - trained), params.val_share, params.test_share)
    split = replace(split, train=tuple(sorted({*split.train, *trained})))
    return GroupSplit(**{name: _with_own_latin(members, own) for name, members in split.manifest().items()})


def _with_own_latin(families: Sequence[str], own: set[str]) -> tuple[str, ...]:
    return tuple(sorted({*families, *({f"{LATIN}/{_package(family)}" for family in families} & own)}))


def _package(family: str) -> str:
    return family.split("/")[1]


@lru_cache(maxsize=256)
def _opened(path: Path) -> TextFace:
    return TextFace(uncompressed(path.read_bytes()))


def _share(font: FontChoice, fonts: Sequence[FontChoice], params: FaceParams) -> float:
    """Of its family, by weight; what a family lacks goes to its others."""

    def of(weight: int) -> float:
        regular = 1 - params.heavy_share - params.light_share
        return params.heavy_share if weight > HEAVIER_THAN else params.light_share if weight < LIGHTER_THAN else regular

    return of(font.weight) / sum(of(other.weight) for other in fonts if other.family == font.family)


def _khmer_fonts(folder: Path, params: FaceParams) -> list[FontChoice]:
    table = load_fonts(folder)
    unknown = sorted(set(params.text_faces) - set(table["family"]))
    if unknown:
        raise InputError(f"params.yaml, khmer_lines.faces.text_faces: no font of {', '.join(unknown)} in {folder}")
    return [
        FontChoice(folder / file, f"{TEXT if family in params.text_faces else DISPLAY}/{family}", int(weight))
        for file, family, weight in table[["file", "family", "weight"]].itertuples(index=False)
    ]


def _latin_fonts(modules: Path, packages: Sequence[str]) -> list[FontChoice]:
    found = []
    for package in packages:
        files = [
            modules / FONT_SCOPE / package / f"files/{package}-latin-{weight}-normal.woff2" for weight in LATIN_WEIGHTS
        ]
        there = [
            FontChoice(file, f"{LATIN}/{package}", weight)
            for file, weight in zip(files, LATIN_WEIGHTS, strict=True)
            if file.is_file()
        ]
        if not there:
            raise InputError(f"params.yaml, khmer_lines.faces.latin_packages: {package} has no Latin font file")
        found += there
    return found


def _signs_file() -> Path:
    """DejaVu Sans, which the locked matplotlib brings along."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
