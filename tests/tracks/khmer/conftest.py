"""The tiny lines and their export, made once for all test processes."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glyphlens import cli
from glyphlens.data.sample_set import SampleSet
from tests.gates.verdicts import verdicts
from tests.once import once_per_run
from tests.tracks.khmer.tiny_lines import tiny_export, tiny_lines

__all__ = ["verdicts"]


@pytest.fixture(scope="session")
def made_lines(tmp_path_factory: pytest.TempPathFactory, khmer_font_folder: Path) -> Path:
    """``lines``, ``export/ctc`` and ``trained/ctc``: nine words, and a recogniser that has learnt them by heart."""

    def make(folder: Path) -> None:
        samples = tiny_lines(folder / "lines", khmer_font_folder)
        tiny_export(folder / "export/ctc", folder / "trained/ctc", samples)

    return once_per_run(tmp_path_factory, "khmer-lines", make)


@pytest.fixture(scope="session")
def line_samples(made_lines: Path) -> SampleSet:
    """The words drawn."""
    return SampleSet.open(made_lines / "lines")


@pytest.fixture
def glyphlens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the entry point; (exit status, output, error output)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glyphlens", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capfd.readouterr()
        return int(caught.value.code or 0), out, err

    return call
