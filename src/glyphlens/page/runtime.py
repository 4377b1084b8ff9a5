"""What runs in the browser beside the page's own files: some files of pinned npm packages, kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file, writing


class Package(NamedTuple):
    """A pinned npm package: SHA-512 of what npm fetches, the address of its files below the page, their SHA-256."""

    name: str
    integrity: str
    address: str
    files: Mapping[str, str]
    folder: str = "dist"  # of the files in the package


PACKAGES = (
    Package(  # runs the models
        "onnxruntime-web@1.30.0",
        "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
        "ort",
        {
            "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
            "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
            "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
        },
    ),
    Package(  # reads outlines of fonts
        "harfbuzzjs@1.6.4",
        "T/PyfhVt1gGR2Tkf5KJUj1DQFkVBXHw552lS1iLEEDhV1Lukb3eq1pk2ov85kgbT2YUiZtJBTak9w+M7YgzUEQ==",
        "lib/harfbuzz",
        {
            "index.mjs": "16016989059a6600a1b82b42f61b494c776db02dec49bf645af65b8a5e599bf9",
            "harfbuzz.js": "28392846ce6accb53e34bdce197b8aa00721e84846ff4b2c0ccfad5137a0e699",
            "harfbuzz.wasm": "6eeed8e1bc9ad7773038e48ff8f9e07e0ad228572c594b45e5357e9c2f7a0b2e",
        },
    ),
    Package(  # unpacks woff2
        "brotli-dec-wasm@2.3.2",
        "5H+k8eVLIJY6B4olN2HP9QzJAxcplf0jV7mWnkpxvOSeUE9Npg3dQ2pgLn30a9MUFHNro1iSmtdu6VNdlb+TIw==",
        "lib/brotli",
        {
            "brotli_dec_wasm.js": "19cf5d13fa62df4ebdf3fcefddeefa54b41fd7cca83be2b553dd5a1e9c81b2d0",
            "brotli_dec_wasm_bg.wasm": "79b29cb1790560f0a0f32b4a31d935e2782875e4a367fde23c81d986b327ec3f",
        },
        "pkg",
    ),
    Package(  # finds the fonts of a PDF
        "@cantoo/pdf-lib@2.11.1",
        "lYuRJFfXgoP8WVE8HYSeoLfDcnSXmjMLmdZS7YvmYHngbcZfiqDOruHrZBqjYizkrNa4ad1yW4WCrPYyb26T3Q==",
        "lib/pdf",
        {"pdf-lib.esm.min.js": "ac197f002ca7b6f7789334be108ee13a97928b561eafa774d303d43bb7dd7fd1"},
    ),
)
NPM_PACK = ("pack", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
NPM_SECONDS = 600
NPM_HELP = "install npm (Debian and Ubuntu: apt-get install npm; others: it comes with Node.js, https://nodejs.org)"


def cache_folder() -> Path:
    """Where the files are kept: ``glyphlens`` below XDG_CACHE_HOME, else below ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return Path(root) / "glyphlens" if root and Path(root).is_absolute() else Path.home() / ".cache" / "glyphlens"


def browser_runtime(cache: Path | None = None) -> dict[str, Path]:
    """{address below the page: file}; fetched by npm from the registry it is configured for, where not in ``cache``.

    Raises InputError without npm or network, and where a package is not the pinned one.
    """
    found: dict[str, Path] = {}
    for package in PACKAGES:
        folder = (cache or cache_folder()) / package.name
        if not is_kept(folder, package):
            with TemporaryDirectory(prefix="glyphlens-npm-") as scratch:
                extract(_packed(package.name, Path(scratch)), folder, package)
        found |= {f"{package.address}/{name}": folder / name for name in package.files}
    return found


def is_kept(folder: Path, package: Package) -> bool:
    """Whether all files of a package are in the folder, with the bytes that are pinned."""
    files = {folder / name: pin for name, pin in package.files.items()}
    return all(file.is_file() and sha256_file(file) == pin for file, pin in files.items())


def extract(packed: Path, folder: Path, package: Package) -> None:
    """Write a package's files from what npm fetched into a folder; raises InputError where it is not the pinned one."""
    digest = hashlib.sha512()
    with packed.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if b64encode(digest.digest()).decode() != package.integrity:
        raise InputError(
            f"{package.name}: the package that npm fetched is not the pinned one (SHA-512 differs); do not use it. "
            "Clear npm's cache (npm cache clean --force) and run again"
        )
    with tarfile.open(packed) as archive:
        for name in package.files:
            content = archive.extractfile(f"package/{package.folder}/{name}")
            if content is None:
                raise InputError(f"{package.name}: holds no {name}")
            with writing(folder / name) as partial, partial.open("wb") as target:
                shutil.copyfileobj(content, target)


def _packed(name: str, scratch: Path) -> Path:
    """The package as npm fetches it, in a scratch folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"npm: not found, and the page needs {name} once; {NPM_HELP}")
    try:
        result = subprocess.run(
            [npm, *NPM_PACK, name],
            cwd=scratch, capture_output=True, text=True, timeout=NPM_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise InputError(f"npm: no answer within {NPM_SECONDS} s; check the network and run again") from error
    except OSError as error:
        raise InputError(f"{npm}: cannot be run ({error}); {NPM_HELP}") from error
    packed = sorted(scratch.glob("*.tgz"))
    if result.returncode or not packed:
        said = "\n".join(result.stderr.strip().splitlines()[:8])
        raise InputError(
            f"npm: {name} cannot be fetched (exit {result.returncode}); it is needed once, then kept in "
            f"{cache_folder()}. Check the network and run again.\n{said}"
        )
    return packed[0]
