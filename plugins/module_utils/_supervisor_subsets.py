# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a supervisor may hold, by name, and how it is asked for. Private to this collection."""

from __future__ import annotations

import typing as t

from ._admin_log import MAX_ROWS, chain_verdict, excerpt, plain_rows
from ._args import body_of, mapping_in, mappings_in, test_route
from ._errors import LineopsError
from ._supervisor import SupervisorClient

#: After one of these, asking the same supervisor for more only costs time.
_HOPELESS = ("supervisor.unreachable", "supervisor.timeout", "library.missing")


def observe(
    client: SupervisorClient, names: t.Iterable[str], params: t.Mapping[str, t.Any]
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Ask for subsets in order; return what was observed, and by name the failure of what was not.

    params: plcs for route_test, log_limit for logs.
    """
    observed: dict[str, t.Any] = {}
    not_observed: dict[str, t.Any] = {}
    hopeless: dict[str, t.Any] = {}
    for name in names:
        if hopeless:
            not_observed[name] = hopeless
            continue
        try:
            observed[name] = SUBSETS[name](client, params)
        except LineopsError as error:
            not_observed[name] = error.as_failure()
            hopeless = error.as_failure() if error.code in _HOPELESS else {}
    return observed, not_observed


def _status(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    body = body_of(client.system_status())
    breakers = mapping_in(body, "circuit_breakers")
    return {
        "plc_connected": mapping_in(body, "plc").get("connected") is True,
        "breakers": {name: mapping_in(breakers, name).get("state") for name in breakers},
        "rejected": {name: mapping_in(breakers, name).get("total_rejected") for name in breakers},
    }


def _slo(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    body = body_of(client.slo())
    return {"status": body.get("status"), "alerts": [alert.get("name") for alert in mappings_in(body, "alerts")]}


def _plc_config(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    return {"stored": body_of(client.plc_config()), "target": client.debug_target().body}


def _route_test(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    return {plc["id"]: test_route(client, plc) for plc in params["plcs"]}


def _log_excerpt(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    rows = body_of(client.logs(limit=MAX_ROWS))
    return excerpt(rows, body_of(client.logs("restart", params["log_limit"])), params["log_limit"])


def _restart_errors(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    """Stream trouble is not among them (quirk 2)."""
    return plain_rows(body_of(client.logs("restart_error", params["log_limit"])))


def _log_chain(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    verified = body_of(client.logs_verify())
    return chain_verdict(verified, [] if verified.get("ok") is True else body_of(client.logs(limit=MAX_ROWS)))


def _slo_detail(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    body = body_of(client.slo())
    return {
        "status": body.get("status"), "alerts": mappings_in(body, "alerts"), "targets": mapping_in(body, "targets"),
        **{name: mapping_in(body, "sli", name) for name in ("api", "streams")}}


def _keys(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    """Without a key, too: a supervisor that asks for none takes a wrong one as well, which proves nothing (§1)."""
    return {
        "operator": _door(lambda: client.operator_door("operator")) if params.get("operator_key") else _MISSING,
        "admin": _door(client.service_info) if params.get("admin_key") else _MISSING,
        "none": _door(lambda: client.operator_door(None)),
    }


_MISSING = {"answer": "missing", "why": ""}


def _door(ask: t.Callable[[], t.Any]) -> dict[str, str]:
    """Say whether a key opens a door: beyond it a call without content is rejected, before it the key is refused."""
    try:
        ask()
    except LineopsError as error:
        if error.code == "supervisor.key_refused":
            return {"answer": "refused", "why": error.details.get("why", "")}
        if error.code != "supervisor.rejected" or error.details.get("status") != 400:
            raise
    return {"answer": "accepted", "why": ""}


def _clock(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> t.Any:
    reply = client.system_status()
    return {"told": body_of(reply).get("timestamp_utc"), "asked_at": reply.at, "elapsed_s": round(reply.elapsed_s, 3)}


_Ask = t.Callable[[SupervisorClient, t.Mapping[str, t.Any]], t.Any]

#: Subsets that are asked for by name only.
ON_REQUEST: dict[str, _Ask] = {
    "route_test": _route_test,
    "log_excerpt": _log_excerpt,
    "restart_errors": _restart_errors,
    "log_chain": _log_chain,
    "slo_detail": _slo_detail,
    "keys": _keys,
    "clock": _clock,
}
#: Name of a subset -> how it is asked for.
SUBSETS: dict[str, _Ask] = {
    "status": _status,
    "slo": _slo,
    "streams": lambda client, params: body_of(client.streams()).get("streams"),
    "versions": lambda client, params: body_of(client.versioning()),
    "service": lambda client, params: body_of(client.service_info()),
    "logs": lambda client, params: body_of(client.logs(limit=params["log_limit"])),
    "plc_config": _plc_config,
    "route_status": lambda client, params: body_of(client.route_status()),
    **ON_REQUEST,
}
