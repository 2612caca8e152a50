# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each host ended, as files that a CI job keeps: JUnit, JSON, and what the journal holds of it. Pure. Private."""

from __future__ import annotations

import json
import re
import typing as t
import xml.etree.ElementTree as xml

Outcomes = t.Mapping[str, t.Mapping[str, t.Any]]

#: Everything XML 1.0 has no way to write; text of a plant may hold it.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def result_files(name: str, outcomes: Outcomes, entries: t.Iterable[t.Any]) -> dict[str, bytes]:
    """Return the files by name. name: what ran; outcomes: by host; entries: of the hosts' journals, in their order."""
    data = json.dumps({"v": 1, "ran": name, "hosts": dict(outcomes)}, indent=1, sort_keys=True, ensure_ascii=True)
    lines = "".join(json.dumps(entry, ensure_ascii=True) + "\n" for entry in entries)
    return {"result.json": f"{data}\n".encode(), "junit.xml": _junit(name, outcomes), "journal.jsonl": lines.encode()}


def _junit(name: str, outcomes: Outcomes) -> bytes:
    """A test case for each host, which fails where a person has to act."""
    failed = [host for host, outcome in outcomes.items() if not outcome.get("resolved")]
    seconds = {host: float(outcome.get("seconds") or 0) for host, outcome in outcomes.items()}
    counts = {"tests": str(len(outcomes)), "failures": str(len(failed)), "errors": "0"}
    root = xml.Element("testsuites", counts)
    suite = xml.SubElement(root, "testsuite", {"name": _text(name), **counts, "time": f"{max(seconds.values(), default=0):.3f}"})
    for host, outcome in outcomes.items():
        case = xml.SubElement(suite, "testcase", {
            "classname": _text(name), "name": _text(host), "time": f"{seconds[host]:.3f}"})
        if host in failed:
            message = f"{outcome.get('result')}: {outcome.get('sentence')}"
            failure = xml.SubElement(case, "failure", {"type": _text(outcome.get("finding")), "message": _text(message)})
            failure.text = _text(outcome.get("next_step"))
        told = xml.SubElement(case, "system-out")
        told.text = _text("\n".join(_told(outcome)))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="utf-8") + b"\n"


def _told(outcome: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """What else is worth reading beside a green or red mark."""
    yield f"{outcome.get('result')}: {outcome.get('sentence')}"
    for key in ("actions", "proof", "notes"):
        values = [str(value) for value in outcome.get(key) or []]
        if values:
            yield f"{key}: {'; '.join(values)}"
    for key in ("severity", "incident", "report"):
        if outcome.get(key):
            yield f"{key}: {outcome[key]}"


def _text(value: t.Any) -> str:
    return _NOT_XML.sub("\ufffd", str("" if value is None else value))
