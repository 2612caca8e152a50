# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person gets to see: nothing is loaded or run, everything can be read, on a desk, on a phone and on paper."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from samples import HOSTILE, LANGUAGES, PAGES

Opened = Callable[..., Any]
PHONE = {"viewport": {"width": 390, "height": 844}}
SIZES = {"desk": {}, "phone": PHONE}
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.mark.parametrize("name", PAGES)
def test_page_says_nothing_on_the_console_and_asks_for_nothing(opened: Opened, name: str) -> None:
    page = opened(name)
    page.evaluate(UNFOLD)
    assert [line for line in page.log if not line.startswith(("request: file:", "request: data:"))] == []
    assert len([line for line in page.log if line.startswith("request: file:")]) == 1


def test_served_page_is_one_request(opened: Opened, reports: dict[tuple[str, str], Path]) -> None:
    """From a web server a browser would also ask for an icon."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        """Notes what is asked for."""

        def log_message(self, form: str, *values: Any) -> None:
            asked.append(values[0])

    file = reports["healed", "en"]
    handler = partial(Handler, directory=str(file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = opened("healed", url=f"http://127.0.0.1:{server.server_port}/{file.name}")
        # An icon would have been asked for before this second page.
        page.goto(f"{page.url}?again")
        server.shutdown()
    assert asked == [f"GET /{file.name} HTTP/1.1", f"GET /{file.name}?again HTTP/1.1"]


@pytest.mark.parametrize(("scheme", "size"), [("light", "desk"), ("dark", "phone")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(opened: Opened, name: str, size: str, scheme: str) -> None:
    """Contrast, headings, names, landmarks, tables and the rest, with everything unfolded."""
    from axe_playwright_python.sync_playwright import Axe

    page = opened(name, "de", color_scheme=scheme, **SIZES[size])
    page.evaluate(UNFOLD)
    found = Axe().run(page).response
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]] == []
    # What axe looked at is not nothing.
    passed = {rule["id"] for rule in found["passes"]}
    assert {"color-contrast", "heading-order", "document-title", "html-has-lang", "landmark-one-main"} <= passed


def test_axe_sees_mistakes(opened: Opened) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened("healed")
    page.evaluate("document.querySelector('h1').outerHTML = '<h5 style=\"color:#ccc;background:#ddd\">hardly seen</h5>'")
    assert {"color-contrast", "page-has-heading-one"} <= {rule["id"] for rule in Axe().run(page).response["violations"]}


@pytest.mark.parametrize("name", PAGES)
def test_headings_are_in_order_and_tables_have_headers(opened: Opened, name: str) -> None:
    page = opened(name)
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1 and levels[0] == 1
    assert [pair for pair in zip(levels, levels[1:]) if pair[1] > pair[0] + 1] == []
    tables = page.eval_on_selector_all("table", """all => all.map(table => ({
        caption: table.caption && table.caption.textContent.trim(), columns: table.tHead.rows[0].cells.length,
        scopes: [...table.tHead.rows[0].cells].map(cell => cell.tagName + cell.scope),
        rows: [...table.tBodies[0].rows].map(row => [row.cells.length, row.cells[0].tagName + row.cells[0].scope])}))""")
    for table in tables:
        assert table["caption"] and set(table["scopes"]) == {"THcol"}
        assert {tuple(row) for row in table["rows"]} == {(table["columns"], "THrow")}
    assert tables or name == "empty"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_not_wider_than_the_window(opened: Opened, name: str, size: str) -> None:
    page = opened(name, "de", **SIZES[size])
    page.evaluate(UNFOLD)
    width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window


@pytest.mark.parametrize(("scheme", "size"), [("light", "desk"), ("dark", "phone")])
def test_pictures_of_a_camera_are_shown_side_by_side(opened: Opened, scheme: str, size: str) -> None:
    page = opened("photos", "de", color_scheme=scheme, **SIZES[size])
    assert page.eval_on_selector_all("img", "all => all.map(one => [one.complete, one.naturalWidth])") == [[True, 160]] * 3
    before, after = (page.get_by_role("img", name=f"Bild der Kamera cam1 {when} dem Lauf").bounding_box() for when in ("vor", "nach"))
    assert before["y"] == after["y"] and before["x"] + before["width"] < after["x"] and before["width"] >= 120
    page.emulate_media(media="print")
    assert page.locator("figure").first.is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["escalated", "refused", "interrupted", "healed"])
def test_first_screen_says_host_finding_result_severity_next_step_and_contact(
    opened: Opened, name: str, size: str, language: str
) -> None:
    page = opened(name, language, **SIZES[size])
    wanted = [page.locator(".banner h1"), page.locator(".finding"), page.locator(".next")]
    wanted += page.locator(".banner .badge").all()
    height = page.evaluate("window.innerHeight")
    boxes = [one.bounding_box() for one in wanted]
    assert len(boxes) >= 5 and max(box["y"] + box["height"] for box in boxes) <= height
    words = page.locator(".next").inner_text()
    assert name == "healed" or "shift phone 100" in words


def test_table_stays_a_table_on_a_phone(opened: Opened) -> None:
    """Cells stand below each other there, and a screen reader must still hear rows and columns."""
    heard = [
        page.get_by_role("table", name="Timeline").first.get_by_role("row").count()
        for page in (opened("healed"), opened("healed", **PHONE))
    ]
    assert heard[0] == heard[1] > 10
    page = opened("healed", **PHONE)
    assert page.get_by_role("rowheader").count() == opened("healed").get_by_role("rowheader").count() > 20


def test_dark_is_dark_and_paper_is_white_even_then(opened: Opened) -> None:
    page = opened("healed", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 24, 28)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_paper_shows_what_is_folded_but_not_all_entries(opened: Opened) -> None:
    page = opened("healed")
    shown = "all => all.map(one => one.querySelector(':scope > :not(summary)').checkVisibility())"
    assert set(page.eval_on_selector_all("details", shown)) == {False}
    page.emulate_media(media="print")
    assert set(page.eval_on_selector_all("details:not(.whole)", shown)) == {True}
    assert page.eval_on_selector_all("details.whole", shown) == [False]
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_picture_has_a_name_and_a_description(opened: Opened) -> None:
    page = opened("taken_over", "de")
    picture = page.get_by_role("img", name="Phasen des Laufs")
    assert picture.count() == 1
    box = picture.bounding_box()
    assert box["width"] > 1000 and box["height"] > 200
    # Every text of the picture lies in it.
    outside = picture.evaluate("""svg => [...svg.querySelectorAll('text')].filter(one => {
        const inner = one.getBoundingClientRect(), outer = svg.getBoundingClientRect();
        return inner.left < outer.left - 12 || inner.right > outer.right + 12 || inner.bottom > outer.bottom + 1;
    }).map(one => one.textContent)""")
    assert outside == []


def test_hostile_text_is_read_as_it_is(opened: Opened) -> None:
    page = opened("hostile")
    assert page.locator("h1").inner_text().startswith(
        "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 1/0 }} [U+202E]gnp.exe www"
    )
    assert page.locator("script, iframe, object").count() == 0
    assert page.eval_on_selector_all("img", "all => all.map(one => one.src.slice(0, 23))") == ["data:image/jpeg;base64,"]
    page.evaluate(UNFOLD)
    assert HOSTILE.replace("\u202e", "[U+202E]") in page.locator("details.whole").inner_text()


def test_details_open_by_keyboard(opened: Opened) -> None:
    page = opened("healed")
    summary = page.locator("summary").last
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.whole table").is_visible()
