"""The browser's runtime is the pinned one, or it is refused; without npm or network a person is told what to do."""

import hashlib
import re
import tarfile
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.page import runtime
from glyphlens.page.runtime import LICENCE, PACKAGES, Package, browser_runtime, cache_folder, extract, is_kept

FACTS = b'{"name": "engine", "version": "1.0.0", "license": "MIT"}'
CONTENTS = {
    "package/dist/engine.mjs": b"export {}",
    "package/dist/engine.wasm": b"\0asm",
    "package/README.md": b"-",
    "package/package.json": FACTS,
    "package/LICENSE": b"You may.\n",
    "package/src/other/COPYING.txt": b"So may you.",
    "package/src/license.js": b"check()",
}
PINS = {Path(name).name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items() if "dist" in name}


def packed(path: Path, contents: dict[str, bytes]) -> Path:
    """An npm package with these files."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A packed npm package."""
    return packed(tmp_path / "engine.tgz", CONTENTS)


def pinned(path: Path) -> Package:
    """The package that these bytes are."""
    return Package("engine@1", b64encode(hashlib.sha512(path.read_bytes()).digest()).decode(), "engine", PINS)


def test_the_named_files_and_no_others_are_kept(tmp_path: Path, package: Path) -> None:
    extract(package, tmp_path / "kept", pinned(package))
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {*PINS, LICENCE}
    assert is_kept(tmp_path / "kept", pinned(package))


def test_its_licences_are_kept_word_for_word(tmp_path: Path, package: Path) -> None:
    extract(package, tmp_path, pinned(package))
    said = (tmp_path / LICENCE).read_text(encoding="utf-8")
    assert said == (
        "engine 1.0.0\nLicence: MIT\n\n---- LICENSE\n\nYou may.\n\n---- src/other/COPYING.txt\n\nSo may you.\n"
    )


def test_without_a_licence_file_the_package_must_name_a_licence(tmp_path: Path) -> None:
    bare = {name: content for name, content in CONTENTS.items() if "LICENSE" not in name and "COPYING" not in name}
    path = packed(tmp_path / "bare.tgz", bare)
    extract(path, tmp_path / "bare", pinned(path))
    assert "Licence: MIT\nThe package has no licence file" in (tmp_path / "bare" / LICENCE).read_text(encoding="utf-8")
    for none in (b'{"name": "engine", "version": "1.0.0"}', FACTS.replace(b"MIT", b"UNLICENSED")):
        path = packed(tmp_path / "none.tgz", {**bare, "package/package.json": none})
        with pytest.raises(InputError, match=r"engine 1\.0\.0: the package has no licence file, and its package\.json"):
            extract(path, tmp_path / "none", pinned(path))
        assert not (tmp_path / "none").exists()


def test_another_package_is_refused_before_it_is_opened(tmp_path: Path, package: Path) -> None:
    good = pinned(package)
    package.write_bytes(package.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="not the pinned one"):
        extract(package, tmp_path / "kept", good)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("change", ["engine.wasm", LICENCE, "changed"])
def test_kept_files_are_checked_at_every_use(tmp_path: Path, package: Path, change: str) -> None:
    engine = pinned(package)
    extract(package, tmp_path, engine)
    if change != "changed":
        (tmp_path / change).unlink()
    else:
        (tmp_path / "engine.wasm").write_bytes(b"\0msa")
    assert not is_kept(tmp_path, engine)


def test_without_npm_a_person_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="npm: not found.*install npm"):
        browser_runtime(tmp_path / "cache")


def test_an_npm_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network is away' >&2\nexit 1\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(InputError, match="cannot be fetched.*exit 1.*\n.*network is away"):
        browser_runtime(tmp_path / "cache")


def test_files_that_are_kept_need_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(runtime, "PACKAGES", (pinned(package),))
    extract(package, tmp_path / "engine@1", pinned(package))
    assert set(browser_runtime(tmp_path)) == {*(f"engine/{name}" for name in PINS), "licences/engine.txt"}


@pytest.mark.parametrize(("set_to", "expected"), [("/caches", "/caches/glyphlens"), ("relative", None), ("", None)])
def test_the_cache_is_where_the_desktop_has_it(
    set_to: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", set_to)
    monkeypatch.setenv("HOME", "/somebody")
    assert str(cache_folder()) == (expected or "/somebody/.cache/glyphlens")


def test_every_file_and_version_is_pinned() -> None:
    for package in PACKAGES:
        assert re.fullmatch(r"(@[a-z]+/)?[a-z0-9-]+@\d+\.\d+\.\d+", package.name)
        assert len(b64decode(package.integrity)) == hashlib.sha512().digest_size
        assert package.files and all(len(pin) == 64 for pin in package.files.values())
