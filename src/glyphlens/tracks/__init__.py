"""The tracks, found in this folder: the summary, `promote`, the command line and the tests iterate over them.

One package per track, whose ``track.py`` holds its ``TRACK``; a track imports the library and never another track.
Finding them imports nothing that is slow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, resolve_name
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from glyphlens.inference.candidates import CandidateOpener
    from glyphlens.inference.picture_readers import PictureReader


@dataclass(frozen=True)
class Headline:
    """A metric that a reader wants to know first: its file below ``metrics``, and the sentence that the share begins.

    ``{material}`` in the sentence is replaced by what the track's samples are.
    """

    file: str
    metric: str
    sentence: str


@dataclass(frozen=True)
class Champion:
    """The metric by which released models are compared, one of those in ``files`` (paths from the root)."""

    files: tuple[str, ...]
    metric: str


@dataclass(frozen=True)
class Track:
    """What is known of a track outside its package; its name is that of its folders in data, models and metrics.

    ``script``: ISO 15924. ``samples``: the output that decides on which samples a release was measured.
    ``stages``: its files of metrics in the order of the data flow; every other one is of a recogniser, of which it
    compares several. ``readers``: by the script that the manifests of its models name, the function that prepares
    photos for them (``module:function``, an ``inference.picture_readers.PictureReader``); handwriting needs none.
    ``candidates``: the function that opens what gives its models other classes (``module:function``, an
    ``inference.candidates.CandidateOpener``); "" where its models have prototypes of none.
    ``reads_lines``: its models read lines of text, for `glyphlens read`.
    ``material``: what its samples are, by the count in metrics/<name>/samples.json that is not 0.
    """

    name: str
    title: str
    script: str
    final_stage: str
    samples: str
    champion: Champion
    headlines: tuple[Headline, ...]
    stages: tuple[str, ...]
    material: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)
    candidates: str = ""
    reads_lines: bool = False
    is_flagship: bool = False

    @property
    def release(self) -> Path:
        """The folder of the released model, which is in git."""
        return Path("models", self.name, "release")


@cache
def tracks() -> Mapping[str, Track]:
    """Every track by its name, the flagship first."""
    packages = (module.name for module in iter_modules(__path__) if module.ispkg)
    found: list[Track] = [import_module(f"{__name__}.{name}.track").TRACK for name in packages]
    return {track.name: track for track in sorted(found, key=lambda track: (not track.is_flagship, track.name))}


def picture_reader(script: str) -> "PictureReader | None":
    """What prepares photos for models of a script; None where no track brings its own."""
    names = (track.readers[script] for track in tracks().values() if script in track.readers)
    found = next(names, None)
    return None if found is None else cast("PictureReader", resolve_name(found))


def choosing_track() -> Track:
    """The track whose models choose among classes that a user names; by default those commands use its release."""
    return next(track for track in tracks().values() if track.candidates)


def line_track() -> Track:
    """The track whose models read lines of text."""
    return next(track for track in tracks().values() if track.reads_lines)


def candidate_opener() -> "CandidateOpener":
    """What opens the classes that are known beside such a model."""
    return cast("CandidateOpener", resolve_name(choosing_track().candidates))


def flagship() -> Track:
    """The track that `make repro` runs, and whose model the commands use where none is named."""
    return next(iter(tracks().values()))
