# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures in the report of an incident: what is shown, what is left out and said, and that no name becomes markup."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._report_make import written_as
from ansible_collections.lineops.runbook.plugins.module_utils._report_photos import LARGEST, photos_of
from ansible_collections.lineops.runbook.plugins.modules import incident_report
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.pages import CLOCK, HtmlPage, MarkdownPage, page_of, report_of
from ansible_collections.lineops.runbook.tests.unit.helpers.photos import JPEG, base64_of, photo
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

ENTRIES = incidents.healed().entries
#: As large as may be: a comment segment of its own behind the first two bytes.
PADDED = JPEG[:2] + b"\xff\xfe\xff\x00" + bytes(0xFEFE) + JPEG[2:]


def jpeg_of(size: int) -> bytes:
    """The picture, made larger by bytes before its end."""
    return JPEG[:-2] + bytes(size - len(JPEG)) + JPEG[-2:]


def html(*pictures: t.Any, language: str = "en") -> HtmlPage:
    page = HtmlPage(page_of(ENTRIES, "html", language=language, pictures=pictures))
    assert page.mistakes == []
    return page


def images(page: HtmlPage) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in page.tags if tag == "img"]


def test_what_is_kept_has_its_size_and_its_bytes() -> None:
    assert photos_of([photo()]) == ([{**photo(), "bytes": len(JPEG), "width": 160, "height": 90}], [])
    assert photos_of([photo(content=PADDED)])[1] == [{"code": "picture_too_large", "camera": "cam1"}]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (photo(content=b""), "picture_not_jpeg"),
        (photo(content=b"\x89PNG\r\n\x1a\n" + bytes(100)), "picture_not_jpeg"),
        (photo(content=b"<svg onload=alert(1)>"), "picture_not_jpeg"),
        (photo(content=b"\xff\xd8\xff<script>alert(1)</script>\xff\xd9"), "picture_not_jpeg"),
        (photo(content=b"\xff\xd8\xff\xd9"), "picture_not_jpeg"),
        (photo(content=JPEG[:-2]), "picture_not_jpeg"),
        (photo(content=JPEG.replace(b"\x08\x00\x5a\x00\xa0", b"\x08\x00\x00\x00\xa0")), "picture_not_jpeg"),
        ({**photo(), "jpeg": base64_of(JPEG) + '"><script>'}, "picture_not_jpeg"),
        ({**photo(), "jpeg": "é"}, "picture_not_jpeg"),
        ({**photo(), "jpeg": 7}, "picture_not_jpeg"),
        (photo(content=jpeg_of(LARGEST + 1)), "picture_too_large"),
        (photo(content=jpeg_of(50 * LARGEST)), "picture_too_large"),
        (photo(moment="meanwhile"), "picture_unnamed"),
        (photo(moment=["before"]), "picture_unnamed"),
        (photo(camera=" "), "picture_unnamed"),
        ("no mapping", "picture_unnamed"),
        (None, "picture_unnamed"),
    ],
)
def test_what_is_not_right_is_left_out_and_said(given: t.Any, code: str) -> None:
    kept, remarks = photos_of([given, photo("cam2")])
    assert [one["camera"] for one in kept] == ["cam2"]
    assert [remark["code"] for remark in remarks] == [code]


def test_a_picture_may_be_as_large_as_the_limit_and_there_may_be_16() -> None:
    kept, remarks = photos_of([photo(f"cam{number}", content=jpeg_of(LARGEST)) for number in range(18)])
    assert (len(kept), kept[-1]["bytes"], remarks) == (16, LARGEST, [{"code": "picture_too_many", "count": 2}])


@pytest.mark.parametrize(
    ("language", "title", "alts", "captions", "missing"),
    [
        ("en", "Pictures", ["Picture of camera cam1 before the run", "Picture of camera cam1 after the run"],
         ["Before: 24.11.2026", "After: 24.11.2026"], "There is no picture from after."),
        ("de", "Bilder", ["Bild der Kamera cam1 vor dem Lauf", "Bild der Kamera cam1 nach dem Lauf"],
         ["Vorher: 24.11.2026", "Nachher: 24.11.2026"], "Von nachher gibt es kein Bild."),
    ],
)  # fmt: skip
def test_before_and_after_of_a_camera_stand_side_by_side(
    language: str, title: str, alts: list[str], captions: list[str], missing: str
) -> None:
    page = html(photo(moment="after"), photo("door"), photo(), language=language)
    assert [image["alt"] for image in images(page)][:2] == alts
    assert {image["src"] for image in images(page)} == {f"data:image/jpeg;base64,{base64_of(JPEG)}"}
    assert {(image["width"], image["height"]) for image in images(page)} == {("160", "90")}
    tags = [tag for tag, attributes in page.tags if tag in ("figure", "h3") or attributes.get("class") == "photos"]
    first = tags.index("figure") - 2
    assert tags[first:first + 7] == ["h3", "div", "figure", "figure", "h3", "div", "figure"]
    assert f"\n{title}\n" in page.text and missing in page.text
    local = CLOCK.shown("2026-11-24T02:13:25.000Z")
    assert f"{captions[0].split(':')[0]}: {local}" in page.text and f"{captions[1].split(':')[0]}: {local}" in page.text


@pytest.mark.parametrize(
    "name", ["<b>x", '" onerror="alert(1)', "{camera} {{ 1/0 }}", "![i](http://evil.example/x.png)", "\u202ex"])
def test_name_of_a_camera_is_text_wherever_it_stands(name: str) -> None:
    pictures = [photo(name, at=name), photo(name, content=b"no")]
    page = html(*pictures)
    plain = html(photo("x", at="x"), photo("x", content=b"no"))
    assert [tag for tag, dummy in page.tags if tag != "wbr"] == [tag for tag, dummy in plain.tags if tag != "wbr"]
    assert [set(image) for image in images(page)] == [{"src", "width", "height", "alt"}]
    assert name.replace("\u202e", "[U+202E]") in str(images(page)[0]["alt"])
    seen = MarkdownPage(page_of(ENTRIES, "markdown", pictures=pictures))
    assert not {"html_inline", "html_block", "image", "link_open"} & set(seen.kinds)


def test_without_pictures_nothing_is_said_of_them() -> None:
    assert "Pictures" not in html().text and images(html()) == []
    assert "Pictures" not in page_of(ENTRIES, "markdown")


@pytest.mark.parametrize(
    ("language", "line"), [("en", "The HTML report shows these pictures."), ("de", "Der HTML-Bericht zeigt diese Bilder.")])
def test_markdown_says_that_html_has_them(language: str, line: str) -> None:
    text = page_of(ENTRIES, "markdown", language=language, pictures=[photo(), photo(moment="after")])
    assert line in text.splitlines() and "base64" not in text and base64_of(JPEG)[:40] not in text


def test_json_has_what_is_known_without_the_pictures() -> None:
    report = report_of(ENTRIES, pictures=[photo()])
    found = json.loads(written_as("json", report, language="en", clock=CLOCK))
    known = {"camera": "cam1", "moment": "before", "at": photo()["at"]}
    assert found["pictures"] == [{**known, "bytes": len(JPEG), "width": 160, "height": 90}]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "is no JPEG and was left out"), ("de", "ist kein JPEG und wurde weggelassen")])
def test_module_says_what_it_left_out_and_scrubs_names_only(tmp_path: Path, language: str, said: str) -> None:
    secret = base64_of(JPEG)[100:120]  # by chance
    pictures = [photo("door canary", content=b"no"), photo(f"cam {secret}"), 7]
    params = params_of(incident_report, dest=str(tmp_path), entries=ENTRIES, pictures=pictures, language=language)
    result = incident_report.run(params, False, ["canary", secret])
    assert [remark["code"] for remark in result["remarks"]] == ["picture_not_jpeg", "picture_unnamed"]
    text = Path(result["files"]["html"]).read_text(encoding="utf-8")
    assert said in text and "canary" not in text and base64_of(JPEG) in text and f"cam {secret}" not in text
    assert base64_of(JPEG)[:60] not in repr(result)


def test_pages_of_a_plant_take_no_pictures(tmp_path: Path) -> None:
    params = params_of(incident_report, dest=str(tmp_path), kind="index", entries=ENTRIES, pictures=[photo()])
    result = outcome_of(incident_report, params)
    assert "data:image" not in Path(result["files"]["html"]).read_text(encoding="utf-8")
