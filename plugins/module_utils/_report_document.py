# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of one incident as a page: first what a tired person needs, then the story, then the proof. Pure."""

from __future__ import annotations

import typing as t

from ._report_blocks import (
    Badge,
    Banner,
    Bullets,
    Checks,
    Facts,
    Inline,
    Page,
    Paragraph,
    Photo,
    Photos,
    Picture,
    Section,
    Strong,
    Table,
)
from ._report_entries import text_of, when
from ._report_photos import MOMENTS
from ._report_picture import picture
from ._report_rules import TIMES
from ._report_teller import STATE_TONES, TONES, Shown, Teller

Report = t.Mapping[str, t.Any]

#: Longer stories show their beginning and their end; all entries stand at the end of the page.
LONGEST_STORY = 200
_OWN_FIELDS = ("ts", "at", "phase", "event", "message")


def incident_page(report: Report, *, language: str, shown: Shown, plant: str = "") -> Page:
    """Return the page of an incident; shown: writes a time for people."""
    tell = Teller(language, shown, report["times"]["opened"])
    sections = (
        *remarks(report, tell),
        _timeline(report, tell),
        _proof(report, tell),
        _photos(report, tell),
        _findings(report, tell),
        _actions(report, tell),
        _refusals(report, tell),
        _escalation(report, tell),
        _evidence(report, tell),
        _closing(report, tell),
        _times(report, tell),
        _all_entries(report, tell),
        outside(report, tell),
    )
    title = f"{text_of(tell.data(report['host']).text)}: {tell.result(report['result']['code']).text}"
    return Page(title, language, _banner(report, tell, plant), tuple(section for section in sections if section))


def remarks(report: Report, tell: Teller) -> list[Paragraph]:
    """Return what a reader must know before believing the rest."""
    told = []
    for remark in report["remarks"]:
        values = {name: value if isinstance(value, (str, int)) else text_of(value) for name, value in remark.items()}
        if "seconds" in remark:
            values["duration"] = tell.duration(remark["seconds"])
        for name in ("entries", "told"):
            if name in remark:
                values[name] = ", ".join(map(str, remark[name]))
        words = tell.words(f"remark.{values.pop('code')}", **values)
        left = [tell.undo(item["undo"]) for item in report["left"]] if remark["code"] == "left" else []
        told.append(Paragraph((f"{words}: ", _joined(left)) if left else tell.data(words), "warn"))
    return told


def outside(report: Report, tell: Teller) -> Section | None:
    """Return the lines and entries that belong to no incident, as they are."""
    entries = report.get("outside") or []
    if not entries:
        return None
    rows = tuple((str(number), tell.whole(entry)) for number, entry in enumerate(entries, start=1))
    title = tell.words("outside", count=len(entries))
    return Section(title, (Table(title, ("#", tell.words("entry")), rows, titled=True),), folded=True, printed=False)


def _banner(report: Report, tell: Teller, plant: str) -> Banner:
    words, result = tell.words, report["result"]
    code = result["code"]
    closed = Badge(words("closed"), "good") if result["closed"] else None
    facts: list[tuple[str, Inline]] = [
        (words("incident"), tell.id(report["incident"])),
        (words("line"), tell.data(report["line"])),
        (words("playbook"), tell.data(report["playbook"])),
        (words("opened"), tell.moment(report["times"]["opened"])),
        (words("took"), tell.duration(report["times"]["run_s"])),
        (words("recurrence"), recurrence(report["recurrence"], tell)),
        (words("runner"), tell.data(", ".join(report["runners"]))),
    ]
    if report["severity"]["code"]:
        facts.insert(0, (words("severity"), (report["severity"]["code"], ": ", tell.rule(report["severity"]))))
    if plant:
        facts.insert(0, (words("plant"), tell.data(plant)))
    if report["superseded_by"]:
        facts.append((words("superseded"), tell.id(report["superseded_by"])))
    badges = (tell.result(code), tell.severity(report["severity"]), closed, words.known("meaning", code))
    return Banner(
        TONES[code],
        tell.data(report["host"]).text,
        tuple(badge for badge in badges if badge),
        tell.sentence(report["finding"]["code"], report["finding"]["sentence"]),
        words("next"),
        tell.todo(report),
        tuple(facts),
    )


def recurrence(told: Report, tell: Teller) -> str:
    """Return how often the finding was healed on this host before."""
    if not told["count"]:
        return tell.words("recurrence.first")
    count = tell.words("recurrence.count", count=told["count"])
    if told["since_s"] is None:
        return count
    return f"{count}, {tell.words('recurrence.last', ago=tell.duration(told['since_s']))}"


def _timeline(report: Report, tell: Teller) -> Section:
    words = tell.words
    items = report["timeline"]
    half = LONGEST_STORY // 2
    head, tail = (items, []) if len(items) <= LONGEST_STORY else (items[:half], items[-half:])
    rows = [_story_row(item, tell) for item in head]
    if tail:
        rows.append(("\u2026", "", words("left_out", count=len(items) - len(head) - len(tail))))
        rows += [_story_row(item, tell) for item in tail]
    caption = f"{words('timeline')} ({tell.day()})" if tell.day() else words("timeline")
    svg, legend, in_words = picture(report, tell)
    return Section(
        words("timeline"),
        (
            Picture(svg, legend),
            Section(
                words("picture.text"), (Bullets(in_words), Paragraph(words("definition.phase"))), folded=True, level=3
            ),
            Table(caption, (words("time"), words("phase"), words("event")), tuple(rows), told=True),
        ),
    )


def _story_row(item: Report, tell: Teller) -> tuple[Inline, ...]:
    entry = item["entry"]
    after = f" +{tell.duration(item['offset_s'])}" if item["offset_s"] else ""
    story = tell.story(entry)
    return (
        (tell.short_moment(when(entry)), after),
        tell.of("phase", entry.get("phase") or "?"),
        (tell.event(entry), ". " if story else "", story),
    )


def _proof(report: Report, tell: Teller) -> Section:
    words, proof = tell.words, report["proof"]
    if proof["verified"] is None:
        said: Inline = words("proof.none")
    elif proof["verified"]:
        told = tell.proof(proof["words"]) or tell.data(proof["message"])
        said = Strong(words("proof.yes", proof=getattr(told, "text", "") or words("none")))
    else:
        said = (Strong(words("proof.no")), " ", tell.data(proof["message"]))
    blocks: list[t.Any] = [Paragraph(said)]
    if report["comparison"]:
        rows = tuple(
            (tell.of("signal", row["signal"]), tell.code(row["before"]), tell.code(row["after"]))
            for row in report["comparison"]
        )
        blocks.append(Table(words("before_after"), (words("signal"), words("before"), words("after")), rows))
    return Section(words("proof"), tuple(blocks))


def _photos(report: Report, tell: Teller) -> Section | None:
    """Return the pictures, those of a camera side by side, that from before first."""
    photos = report["pictures"]
    cameras = dict.fromkeys(photo["camera"] for photo in photos)
    sections = tuple(
        _photos_of(camera, [photo for photo in photos if photo["camera"] == camera], tell) for camera in cameras)
    return Section(tell.words("photos"), sections) if sections else None


def _photos_of(camera: str, photos: t.Sequence[Report], tell: Teller) -> Section:
    words, name = tell.words, tell.data(camera).text
    ordered = sorted(photos, key=lambda photo: MOMENTS.index(photo["moment"]))
    items = tuple(
        Photo(
            photo["jpeg"], photo["width"], photo["height"], words(f"photos.{photo['moment']}", camera=name),
            (words(photo["moment"]), ": ", tell.moment(photo["at"]) if photo["at"] else words("not_observed")),
        )
        for photo in ordered
    )
    there = {photo["moment"] for photo in photos}
    missing = tuple(Paragraph(words(f"photos.none.{moment}")) for moment in MOMENTS if moment not in there)
    return Section(name, (Photos(items, words("photos.elsewhere")), *missing), level=3)


def _findings(report: Report, tell: Teller) -> Section | None:
    if not report["findings"]:
        return None
    blocks = tuple(block for finding in report["findings"] for block in _finding(finding, tell))
    return Section(tell.words("findings"), blocks)


def _finding(finding: Report, tell: Teller) -> list[t.Any]:
    words = tell.words
    blocks: list[t.Any] = [
        Paragraph(
            (
                Strong(tell.data(finding["severity"] or words("severity.none")).text),
                " ",
                tell.sentence(finding["code"], finding["sentence"]),
            )
        ),
        Facts(
            (
                (words("finding"), tell.value(finding["code"])),
                (words("verdict"), tell.of("verdict", finding["verdict"])),
                (words("time"), tell.moment(finding["at"])),
            )
        ),
    ]
    if finding["evidence"]:
        blocks.append(_observations(words("evidence_of"), finding["evidence"], tell, verdict=False))
    if finding["counter_checks"]:
        blocks.append(_observations(words("counter_checks"), finding["counter_checks"], tell))
    else:
        blocks.append(Paragraph(words("counter_checks.none")))
    if finding["also"]:
        told = tuple(
            (tell.value(side["code"]), " ", tell.sentence(side["code"], side["sentence"])) for side in finding["also"]
        )
        blocks.append(Section(words("also"), (Bullets(told),), level=3))
    if finding["refuted"]:
        blocks.append(
            Section(
                words("refuted"), tuple(_fallen(fallen, tell) for fallen in finding["refuted"]), folded=True, level=3
            )
        )
    return blocks


def _fallen(fallen: Report, tell: Teller) -> t.Any:
    checks = fallen["counter_checks"]
    return (
        _observations(tell.data(fallen["code"]).text, checks, tell) if checks else Paragraph(tell.value(fallen["code"]))
    )


def _observations(caption: str, observations: t.Sequence[Report], tell: Teller, verdict: bool = True) -> Table:
    words = tell.words
    header = (words("call_made"), words("value"), words("time"), words("vantage"), words("verdict"))
    rows = tuple(
        (
            tell.code(seen["call"] or seen["signal"]),
            tell.code(seen["value"]),
            tell.short_moment(seen["at"]),
            tell.data(seen["observed_from"]),
            tell.of("verdict", seen["verdict"]),
        )
        for seen in observations
    )
    return Table(caption, header, rows) if verdict else Table(caption, header[:-1], tuple(row[:-1] for row in rows))


def _actions(report: Report, tell: Teller) -> Section:
    words = tell.words
    blocks: list[t.Any] = []
    if report["plan"]:
        blocks.append(Paragraph((f"{words('plan')}: ", _joined([tell.step(step) for step in report["plan"]]))))
    blocks.append(
        actions_table(report["actions"], tell, words("actions"))
        if report["actions"]
        else Paragraph(words("actions.none"))
    )
    return Section(words("actions"), tuple(blocks))


def _joined(parts: t.Sequence[Inline]) -> Inline:
    return tuple(piece for part in parts for piece in (" \u00b7 ", part))[1:]


def actions_table(actions: t.Sequence[Report], tell: Teller, caption: str, with_host: bool = False) -> Table:
    """Return a table of actions; with_host for those of several hosts."""
    words = tell.words
    header = (
        words("action"),
        words("state"),
        words("requested"),
        words("original"),
        words("reached"),
        words("latency"),
        words("undo"),
    )
    rows = tuple(
        (
            (
                tell.of("action", action["action"]),
                (" \u2013 ", tell.code(action["target"])) if action["target"] else "",
            ),
            (
                Badge(words(f"state.{action['state']}"), STATE_TONES[action["state"]]),
                (" ", tell.data(action["message"])) if action["message"] else "",
            ),
            tell.value(action["requested"]),
            tell.value(action["original"]),
            tell.value(action["reached"]),
            tell.duration(action["latency_s"]),
            tell.undo(action["undo"]),
        )
        for action in actions
    )
    if not with_host:
        return Table(caption, header, rows, wide=True, titled=True)
    hosts = tuple(
        (tell.data(action["host"]), " ", tell.short_moment(action["began_at"] or action["ended_at"], with_day=True))
        for action in actions
    )
    return Table(
        caption,
        (words("host"), *header),
        tuple((who, *row) for who, row in zip(hosts, rows)),
        wide=True,
        titled=True,
    )


def _refusals(report: Report, tell: Teller) -> Section | None:
    words = tell.words
    if not report["refusals"]:
        return None
    rows = tuple(
        (
            tell.of("guard", refusal["guard"]),
            tell.data(refusal["message"]),
            (tell.of("action", refusal["action"]), " ", tell.data(refusal["target"]))
            if refusal["action"]
            else "\u2013",
            tell.short_moment(refusal["at"]),
        )
        for refusal in report["refusals"]
    )
    header = (words("guard"), words("reason"), words("action"), words("time"))
    return Section(words("refusals"), (Table(words("refusals"), header, rows, titled=True),))


def _escalation(report: Report, tell: Teller) -> Section | None:
    words, told = tell.words, report["escalation"]
    if told is None:
        return None
    steps = tell.steps({**report["next"], "step": told["next_step"], "finding": told["finding"]}, report)
    return Section(
        words("escalation"),
        (
            Facts(
                (
                    (words("level"), tell.level(told["level"])),
                    (words("contact"), tell.data(told["contact"]) if told["contact"] else words("call.unknown")),
                    (words("next_step"), _joined(steps)),
                    (words("time"), tell.moment(told["at"])),
                )
            ),
        ),
    )


def _evidence(report: Report, tell: Teller) -> Section | None:
    words = tell.words
    if not report["evidence"]:
        return None
    blocks = tuple(
        Facts(
            (
                (words("archive"), tell.code(saved["archive"])),
                ("SHA-256", tell.code(saved["sha256"])),
                (words("files"), str(int(saved["files"])) if saved["files"] is not None else "\u2013"),
                (words("not_collected"), tell.data(", ".join(saved["not_collected"]) or words("nothing"))),
                (words("time"), tell.moment(saved["at"])),
            )
        )
        for saved in report["evidence"]
    )
    return Section(words("evidence"), blocks, folded=True)


def _closing(report: Report, tell: Teller) -> Section:
    words, closing = tell.words, report["closing"]
    if report["result"]["code"] == "healthy" and not closing["at"]:
        return Section(words("closing"), (Paragraph(words("closing.healthy")),))
    items = tuple(
        (
            item["done"],
            words("item.done" if item["done"] else "item.open"),
            (words(f"item.{item['id']}"), *_parts(item, tell)),
        )
        for item in closing["items"]
    )
    return Section(words("closing"), (Checks(items),))


def _parts(item: Report, tell: Teller) -> list[Inline]:
    words = tell.words
    told: list[Inline] = []
    for part in item["parts"]:
        if part["reason"]:
            value: Inline = tell.data(words("item.none", reason=part["reason"]))
        else:
            value = tell.data(part["value"]) if part["value"] else words("item.open")
        if part["reason"] or part["value"] or len(item["parts"]) > 1:
            told.append((f" {words('part.' + part['name'])}: ", value, "."))
    return told


def _times(report: Report, tell: Teller) -> Section:
    words = tell.words
    rows = tuple(
        (words(f"time.{name}"), tell.duration(report["times"][name]), words(f"definition.{name}")) for name in TIMES
    )
    header = (words("measure"), words("duration"), words("definition"))
    return Section(words("times"), (Table(words("times"), header, rows, titled=True),))


def _all_entries(report: Report, tell: Teller) -> Section:
    words = tell.words
    rows = tuple(
        (
            str(item["n"]),
            tell.whole(when(entry)),
            tell.whole(_names(entry)),
            tell.whole(entry.get("message")),
            tell.whole(_rest(entry)),
        )
        for item in report["timeline"]
        for entry in (item["entry"],)
    )
    header = ("#", words("time"), f"{words('phase')}/{words('event')}", words("reason"), words("details"))
    title = words("all_entries", count=len(rows))
    return Section(title, (Table(title, header, rows, wide=True, titled=True),), folded=True, printed=False)


def _names(entry: Report) -> str:
    return f"{text_of(entry.get('phase'))}/{text_of(entry.get('event'))}"


def _rest(entry: Report) -> t.Any:
    return {name: value for name, value in entry.items() if name not in _OWN_FIELDS and value is not None}
