"""A real browser that shows the page, served on loopback; whatever it complains of fails the test."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

from glyphlens.core.errors import InputError
from glyphlens.page.runtime import browser_runtime
from glyphlens.page.server import LOOPBACK, page_server
from glyphlens.page.site import page_site
from tests.checkout import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
NO_BROWSER = f"none of {', '.join(BROWSERS)} is installed here"
SECONDS = 120  # of a busy machine for an answer


@contextmanager
def served() -> Iterator[str]:
    """The address of the page."""
    try:
        runtime = browser_runtime(ROOT / ".cache/glyphlens")
    except InputError as error:
        pytest.skip(f"the browser's runtime cannot be had here: {error}")
    server = page_server(page_site(runtime))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{LOOPBACK}:{server.server_port}/"
    server.shutdown()
    server.server_close()


def shown_page() -> Iterator[Page]:
    """The page in a headless browser; whatever it complains of fails the test."""
    said: list[str] = []
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        shown = browser.new_page(reduced_motion="reduce")
        shown.set_default_timeout(1000 * SECONDS)
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("request", lambda request: said.append(request.url) if not _is_own(request.url, address) else None)
        shown.goto(address)
        yield shown
        browser.close()
    assert said == []


def _is_own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def choose(page: Page, track: str) -> None:
    """The recogniser of a track."""
    page.locator(f"input[value={track}]").check(force=True)
