# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads at the end: the result of each host as data and as one line. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

#: Result -> whether the run has done its job for that host (DESIGN §3, exit codes).
RESULTS = {
    "HEALTHY": True, "HEALED": True, "PLANNED": True, "UNRESOLVED": False, "REFUSED": False, "FAILED": False,
    "BUSY": False,  # unless the run was told to skip such hosts
}

#: Words for a step that changed something, and for one that found nothing to change.
_DONE = {
    "disconnect": ("disconnected", "was disconnected"),
    "route": ("ADS route added", "ADS route was there"),
    "connect": ("connected", "was connected"),
    "write_test": ("test variable changed", "test variable written and put back"),
    "remove_route": ("ADS route removed", "ADS route was gone"),
    "write_rest": ("rest value changed", "rest value written"),
    "remove_controller_route": ("the controller's route removed", "the controller's route is gone"),
    "stop_streams": ("streams stopped", "streams were stopped"),
    "restart_daemon": ("restarted by its API (control script)", "restart by its API (control script)"),
    "restart_app": ("restarted by its API", "restart by its API"),
    "restart_container": ("its container restarted", "restart of its container"),
    "restart_host": ("its service restarted on the host", "restart of its service on the host"),
    "wait_for_start": ("waited until it had started", "waited until it had started"),
    "start_streams": ("streams started again", "streams were running"),
    "prune_artifacts": ("old stream files and backups pruned", "no old stream files or backups to prune"),
    "end_writers": ("processes ended that wrote beside {names}", "no process wrote beside {names} any more"),
    "ring_session": ("Ring session of {names} ended", "Ring session of {names} was gone"),
    "restart_stream": ("stream of {names} restarted", "stream of {names} was healthy"),
    "namespaces": ("a namespace's test variable changed", "one variable of each namespace written and put back"),
}
_PROOFS = (("test", "ok", "route test"), ("write", "ok", "write test"))


def outcome_of(
    finding: t.Mapping[str, t.Any],
    final: t.Mapping[str, t.Any],
    *,
    proof: t.Sequence[str],
    steps: t.Sequence[t.Mapping[str, t.Any]] = (),
    planned: t.Sequence[t.Mapping[str, t.Any]] = (),
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (),
    failed_step: str = "",
    check_mode: bool = False,
) -> dict[str, t.Any]:
    """Return the outcome of one host, of any playbook.

    proof: what proves that it is healthy, in words; finding: the diagnosis of what was wrong; final: the diagnosis at
    the end (the same object if nothing was done);
    steps: what was done, each with name and changed; failed_step: name of the one that failed, or "";
    planned: what was planned, told where nothing was done (--check); refusals: what the guard rails said against it, or
    against going on.
    """
    healthy = final["code"].endswith(".healthy")
    changed = any(step.get("changed") for step in steps)
    # A restart that was asked for and not begun leaves what is healthy as it is.
    if healthy and (steps or not planned):
        result = "HEALED" if changed else "HEALTHY"
    elif check_mode and planned:
        result = "PLANNED"
    else:
        result = "REFUSED" if refusals and not steps else "UNRESOLVED"
    told = finding if healthy else final
    return {
        "result": result,
        "resolved": RESULTS[result],
        "finding": told["code"],
        "sentence": told["sentence"],
        "severity": told["severity"],
        "rule": told["rule"],
        "verdict": told["verdict"],
        "evidence": told["evidence"],
        "counter_checks": told["counter_checks"],
        "also": told["also"],
        # Of the looks at the beginning: those at the end are fewer.
        "not_observed": finding["not_observed"],
        "refuted": list(dict.fromkeys(fallen["code"] for fallen in told["refuted"])),
        "actions": [words_of(step, failed_step) for step in steps] or [step["title"] for step in planned],
        "refusals": [refusal_words(refusal) for refusal in refusals],
        "changed": changed,
        "proof": list(proof) if healthy else [],
        "owner": told["owner"],
        "next_step": told["next_step"] or ("Remove what speaks against it, then run again." if result == "REFUSED" else ""),
    }


def plc_outcome(
    finding: t.Mapping[str, t.Any],
    final: t.Mapping[str, t.Any],
    *,
    steps: t.Sequence[t.Mapping[str, t.Any]] = (),
    planned: t.Sequence[t.Mapping[str, t.Any]] = (),
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (),
    failed_step: str = "",
    check_mode: bool = False,
) -> dict[str, t.Any]:
    """Return the outcome of one host in Playbook B; arguments: as of outcome_of."""
    return outcome_of(
        finding, final, proof=plc_proof(final), steps=steps, planned=planned, refusals=refusals, failed_step=failed_step,
        check_mode=check_mode)


def plc_proof(final: t.Mapping[str, t.Any]) -> list[str]:
    """Return what proves that a PLC takes commands, in words."""
    return [words for signal, value, words in _PROOFS if final["signals"].get(signal) == value]


def refusal_words(refusal: t.Mapping[str, t.Any]) -> str:
    """Return what a guard rail says, with the variable by which a person may decide otherwise."""
    override = refusal["override"].replace(": ", "=")
    return refusal["sentence"] + (f" (a person may decide otherwise: -e {override})" if override else "")


def words_of(step: t.Mapping[str, t.Any], failed_step: str) -> str:
    """Return what became of a step."""
    if step["name"] == failed_step or step.get("failed"):
        return f"FAILED: {step['title']}"
    changed, unchanged = _DONE[step["name"]]
    return (changed if step.get("changed") else unchanged).replace("{names}", ", ".join(step.get("names") or []))


def line_of(host: str, outcome: t.Mapping[str, t.Any]) -> str:
    """Return one line: host, result, finding, what was done, proof, severity, seconds, and who is next."""
    found = "found: " if outcome["result"] == "HEALED" else ""
    parts = [f"{host}: {outcome['result']} - {found}{outcome['sentence']}"]
    if outcome.get("actions"):
        parts.append(("would: " if outcome["result"] in ("PLANNED", "REFUSED") else "done: ") + ", ".join(outcome["actions"]))
    refused = "would be refused" if outcome["result"] == "PLANNED" else "not done"
    parts += [f"{refused}: {refusal}" for refusal in outcome.get("refusals") or []]
    if outcome.get("proof"):
        *first, last = outcome["proof"]
        parts.append("proven by " + " and ".join([*([", ".join(first)] if first else []), last]))
    if outcome["result"] in ("HEALTHY", "HEALED") and outcome.get("not_observed"):
        parts.append("not observed: " + ", ".join(outcome["not_observed"]))
    if outcome.get("severity"):
        parts.append(f"{outcome['severity']}: {outcome['rule']}")
    parts += [f"also: {side['sentence']}" for side in outcome.get("also") or []]
    parts += outcome.get("notes") or []
    if not outcome["resolved"] and outcome.get("next_step"):
        contact = (outcome.get("escalation") or {}).get("contact")
        parts.append(f"next ({outcome['owner']}{f', {contact}' if contact else ''}): {outcome['next_step']}")
    if outcome.get("report"):
        parts.append(f"report: {outcome['report']}")
    if outcome.get("seconds") is not None:
        # Numbers come as text from Jinja on ansible-core 2.18.
        own = float(outcome.get("supervisor_seconds") or 0.0)
        parts.append(f"{float(outcome['seconds']):.1f} s, of it {own:.1f} s the supervisor's own answers")
    return " | ".join(parts)


def summary_lines(
    outcomes: t.Mapping[str, t.Mapping[str, t.Any]], *, earlier: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]] | None = None
) -> list[str]:
    """Return the lines of all hosts, those that need a person last, where the eye stops.

    earlier: outcomes of other playbooks of the same run, told first, each incident once.
    """
    order = sorted(outcomes, key=lambda host: (not outcomes[host]["resolved"], host))
    told = {outcome.get("incident") for outcome in outcomes.values()}
    lines = []
    for host, before in sorted((earlier or {}).items()):
        for outcome in before:
            if outcome.get("incident") not in told:
                lines.append(line_of(host, outcome))
            told.add(outcome.get("incident"))
    return [*lines, *(line_of(host, outcomes[host]) for host in order)]
