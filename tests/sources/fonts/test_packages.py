import base64
import hashlib
import http.server
import json
import shutil
import subprocess
import tarfile
import threading

import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts import packages as font_packages
from glyphlens.sources.fonts.packages import (
    PACKAGE_FILES,
    PackagesUnavailable,
    installed_packages,
    package_fonts,
    spread,
)

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed here")
FILES = [
    "sans-arabic-arabic-300-normal.woff2",
    "sans-arabic-arabic-400-normal.woff2",
    "sans-arabic-arabic-400-italic.woff2",
    "sans-arabic-arabic-400-normal.woff",
    "sans-arabic-arabic-900-normal.woff2",
    "sans-arabic-latin-400-normal.woff2",
    "sans-arabic-latin-ext-400-normal.woff2",
]


def package(modules, name, files, version="1.2.3"):
    folder = modules / "@fontsource" / name
    (folder / "files").mkdir(parents=True)
    for file in files:
        (folder / "files" / file).write_bytes(file.encode())
    (folder / "package.json").write_text(json.dumps({"version": version, "license": "OFL-1.1"}))


FAKE = "@fontsource/fake"


def lock_folder(folder, integrity):
    """data/packages with one package, pinned to a hash."""
    dependencies = {FAKE: "1.0.0"}
    root = {"name": "font-data", "version": "0.0.0", "dependencies": dependencies}
    packages = {"": root, f"node_modules/{FAKE}": {"version": "1.0.0", "integrity": integrity}}
    lock = {"name": "font-data", "version": "0.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps(root))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / ".npmrc").write_text("ignore-scripts=true\n")
    return folder


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    """A package as npm packs it."""
    folder = tmp_path_factory.mktemp("tarball")
    package(folder, "fake", ["fake-arabic-400-normal.woff2"])
    manifest = {"name": FAKE, "version": "1.0.0", "license": "OFL-1.1"}
    (folder / FAKE / "package.json").write_text(json.dumps(manifest))
    with tarfile.open(folder / "fake.tgz", "w:gz") as archive:
        archive.add(folder / FAKE, "package")
    return (folder / "fake.tgz").read_bytes()


@pytest.fixture
def integrity(tarball, tmp_path, monkeypatch):
    """The hash of the one package of a registry on this machine, which npm is pointed at."""
    sha512 = f"sha512-{base64.b64encode(hashlib.sha512(tarball).digest()).decode()}"

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            address = f"http://{self.headers['Host']}/fake.tgz"
            version = {"name": FAKE, "version": "1.0.0", "dist": {"tarball": address, "integrity": sha512}}
            described = {"name": FAKE, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            body = tarball if self.path.endswith(".tgz") else json.dumps(described).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield sha512
        server.shutdown()


@pytest.fixture
def pinned(tmp_path):
    """An empty folder for package files."""
    (tmp_path / "packages").mkdir()
    return tmp_path / "packages"


@pytest.fixture
def said_by_npm(monkeypatch):
    """Make npm fail with these words."""

    def fail(words):
        result = subprocess.CompletedProcess([], 1, "", words)
        monkeypatch.setattr(font_packages.shutil, "which", lambda _: "npm")
        monkeypatch.setattr(font_packages.subprocess, "run", lambda *_, **__: result)

    return fail


def install(folder):
    """Fonts of the installed packages."""
    with installed_packages(folder) as modules:
        return package_fonts(modules, 3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [400]),
        (2, [100, 900]),
        (3, [100, 500, 900]),
        (9, list(range(100, 901, 100))),
        (99, list(range(100, 901, 100))),
    ],
)
def test_weights_are_spread_with_both_ends(count, expected):
    assert spread(list(range(900, 0, -100)), count) == expected


def test_names_are_built_from_the_package(tmp_path):
    package(tmp_path, "sans-arabic", FILES)
    fonts = package_fonts(tmp_path, 99)
    assert [(font.script, font.weight, font.path.name) for font in fonts] == [
        ("arabic", weight, f"sans-arabic-arabic-{weight}-normal.woff2") for weight in (300, 400, 900)
    ]
    assert {(font.package, font.version, font.licence) for font in fonts} == {("sans-arabic", "1.2.3", "OFL-1.1")}


def test_scripts_have_their_files_and_slices_are_ignored(tmp_path):
    package(
        tmp_path, "klee", ["klee-japanese-400-normal.woff2", "klee-0-400-normal.woff2", "klee-119-400-normal.woff2"]
    )
    package(tmp_path, "khmer", ["khmer-khmer-400-normal.woff2", "khmer-latin-400-normal.woff2"])
    assert [(font.script, font.path.name) for font in package_fonts(tmp_path, 3)] == [
        ("japanese", "klee-japanese-400-normal.woff2"),
        ("khmer", "khmer-khmer-400-normal.woff2"),
    ]


def test_missing_npm_is_named_with_how_to_get_it(pinned, monkeypatch):
    monkeypatch.setenv("PATH", str(pinned / "nothing"))
    with pytest.raises(PackagesUnavailable, match="npm: not found; install npm .*apt-get install npm"):
        install(lock_folder(pinned, "sha512-"))


@pytest.mark.parametrize("name", PACKAGE_FILES)
def test_missing_lock_is_named(pinned, name):
    (lock_folder(pinned, "sha512-") / name).unlink()
    with pytest.raises(InputError, match=f"{name}: missing; restore it"):
        install(pinned)


def test_no_network_is_said(pinned, said_by_npm):
    said_by_npm("npm error code ENOTFOUND\nnpm error network request failed\n")
    with pytest.raises(PackagesUnavailable, match="cannot be fetched .*check the network(.|\n)*ENOTFOUND"):
        install(lock_folder(pinned, "sha512-"))


@pytest.mark.parametrize("code", ["EUSAGE", "EJSONPARSE", "ETARGET"])
def test_a_lock_that_does_not_fit_is_refused(pinned, said_by_npm, code):
    said_by_npm(f"npm error code {code}\nnpm error package.json and package-lock.json are not in sync\n")
    with pytest.raises(InputError, match=f"npm refuses package.json and package-lock.json(.|\n)*{code}") as caught:
        install(lock_folder(pinned, "sha512-"))
    assert not isinstance(caught.value, PackagesUnavailable)


def test_a_silent_network_is_said(pinned, monkeypatch):
    def hang(*_, **__):
        raise subprocess.TimeoutExpired("npm", 900)

    monkeypatch.setattr(font_packages.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(font_packages.subprocess, "run", hang)
    with pytest.raises(PackagesUnavailable, match="no answer within 900 s"):
        install(lock_folder(pinned, "sha512-"))


@needs_npm
def test_packages_of_the_lock_are_installed_and_removed(pinned, integrity):
    with installed_packages(lock_folder(pinned, integrity)) as modules:
        (font,) = package_fonts(modules, 3)
        assert font.path.read_bytes() == b"fake-arabic-400-normal.woff2"
    assert not modules.exists()
    assert sorted(entry.name for entry in pinned.iterdir()) == sorted(PACKAGE_FILES)


@needs_npm
def test_a_package_that_is_not_the_pinned_one_is_refused_by_name(pinned, integrity):
    wrong = integrity[:20] + ("A" if integrity[20] != "A" else "B") + integrity[21:]
    with pytest.raises(InputError, match=f"{FAKE}: the downloaded package is not the one pinned") as caught:
        install(lock_folder(pinned, wrong))
    assert "EINTEGRITY" in str(caught.value) and not isinstance(caught.value, PackagesUnavailable)


def test_the_committed_lock_pins_hashes_and_names_no_registry(request):
    folder = request.config.rootpath / "data/packages"
    manifest, lock = (json.loads((folder / name).read_text()) for name in PACKAGE_FILES[:2])
    text = (folder / "package-lock.json").read_text()
    assert '"resolved"' not in text and "registry" not in text
    entries = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in entries.values())
    assert {name: entry["version"] for name, entry in entries.items()} == manifest["dependencies"]
