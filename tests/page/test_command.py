"""``glyphlens page`` as a person runs it: it writes the page, or serves it until Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from glyphlens.core.errors import InputError
from glyphlens.page.runtime import PACKAGES, browser_runtime
from glyphlens.page.site import INDEX
from tests.checkout import ROOT

COMMAND = [sys.executable, "-m", "glyphlens.cli", "page"]
CACHE = ROOT / ".cache"


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """With the browser's runtime in the cache."""
    try:
        browser_runtime(CACHE / "glyphlens")
    except InputError as error:
        pytest.skip(f"the browser's runtime cannot be had here: {error}")
    return {**os.environ, "XDG_CACHE_HOME": str(CACHE), "PYTHONPATH": str(ROOT / "src")}


def test_the_page_is_written_to_be_published(tmp_path: Path, environment: Mapping[str, str]) -> None:
    answer = subprocess.run(
        [*COMMAND, "--out", "site"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr
    assert answer.stderr.startswith("site: page written (")
    assert (tmp_path / "site" / INDEX).is_file()
    for package in PACKAGES:
        name, _, version = package.name.rpartition("@")
        head, licence = (tmp_path / "site" / package.licence).read_text(encoding="utf-8").splitlines()[:2]
        assert head == f"{name} {version}"
        assert "MIT" in licence


def test_it_is_served_until_it_is_interrupted(tmp_path: Path, environment: Mapping[str, str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "--no-open"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        address = running.stdout.readline().split()[0]
        with urlopen(address) as answer:
            assert b"glyphlens" in answer.read()
        running.send_signal(signal.SIGINT)
        assert (running.wait(30), running.stderr.read()) == (0, "")
