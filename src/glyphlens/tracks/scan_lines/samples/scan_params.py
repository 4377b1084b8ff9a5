"""The section ``scan_samples`` of params.yaml: what is scanned, in how many lines, and who is held out."""

from typing import Literal

from pydantic import Field

from glyphlens.core.params import Section


class ScanSampleParams(Section):
    """``source``: the sample set of Japanese characters or of Arabic glyphs, or the user's own scans.

    ``labels``: how the Unicode names of a sample set's characters begin that are used (HIRAGANA); all where empty.
    ``copies``: scans of a class that a group of a sample set has at most, the first ones; fonts have deformed copies.
    ``lines``, ``samples``: of every picture. ``val_share``, ``test_share``: of the groups of each kind;
    ``calibration_share``: of those that are neither. ``more_writers``: further simulated writers for calibration, where
    all samples are rendered Japanese characters. ``min_train_groups``: of every class.
    """

    source: Literal["kanji", "arabic", "scans"]
    labels: tuple[str, ...] = Field(strict=False)
    copies: int = Field(ge=1)
    lines: int = Field(ge=8, le=1024)
    samples: int = Field(ge=8, le=1024)
    val_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    calibration_share: float = Field(gt=0, lt=1)
    more_writers: int = Field(ge=0)
    min_train_groups: int = Field(ge=1)
