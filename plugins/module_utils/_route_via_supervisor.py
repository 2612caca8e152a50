# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ADS routes through the supervisor's API (SUPERVISOR_API §4, quirks 4, 9). Private to this collection."""

from __future__ import annotations

import typing as t

from ._ads_route_entries import RouteEntry, check_writable
from ._args import body_of, calls_of, client_of, test_route
from ._change import Change
from ._errors import LineopsError
from ._supervisor import SupervisorClient


def _refuse_net_id_change(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> None:
    """Stop before an add that would give the supervisor another NetId (quirk 9)."""
    own = body_of(client.route_status()).get("local_ams_net_id")
    if own != params["local_ams_net_id"] and not params["allow_net_id_change"]:
        raise LineopsError(
            "route.net_id_differs",
            f"The supervisor's own NetId is {own}, the inventory says {params['local_ams_net_id']}; nothing was added.",
            "Correct lineops_plcs[].route.local_ams_net_id, or set allow_net_id_change.")


def _refuse_without_credentials(params: t.Mapping[str, t.Any]) -> None:
    if not (params["plc_username"] and params["plc_password"]):
        raise LineopsError(
            "route.no_credentials", "The route is missing and no PLC user and password are given to add it.",
            "Put plc_username and plc_password into lineops_secrets.")


def _add(client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any]) -> str:
    """Ask for the route; the answer is a claim (quirk 9) and only sorted, not believed."""
    reply = change.command(lambda: client.route_add(
        params["ams_net_id"], params["ip_address"], params["local_ams_net_id"], params["local_ip"],
        params["route_name"], params["plc_username"], params["plc_password"]))
    if reply.ok:
        return "accepted"
    return "unanswered" if "timed out" in reply.error_text else "rejected"


_ADD_FAILURES = {
    "accepted": ("route.not_taken", "The supervisor says the route was added, but the PLC does not let it in."),
    "rejected": ("route.rejected", "The PLC refused to add the route."),
    "unanswered": ("route.unanswered", "The PLC did not answer the request for a route (UDP 48899)."),
}


def present(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Test, add if the test timed out, test again; returns the result of ads_route or raises LineopsError with it."""
    entry = RouteEntry(params["route_name"], params["local_ams_net_id"], params["local_ip"])
    check_writable(entry, params["plc_username"], params["plc_password"])
    with client_of(params) as client:
        first = test = params["tested"] or test_route(client, params)
        change = Change("present", "present" if first.get("success") else "absent")
        answer = ""

        def said() -> dict[str, t.Any]:
            return {"original_test": first, "test": test, "answer": answer, **calls_of(client)}

        if first.get("success"):
            return change.result(verified=True, **said())
        try:
            said_why = first.get("error") or "it gave no reason"
            if "(1861)" not in said_why:
                raise LineopsError(
                    "route.not_missing", f"The route test failed for another reason than a missing route: {said_why}")
            _refuse_net_id_change(client, params)
            _refuse_without_credentials(params)
            if check_mode:
                return change.result(changed=True, reached="present", **said())
            answer, test = _add(client, change, params), {}
            test = test_route(client, params)
            if not test["success"]:
                # Only a test that timed out again shows that the PLC did not take what the supervisor says it did.
                if answer != "accepted" or "(1861)" in test["error"]:
                    change.note(changed=False, reached="absent")
                raise LineopsError(*_ADD_FAILURES[answer])
        except LineopsError as error:
            raise change.failed(error, **said()) from error
        return change.result(changed=True, reached="present", verified=True, **said())
