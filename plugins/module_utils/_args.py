# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that several modules share, and the client made from them. Private to this collection."""

from __future__ import annotations

import secrets
import typing as t

from ._errors import LineopsError
from ._clock import utc_now
from ._supervisor import Reply, SupervisorClient

SUPERVISOR_SPEC: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "operator_key": {"type": "str", "no_log": True},
    "admin_key": {"type": "str", "no_log": True},
    "incident": {"type": "str", "default": ""},
    "runner": {"type": "str", "default": ""},
    "connect_timeout": {"type": "float", "default": 3.0},
    "read_timeout": {"type": "float", "default": 10.0},
    "proxy": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "run_from": {"type": "str", "choices": ["controller", "host"], "default": "controller"},
}

#: Where a PLC is; ams_port is always sent, since the supervisor's own default is wrong for TC3 (SUPERVISOR_API §4).
ADDRESS_SPEC: dict[str, t.Any] = {
    "ip_address": {"type": "str", "required": True},
    "ams_net_id": {"type": "str", "required": True},
    "ams_port": {"type": "int", "default": 851},
}
PLC_SPEC: dict[str, t.Any] = {"plc_id": {"type": "str", "default": "plc_001"}, **ADDRESS_SPEC}

#: Who we are when we speak ADS ourselves; never a supervisor's own address (DESIGN §7.2).
CONTROLLER_SPEC: dict[str, t.Any] = {
    "controller_ip": {"type": "str"},
    "controller_ams_net_id": {"type": "str"},
    "ads_timeout": {"type": "float", "default": 2.0},
}


def client_of(params: t.Mapping[str, t.Any], **more: t.Any) -> SupervisorClient:
    """Make the supervisor client that the shared options describe; more: arguments of the client that are no options.

    Each task of an incident gets a few digits of its own, so that no two calls carry the same X-Request-ID.
    """
    return SupervisorClient(
        params["url"],
        operator_key=params["operator_key"],
        admin_key=params["admin_key"],
        incident=f"{params['incident']}-{secrets.token_hex(2)}" if params["incident"] else "",
        runner=params["runner"],
        connect_timeout=params["connect_timeout"],
        read_timeout=params["read_timeout"],
        proxy=params["proxy"],
        verify=params["validate_certs"],
        **more,
    )


def check_limits(params: t.Mapping[str, t.Any], limits: t.Mapping[str, tuple[float, float]], code: str) -> None:
    """Say which option is out of its limits.

    limits: option -> least and most; code: of the error that says it.
    """
    for name, (least, most) in limits.items():
        if not least <= params[name] <= most:
            raise LineopsError(code, f"{name} is {params[name]}; expected {least:g} to {most:g}.")


def body_of(reply: Reply) -> t.Any:
    """Return the body of a read; a supervisor that says 500, or "error" in the body, has told nothing (supervisor.failed)."""
    if not reply.ok:
        raise LineopsError(
            "supervisor.failed", f"The supervisor failed at {reply.call}, status {reply.status}: {reply.error_text or 'no reason given'}")
    return reply.body


def mapping_in(body: t.Any, *names: str) -> dict[str, t.Any]:
    """Return the mapping at a path of an answer; {} where the supervisor sent something else there."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else {}


def mappings_in(body: t.Any, name: str) -> list[dict[str, t.Any]]:
    """Return the mappings in a list of an answer, e.g. the alerts; [] where the supervisor sent something else there."""
    items = body.get(name) if isinstance(body, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def calls_of(client: SupervisorClient) -> dict[str, t.Any]:
    """Return what every module says of its calls: one line each, and the supervisor's own answer time in seconds.

    One that another thread is still waiting for has no answer.
    """
    return {
        "calls": [
            f"{call['at']} {call['call']} -> {call['status'] or 'no answer'}, {call['elapsed_s'] or 0:.3f} s, {call['request_id']}"
            for call in client.calls
        ],
        "supervisor_seconds": round(sum(call["elapsed_s"] or 0 for call in client.calls), 3),
    }


def test_route(client: SupervisorClient, plc: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Let the supervisor test its route to a PLC.

    Returns success, error, elapsed_s, at, and levels ({operator, admin} -> accepted, refused or missing): on a refused
    operator key the same call is made once with the admin key, which tells a wrong key from a supervisor that refuses everybody.
    blocked is true if the answer did not come in time (quirk 5); such a call is never repeated.
    """
    levels: dict[str, str] = {}
    result: dict[str, t.Any] = {"success": False, "error": "", "levels": levels, "observed_from": "the supervisor itself"}
    for level in ("operator", "admin"):
        try:
            reply = client.route_test(plc["ams_net_id"], plc["ip_address"], plc["ams_port"], level=level)
        except LineopsError as error:
            if error.code == "supervisor.timeout" and error.details.get("phase") == "read":
                return {**result, "blocked": True, "error": error.message, "at": utc_now()}
            if error.code not in ("supervisor.key_refused", "supervisor.key_missing"):
                raise
            levels[level] = "refused" if error.code == "supervisor.key_refused" else "missing"
            continue
        levels[level] = "accepted"
        return {
            **result, "success": reply.ok, "error": "" if reply.ok else reply.error_text, "at": reply.at,
            "elapsed_s": round(reply.elapsed_s, 3), "device_name": reply.body.get("device_name"),
        }
    return {**result, "at": utc_now()}
