"""The strokes stage with the real pip and a small wheel on this machine: hash, index and lock at fault are named."""

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.stages.strokes import main

NAME = "kanjivg-1-py3-none-any.whl"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:kvg="http://kanjivg.tagaini.net">'
    '<g><g kvg:element="一"><path kvg:type="㇐" d="M10,50c20,0,60,0,80,0"/></g></g></svg>'
)
DIST_INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: kanjivg\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}


@pytest.fixture
def wheel_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the only wheel that pip can find."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / NAME, "w") as wheel:
        wheel.writestr("kanji/04e00.svg", DRAWING)
        for name, content in DIST_INFO.items():
            wheel.writestr(f"kanjivg-1.dist-info/{name}", content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return hashlib.sha256((index / NAME).read_bytes()).hexdigest()


def lock(folder: Path, line: str) -> Path:
    path = folder / "lock.txt"
    path.write_text(f"# strokes\n{line}\n", encoding="utf-8")
    return path


def run(folder: Path, line: str) -> Path:
    main(["--lock", str(lock(folder, line)), "--out", str(folder / "out")])
    return folder / "out"


def test_the_wheel_is_kept_whole_beside_a_notice(tmp_path: Path, wheel_hash: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kanjivg-0-py3-none-any.whl").write_bytes(b"an old one")
    out = run(tmp_path, f"kanjivg==1 --hash=sha256:{wheel_hash}")
    assert sorted(path.name for path in out.iterdir()) == ["NOTICE", NAME]
    assert hashlib.sha256((out / NAME).read_bytes()).hexdigest() == wheel_hash
    assert KanjiVG.open(out)["一"].types == ("㇐",)
    notice = (out / "NOTICE").read_text(encoding="utf-8")
    assert "Ulrich Apel" in notice and "ShareAlike 3.0" in notice


def test_another_hash_is_refused(tmp_path: Path, wheel_hash: str) -> None:
    changed = ("0" if wheel_hash[0] != "0" else "1") + wheel_hash[1:]
    with pytest.raises(InputError, match=r"lock\.txt: the downloaded file is not the one pinned there"):
        run(tmp_path, f"kanjivg==1 --hash=sha256:{changed}")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("wheel_hash")
def test_what_cannot_be_found_or_is_not_pinned(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be downloaded \(pip exit 1\); check the network"):
        run(tmp_path, f"kanjivg==2 --hash=sha256:{'0' * 64}")
    with pytest.raises(InputError, match="pip refuses it; restore it with `git checkout"):
        run(tmp_path, "kanjivg==1")
    with pytest.raises(InputError, match="pip refuses it; restore it with `git checkout"):
        run(tmp_path, "kanjivg==")


def test_no_lock_and_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"nowhere\.txt: missing; restore it"):
        main(["--lock", str(tmp_path / "nowhere.txt"), "--out", str(tmp_path / "out")])
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "python: No module named pip" >&2\nexit 1\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(InputError, match=r"has no pip; install it with `python -m ensurepip`"):
        run(tmp_path, "kanjivg==1")
