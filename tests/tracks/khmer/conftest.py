"""What Khmer lines are made of, in part: a few real fonts, ICU's words, the Declaration; fetched once."""

import hashlib
import shutil
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts.files import package_records, save_fonts
from glyphlens.sources.fonts.packages import installed_packages, package_fonts
from tests.checkout import ROOT
from tests.conftest import KHMER_PACKAGES, LATIN_PACKAGES, TEXT_PACKAGES, few_packages
from tests.fetched import fetched_once


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
