"""Font files of the pinned npm packages: installed with their integrity enforced, only the needed ones kept."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from glyphlens.core.errors import InputError

SCRIPTS = ("arabic", "japanese", "khmer")
PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")
NPM_COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
NPM_SECONDS = 900
NPM_HELP = "install npm (Debian and Ubuntu: apt-get install npm; others: it comes with Node.js, https://nodejs.org)"
REGULAR_WEIGHT = 400
FONT_SCOPE = "@fontsource/"


class PackagesUnavailable(InputError):
    """The packages cannot be had here and now (no npm, no network); fonts of one's own would still do."""


class PackageFont(NamedTuple):
    """One upright font file of an installed package."""

    script: str
    package: str
    version: str
    weight: int
    licence: str
    path: Path


@contextmanager
def installed_packages(folder: Path) -> Iterator[Path]:
    """Yield a scratch ``node_modules`` holding exactly what ``folder``'s lock pins; it is deleted afterwards.

    Raises PackagesUnavailable without npm or network, InputError where a package is not what the lock says.
    """
    for name in PACKAGE_FILES:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: missing; restore it with `git checkout {folder.as_posix()}`")
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesUnavailable(f"npm: not found; {NPM_HELP}")
    with TemporaryDirectory(prefix="glyphlens-npm-") as scratch:
        for name in PACKAGE_FILES:
            shutil.copyfile(folder / name, Path(scratch, name))
        _run_npm(npm, Path(scratch), folder)
        yield Path(scratch, "node_modules")


def package_fonts(modules: Path, weights_per_package: int) -> list[PackageFont]:
    """The upright files of every script, at most so many weights a package, sorted by script, package, weight."""
    fonts = []
    for folder in sorted(modules.joinpath(FONT_SCOPE).glob("*")):
        fonts += [font for script in SCRIPTS for font in _fonts_of(folder, script, weights_per_package)]
    return sorted(fonts)


def spread(values: list[int], count: int) -> list[int]:
    """At most ``count`` of the sorted values, evenly spread, both ends included (one: the nearest to regular)."""
    values = sorted(values)
    if len(values) <= count:
        return values
    if count == 1:
        return [min(values, key=lambda value: (abs(value - REGULAR_WEIGHT), value))]
    return [values[round(step * (len(values) - 1) / (count - 1))] for step in range(count)]


def _fonts_of(folder: Path, script: str, weights_per_package: int) -> list[PackageFont]:
    """The name is built from the package's own: a pattern would also match another subset's files."""
    pattern = re.compile(rf"{re.escape(folder.name)}-{script}-(\d+)-normal\.woff2")
    by_weight = {
        int(match[1]): path for path in folder.glob("files/*.woff2") if (match := pattern.fullmatch(path.name))
    }
    if not by_weight:
        return []
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return [
        PackageFont(
            script, folder.name, str(manifest["version"]), weight, str(manifest.get("license", "")), by_weight[weight]
        )
        for weight in spread(list(by_weight), weights_per_package)
    ]


def _run_npm(npm: str, scratch: Path, folder: Path) -> None:
    try:
        result = subprocess.run(
            [npm, *NPM_COMMAND], cwd=scratch, capture_output=True, text=True, timeout=NPM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PackagesUnavailable(f"npm: no answer within {NPM_SECONDS} s; check the network and run again") from error
    except OSError as error:
        raise PackagesUnavailable(f"{npm}: cannot be run ({error}); {NPM_HELP}") from error
    if result.returncode == 0:
        return
    said = _summary(result.stderr)
    if "EINTEGRITY" in result.stderr:
        culprit = _culprit(result.stderr, folder / "package-lock.json")
        raise InputError(
            f"{culprit}: the downloaded package is not the one pinned in {folder / 'package-lock.json'}; "
            f"do not use it. Clear npm's cache (npm cache clean --force) and run again.\n{said}"
        )
    if re.search(r"EUSAGE|EJSONPARSE|ETARGET", result.stderr):
        raise InputError(
            f"{folder}: npm refuses package.json and package-lock.json (exit {result.returncode}).\n{said}"
        )
    raise PackagesUnavailable(
        f"npm: the font packages cannot be fetched (exit {result.returncode}); check the network and run again.\n{said}"
    )


def _summary(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.startswith("npm error") and "log of this run" not in line]
    return "\n".join(lines[:12]) or stderr.strip()[:2000]


def _culprit(stderr: str, lock: Path) -> str:
    """npm names only the hash it wanted; the lock says whose that is."""
    wanted = set(re.findall(r"sha\d+-[A-Za-z0-9+/]+=*", stderr))
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8")).get("packages", {})
    names = [name.removeprefix("node_modules/") for name, entry in packages.items() if entry.get("integrity") in wanted]
    return ", ".join(sorted(names)) or "a package"
