"""What runs in the browser beside the page's own files: some files of pinned npm packages, kept in the user's cache,
each package with the licence under which it is passed on."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file, writing


class Package(NamedTuple):
    """A pinned npm package: SHA-512 of what npm fetches, the address of its files below the page, their SHA-256."""

    name: str
    integrity: str
    address: str
    files: Mapping[str, str]
    folder: str = "dist"  # of the files in the package

    @property
    def licence(self) -> str:
        """The address of its licence below the page."""
        return f"licences/{self.name.rpartition('@')[0].rpartition('/')[2]}.txt"


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
LICENCE = "licence.txt"  # in the cache, beside the files
LICENCE_FILES = re.compile(r"(un)?licen[cs]e|copying|notice|third.?party", re.IGNORECASE)
NO_LICENCES = re.compile(r"\s*$|unlicensed$|see licen[cs]e in", re.IGNORECASE)  # in a package.json
NPM_PACK = ("pack", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
NPM_SECONDS = 600
NPM_HELP = "install npm (Debian and Ubuntu: apt-get install npm; others: it comes with Node.js, https://nodejs.org)"


def cache_folder() -> Path:
    """Where the files are kept: ``glyphlens`` below XDG_CACHE_HOME, else below ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return Path(root) / "glyphlens" if root and Path(root).is_absolute() else Path.home() / ".cache" / "glyphlens"


def browser_runtime(cache: Path | None = None) -> dict[str, Path]:
    """{address below the page: file}; fetched by npm from the registry it is configured for, where not in ``cache``.

    Raises InputError without npm or network, and where a package is not the pinned one or names no licence.
    """
    found: dict[str, Path] = {}
    for package in PACKAGES:
        folder = (cache or cache_folder()) / package.name
        if not is_kept(folder, package):
            with TemporaryDirectory(prefix="glyphlens-npm-") as scratch:
                extract(_packed(package.name, Path(scratch)), folder, package)
        found |= {f"{package.address}/{name}": folder / name for name in package.files}
        found[package.licence] = folder / LICENCE
    return found


def is_kept(folder: Path, package: Package) -> bool:
    """Whether all files of a package are in the folder, with the bytes that are pinned, and its licence."""
    files = {folder / name: pin for name, pin in package.files.items()}
    return (folder / LICENCE).is_file() and all(
        file.is_file() and sha256_file(file) == pin for file, pin in files.items()
    )


def extract(packed: Path, folder: Path, package: Package) -> None:
    """Write a package's files and licence from what npm fetched into a folder.

    Raises InputError, and writes nothing, where it is not the pinned package or names no licence.
    """
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
        licence = licence_of(archive)
        for name in package.files:
            content = archive.extractfile(f"package/{package.folder}/{name}")
            if content is None:
                raise InputError(f"{package.name}: holds no {name}")
            with writing(folder / name) as partial, partial.open("wb") as target:
                shutil.copyfileobj(content, target)
    with writing(folder / LICENCE) as partial:
        partial.write_text(licence, encoding="utf-8")


def licence_of(archive: tarfile.TarFile) -> str:
    """Name, version and licence of a packed npm package, and the text of every file in it that is about licences.

    Raises InputError where it holds no such file, and its package.json names no licence either.
    """
    contents = {member.name: member for member in archive.getmembers() if member.isfile()}
    facts = orjson.loads(_content(archive, contents["package/package.json"]))
    named = facts.get("license")
    licence = "" if not isinstance(named, str) or NO_LICENCES.match(named) else named
    texts = {
        name.removeprefix("package/"): _content(archive, member).decode("utf-8", "replace").strip()
        for name, member in sorted(contents.items(), key=lambda each: (each[0].count("/"), each[0]))
        if LICENCE_FILES.match(PurePosixPath(name).name) and PurePosixPath(name).suffix in ("", ".txt", ".md")
    }
    package = f"{facts['name']} {facts['version']}"
    if not licence and not any(texts.values()):
        raise InputError(
            f"{package}: the package has no licence file, and its package.json names no licence; "
            "a page that holds it may not be published"
        )
    head = [package, f"Licence: {licence or 'see below'}"]
    if not texts:
        head.append("The package has no licence file; the line above is what its package.json says.")
    return "\n\n".join(["\n".join(head), *(f"---- {name}\n\n{text}" for name, text in texts.items())]) + "\n"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return b"" if stream is None else stream.read()


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
