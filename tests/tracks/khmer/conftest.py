"""What Khmer lines are made of, in part, fetched once: a few real fonts, ICU's words, the Declaration; and tiny lines
with a recogniser that has learnt them by heart, made once for all test processes."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glyphlens import cli
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.sources.fonts.files import package_records, save_fonts
from glyphlens.sources.fonts.packages import installed_packages, package_fonts
from tests.checkout import ROOT
from tests.conftest import KHMER_PACKAGES, LATIN_PACKAGES, TEXT_PACKAGES, few_packages
from tests.fetched import fetched_once
from tests.gates.verdicts import verdicts
from tests.once import once_per_run
from tests.tracks.khmer.tiny_lines import tiny_export, tiny_lines

__all__ = ["verdicts"]


@pytest.fixture(scope="session")
def khmer_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ``data/packages`` with a few packages."""
    folder = tmp_path_factory.mktemp("packages") / "packages"
    return few_packages(folder, (*KHMER_PACKAGES, *LATIN_PACKAGES), TEXT_PACKAGES)


@pytest.fixture(scope="session")
def khmer_sources(khmer_packages: Path) -> Path:
    """``node_modules`` of these packages, and ``fonts`` like ``data/raw/fonts/khmer``."""
    lock = (khmer_packages / "package-lock.json").read_bytes()
    key = hashlib.sha256(lock + Path(__file__).read_bytes()).hexdigest()[:16]

    def fetch(folder: Path) -> None:
        try:
            with installed_packages(khmer_packages) as modules:
                shutil.copytree(modules, folder / "node_modules")
                save_fonts(folder / "fonts", "khmer", package_records(package_fonts(modules, 2), {}))
        except InputError as error:
            pytest.fail(f"the tests need a few packages once, afterwards they are kept: {error}")

    return fetched_once(ROOT / ".cache/test-fonts" / key, fetch)


@pytest.fixture(scope="session")
def modules(khmer_sources: Path) -> Path:
    return khmer_sources / "node_modules"


@pytest.fixture(scope="session")
def khmer_fonts(khmer_sources: Path) -> Path:
    return khmer_sources / "fonts"


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
