# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports in a real browser: Debian's chromium, driven by Playwright, looked at by axe-core."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Without these, Chromium calls home at every start; a closed network refuses that many times.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def missing() -> str:
    """What is not there for these tests, or nothing."""
    try:
        import axe_playwright_python  # noqa: F401 pylint: disable=unused-import
        import playwright  # noqa: F401 pylint: disable=unused-import
    except ImportError as error:
        return f"{error.name} is not installed (scripts/requirements/browser.txt)"
    return "" if CHROMIUM else "no chromium was found (Debian: apt-get install chromium)"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless browser; without one the tests are skipped, or fail where LAB_REQUIRED=1 says that it must be there."""
    reason = missing()
    if reason and os.environ.get("LAB_REQUIRED") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """(page, language) -> HTML file: every kind of report, and one full of text that would like to be markup."""
    from samples import written_reports

    return written_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="session")
def windows(browser: Any) -> Iterator[Callable[..., Any]]:
    """Browser windows by their settings; making one costs more than opening a page in it."""
    made: dict[str, Any] = {}

    def window(**settings: Any) -> Any:
        key = repr(sorted(settings.items()))
        if key not in made:
            made[key] = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **settings})
        return made[key]

    yield window
    for context in made.values():
        context.close()


@pytest.fixture
def opened(windows: Callable[..., Any], reports: dict[tuple[str, str], Path]) -> Iterator[Callable[..., Any]]:
    """Opens a report; what the page said and asked for is in its `log`."""
    pages = []

    def open_page(name: str, language: str = "en", url: str = "", **settings: Any) -> Any:
        page = windows(**settings).new_page()
        pages.append(page)
        page.log = []
        page.on("console", lambda message: page.log.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: page.log.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (page.log.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: page.log.append(f"request: {request.url}"))
        page.goto(url or reports[name, language].as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
