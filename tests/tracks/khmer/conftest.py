"""The tiny lines and their export, made once per session."""

from pathlib import Path

import pytest

from glyphlens.data.sample_set import SampleSet
from tests.tracks.khmer.tiny_lines import tiny_export, tiny_lines


@pytest.fixture(scope="session")
def line_samples(tmp_path_factory: pytest.TempPathFactory, khmer_font_folder: Path) -> SampleSet:
    """Nine words per split."""
    return tiny_lines(tmp_path_factory.mktemp("khmer") / "lines", khmer_font_folder)


@pytest.fixture(scope="session")
def exports_folder(tmp_path_factory: pytest.TempPathFactory, line_samples: SampleSet) -> Path:
    """``models/khmer/export`` with the recogniser ctc, which has learnt them by heart."""
    folder = tmp_path_factory.mktemp("khmer")
    tiny_export(folder / "export/ctc", folder / "trained/ctc", line_samples)
    return folder / "export"
