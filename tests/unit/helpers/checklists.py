# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the standard checklist saw of made-up hosts, with text of the plant in it that would like to be markup."""

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._checklist import checklist_plant, checklist_row
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import Incident

NOW = "2026-11-24T03:00:00Z"
HOSTILE = "<script>alert(1)</script> {{ 7 * 6 }} | [x](http://e.vil) \u202e"
SECRET = "canary-of-the-operator"
EVIDENCE = {
    "supervisor": {"status": {"plc_connected": True}}, "probe": {"probe": {"outcome": "closed"}, "observed_at": NOW},
    "route_test": {"success": False, "error": "timeout elapsed (1861)", "at": NOW}}


def look(name: str, healthy: bool = False, plan: bool = True) -> dict[str, t.Any]:
    """What was seen of a host, with text of the plant in it."""
    incident = Incident(host=name, line="line3").opened()
    incident.add(1, "escalate", "unresolved", finding="plc.silent", severity="SEV-1")
    evidence = {**EVIDENCE, "route_test": {"success": True}} if healthy else EVIDENCE
    return {
        "url": "http://10.0.0.1:5000", "plcs": [{"id": "plc_001", "name": HOSTILE, "ip_address": "10.0.0.2"}],
        "supervisor": {"log_excerpt": {"audits": [{"at": NOW, "action": "x", "actor": f"{HOSTILE} {SECRET}"}]}},
        "finding": diagnose(evidence, plc=HOSTILE, host=name), "plan": [{"name": "route", "title": "route"}] if plan else [],
        "contacts": {"L1": "shift desk 100"}, "history": {"entries": [] if healthy else incident.entries}}


def plant_of(*hosts: tuple[str, bool], language: str = "en", **how: t.Any) -> dict[str, t.Any]:
    """The checklist of a plant; hosts: name and whether it is healthy."""
    rows = [
        checklist_row(look(name, healthy, **how), host=name, line=name.split("-")[0], now=NOW, language=language) for name, healthy in hosts]
    return checklist_plant(rows, now=NOW, language=language)
