# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard checklist: what was seen of a host as seven steps, and of many hosts as one page. Pure. Private.

Evidence in, rows out. Each of the seven steps has a state (ok, attention, not observed) and a sentence.
"""

from __future__ import annotations

import typing as t

from ._checklist_host import ATTENTION, OK, UNSEEN, Look, Note, host_notes
from ._checklist_steps import (
    action_notes, admin_notes, finding_notes, incident_notes, incidents_of, moment, scope_notes, scope_of, status_notes,
)
from ._checklist_words import Tell
from ._plc_signals import part
from ._report_text import natural_key
from ._severity import line_severity

STEPS = (1, 2, 3, 4, 5, 6, 7)
#: The worse, the further to the right.
STATES = (OK, UNSEEN, ATTENTION)
SEVERITIES = ("SEV-1", "SEV-2", "SEV-3")

_STATS = ("line", "state", "severity", "finding", "sentence", "owner", "contact", "next_step", "plan", "incidents")
_FINDING = (
    "code", "sentence", "severity", "rule", "verdict", "owner", "next_step", "evidence", "counter_checks", "refuted", "also")


def checklist_row(look: Look, *, host: str, line: str, now: str, language: str = "en") -> dict[str, t.Any]:
    """Return what the seven steps say of one host.

    look: what was seen, any of it may be missing: inventory, url, plcs, cameras, unit, container, host_access, frozen,
    supervisor, test, host, finding, plan, notes, history, contacts, limits, and broke (why the look broke off).
    The row has host, line, state, severity, finding, sentence (the one that matters most), owner, contact, next_step,
    steps (number, state, sentence, notes), scope, diagnosis (the finding with its counter-checks), plan and incidents.
    """
    tell = Tell(language)
    if part(look, "inventory").get("mistakes"):
        look = {name: look[name] for name in ("inventory", "url", "limits") if name in look}
        seen = {number: [Note(UNSEEN, tell("stopped"))] for number in STEPS}
        seen[1] = scope_notes(look, now, tell)
        seen[5] = [Note(ATTENTION, tell("inventory.todo"))]
        incidents: list[dict[str, t.Any]] = []
    else:
        incidents = incidents_of(look, host, now)
        seen = {
            1: scope_notes(look, now, tell), 2: status_notes(look, now, tell), 3: admin_notes(look, now, tell),
            4: host_notes(look, tell), 6: finding_notes(look, tell), 7: incident_notes(look, incidents, tell)}
        seen[5] = action_notes(look, [note for number in sorted(seen) for note in seen[number]], tell)
    steps = [_step(number, seen[number]) for number in STEPS]
    finding = part(look, "finding")
    return {
        "host": host, "line": line, "state": worst_of(step["state"] for step in steps),
        "severity": str(finding.get("severity") or ""), "finding": str(finding.get("code") or ""),
        "sentence": _main(seen, finding), "owner": str(finding.get("owner") or ""),
        "contact": str(part(look, "contacts").get(finding.get("owner")) or ""),
        "next_step": str(finding.get("next_step") or ""), "steps": steps, "scope": scope_of(look),
        "diagnosis": {name: finding.get(name) for name in _FINDING} if finding else {},
        "plan": [str(step.get("name")) for step in look.get("plan") or []], "incidents": incidents,
    }


def checklist_plant(
    rows: t.Iterable[Look], *, now: str, hosts: t.Iterable[str] = (), language: str = "en"
) -> dict[str, t.Any]:
    """Return the checklist of many hosts: at, lines, severities (by line), counts, hosts (the worst last) and steps.

    hosts: all of the run; one without a row is told as not observed.
    """
    tell = Tell(language)
    known = list(rows)
    lost = [name for name in hosts if name not in {row["host"] for row in known}]
    known += [checklist_row({"broke": tell("lost")}, host=name, line="", now=now, language=language) for name in lost]
    rows = sorted(known, key=_badness)
    lines = sorted({row["line"] for row in rows if row["line"]}, key=natural_key)
    counts = {
        "hosts": len(rows), **{state: sum(row["state"] == state for row in rows) for state in STATES},
        **{name: sum(len(row["scope"][name]) for row in rows) for name in ("plcs", "cameras")}}
    steps = [_of_all(number, rows, tell) for number in STEPS]
    steps[0]["summary"] = tell("scope.all", **counts, lines=", ".join(lines), at=moment(now, tell))
    return {
        "at": now, "language": language, "lines": lines, "counts": counts, "hosts": rows, "steps": steps,
        "severities": [_of_line(line, rows, language) for line in lines],
    }


def checklist_fails(row: Look, fail_on: str) -> bool:
    """Say whether a host is at or above a severity; one that could not be looked at is, unless fail_on is never."""
    if fail_on not in SEVERITIES:
        return False
    return not row["finding"] or SEVERITIES[0] <= row["severity"] <= fail_on


def checklist_stats(plant: Look, files: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
    """Return the checklist as set_stats hands it over, keyed by host; files: the page, by format."""
    return {
        row["host"]: {
            **{name: row[name] for name in _STATS}, "at": plant["at"],
            "steps": {str(step["number"]): {name: step[name] for name in ("state", "sentence")} for step in row["steps"]},
            "verdict": row["diagnosis"].get("verdict") or "", "report": (files or {}).get("html", ""),
        }
        for row in plant["hosts"]}


def checklist_results(plant: Look, fail_on: str) -> dict[str, dict[str, t.Any]]:
    """Return how each host ended as the module result_files takes it: resolved is what is below the severity to fail on."""
    return {
        row["host"]: {
            **{name: row[name] for name in ("severity", "finding", "sentence", "next_step")}, "result": row["state"],
            "resolved": not checklist_fails(row, fail_on)}
        for row in plant["hosts"]}


def checklist_lines(plant: Look, files: t.Mapping[str, str] | None = None, why_not: str = "") -> list[str]:
    """Return the checklist as lines of a terminal: a table of hosts, the worst last, then the seven steps.

    files: the page, by format; why_not: why there is none, where one was wanted.
    """
    tell = Tell(plant["language"])
    page = next(iter((files or {}).values()), "")
    counts = plant["counts"]
    table = [
        tuple(tell(f"column.{name}") for name in ("host", "state", "steps", "what")),
        *((row["host"], shown_state(row, tell), _numbers(row), row["sentence"]) for row in plant["hosts"])]
    widths = [max(len(cells[column]) for cells in table) for column in range(3)]
    head = tell("head", at=moment(plant["at"], tell), counts=counted(counts, tell))
    return [
        head, *("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths)), cells[3]]) for cells in table),
        *(line for step in plant["steps"] for line in _step_lines(step)),
        *([tell("report", path=page)] if page else [tell("no_report", why=why_not)] if why_not else [])]


def counted(counts: Look, tell: Tell) -> str:
    """Return how many hosts are how, in words."""
    return tell("counts", hosts=counts["hosts"], ok=counts[OK], attention=counts[ATTENTION], unseen=counts[UNSEEN])


def shown_state(row: Look, tell: Tell) -> str:
    """Return the severity of a host, or its state where it has none."""
    return row["severity"] or tell(f"state.{row['state']}")


def worst_of(states: t.Iterable[str]) -> str:
    """Return the worst of some states; nothing seen is not observed."""
    return max(states, key=STATES.index, default=UNSEEN)


def _step(number: int, notes: t.Sequence[Note]) -> dict[str, t.Any]:
    """What needs attention is said first."""
    ordered = sorted(notes, key=lambda note: STATES.index(note.state), reverse=True)
    return {
        "number": number, "state": worst_of(note.state for note in notes),
        "sentence": " ".join(dict.fromkeys(_ended(note.text) for note in ordered)),
        "notes": [note._asdict() for note in ordered]}


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", ")")) else f"{text}."


def _main(seen: t.Mapping[int, t.Sequence[Note]], finding: Look) -> str:
    """Return the sentence that matters most: the finding, else what needs attention first."""
    if finding and finding.get("code") != "plc.healthy":
        return str(finding.get("sentence"))
    for state in (ATTENTION, UNSEEN):
        for number in (1, 6, 2, 3, 4, 7):
            for note in seen[number]:
                if note.state == state:
                    return note.text
    return str(finding.get("sentence") or "")


def _badness(row: Look) -> tuple[t.Any, ...]:
    rank = SEVERITIES.index(row["severity"]) if row["severity"] in SEVERITIES else len(SEVERITIES)
    return STATES.index(row["state"]), -rank, natural_key(row["host"])


def _of_line(line: str, hosts: t.Sequence[Look], language: str) -> dict[str, t.Any]:
    codes = [
        {"host": row["host"], "finding": code} for row in hosts if row["line"] == line
        for code in [row["finding"], *(side.get("code") for side in row["diagnosis"].get("also") or [])] if code]
    told = line_severity(codes, line=line, language=language)
    return {"line": line, **{name: told[name] for name in ("severity", "rule", "hosts", "sentence")}}


def _of_all(number: int, hosts: t.Sequence[Look], tell: Tell) -> dict[str, t.Any]:
    """One step over all hosts; what several hosts say in the same words is told once."""
    steps = [(row["host"], row["steps"][number - 1]) for row in hosts]
    groups: dict[tuple[str, str], list[str]] = {}
    for host, step in steps:
        if step["state"] != OK:
            text = " ".join(_ended(note["text"]) for note in step["notes"] if note["state"] != OK)
            groups.setdefault((step["state"], text), []).append(host)
    counts = {state: sum(step["state"] == state for dummy, step in steps) for state in STATES}
    return {
        "number": number, "title": tell(f"title.{number}"), "state": worst_of(step["state"] for dummy, step in steps),
        "counts": counts, "summary": _summary(counts, tell),
        "told": [
            {"state": state, "sentence": sentence, "hosts": names}
            for (state, sentence), names in sorted(groups.items(), key=lambda group: -STATES.index(group[0][0]))],
    }


def _step_lines(step: Look) -> list[str]:
    told = [f"     {', '.join(group['hosts'])}: {group['sentence']}" for group in step["told"]]
    return [f"{step['number']}  {step['title']}: {step['summary']}", *told]


def _summary(counts: t.Mapping[str, int], tell: Tell) -> str:
    if not counts[ATTENTION] and not counts[UNSEEN]:
        return tell("step.all_ok")
    return ", ".join(f"{counts[state]} {tell(f'state.{state}')}" for state in reversed(STATES) if counts[state])


def _numbers(row: Look) -> str:
    """Return the steps to look at; what was not observed has a question mark."""
    marks = {ATTENTION: "", UNSEEN: "?"}
    return " ".join(f"{step['number']}{marks[step['state']]}" for step in row["steps"] if step["state"] in marks) or "-"
