"""The page that describes the interface: in a real browser, without a network, with a token."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.serving.conftest import TOKEN
from tests.serving.running_server import running_server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
SECONDS = 240  # of a busy machine for one step
PREDICT = "#operations-default-predict_v1_predict_post"


def try_out(page: Page, picture: Path, status: str) -> str:
    """What `try it out` shows of the answer, once it has the status."""
    page.set_input_files(f"{PREDICT} input[type=file]", picture)
    page.click(f"{PREDICT} .execute")
    answer = f"{PREDICT} .live-responses-table tbody tr"
    page.wait_for_selector(f"{answer} .response-col_status:has-text('{status}')")
    return page.inner_text(f"{answer} .response-col_description")


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed here")
def test_whoever_has_the_token_tries_it_out_in_a_browser_without_a_network(
    tmp_path: Path, small_model: Path, drawing: Callable[..., bytes]
) -> None:
    picture, elsewhere = tmp_path / "picture.png", list[str]()
    picture.write_bytes(drawing())
    options = ("--model", f"small={small_model}", "--workers", "1", "--seconds", "300")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with running_server(tmp_path, *options, GLYPHLENS_TOKEN=TOKEN) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        page, own = browser.new_page(), f"http://127.0.0.1:{server.port}/"
        page.set_default_timeout(1000 * SECONDS)
        page.on("request", lambda sent: None if sent.url.startswith((own, "data:")) else elsewhere.append(sent.url))
        page.goto(f"{own}docs")
        page.click(f"{PREDICT} .opblock-summary-control")
        page.click(f"{PREDICT} .try-out__btn")
        assert "a bearer token is needed" in try_out(page, picture, "401")
        page.click(".scheme-container .authorize")
        page.fill(".auth-container input", TOKEN)
        page.click(".auth-btn-wrapper .authorize")
        page.click(".auth-btn-wrapper .btn-done")
        assert '"pictures"' in try_out(page, picture, "200")
        browser.close()
    assert elsewhere == []
