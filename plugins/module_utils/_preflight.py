# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight of day one: what must be there before the playbooks can work on a host, and who provides it. Pure.

Evidence in, rows out: item, state (ok, not observed, advised, missing), what is missing, and who does it. Private.
"""

from __future__ import annotations

import typing as t

from ._checklist_host import unwritable
from ._escalation import LEVELS
from ._plc_signals import part
from ._report_text import natural_key
from ._timestamps import ms_of
from ._words import Words, say

OK, UNSEEN, ADVISED, MISSING = "ok", "not observed", "advised", "missing"
#: The more urgent, the further to the right.
STATES = (OK, UNSEEN, ADVISED, MISSING)

#: Clocks that differ by more make the stories of supervisor, journal and log disagree.
CLOCK_S = 5.0

Look = t.Mapping[str, t.Any]

_WORDS: Words = {
    "state.ok": ("ok", "in Ordnung"),
    "state.not observed": ("not observed", "nicht beobachtet"),
    "state.advised": ("advised", "empfohlen"),
    "state.missing": ("MISSING", "FEHLT"),
    # items
    "item.inventory": ("inventory", "Inventar"),
    "item.contacts": ("contacts", "Kontakte"),
    "item.supervisor": ("supervisor answers", "Supervisor antwortet"),
    "item.operator_key": ("operator key", "Operator-Schlüssel"),
    "item.admin_key": ("admin key", "Admin-Schlüssel"),
    "item.guarded": ("supervisor asks for keys", "Supervisor verlangt Schlüssel"),
    "item.access": ("host access (SSH)", "Zugang zum Host (SSH)"),
    "item.python": ("Python and psutil on the host", "Python und psutil auf dem Host"),
    "item.state_dir": ("state directory", "Zustandsverzeichnis"),
    "item.process": ("supervisor process", "Prozess des Supervisors"),
    "item.manager": ("unit or container", "Unit oder Container"),
    "item.user": ("service user", "Service-Benutzer"),
    "item.route": ("route to the active PLC", "Route zur aktiven PLC"),
    "item.other_routes": ("routes to other PLCs", "Routen zu anderen PLCs"),
    "item.controller_route": ("controller's own ADS route", "eigene ADS-Route des Controllers"),
    "item.supervisor_clock": ("clock of the supervisor", "Uhr des Supervisors"),
    "item.host_clock": ("clock of the host", "Uhr des Hosts"),
    "item.report_dir": ("report directory", "Berichtsverzeichnis"),
    "item.secrets": ("secrets of other lines", "Geheimnisse anderer Linien"),
    "item.look": ("the look itself", "der Blick selbst"),
    # who
    "who.inventory": ("whoever keeps the inventory", "wer das Inventar pflegt"),
    "who.secrets": ("whoever keeps lineops_secrets", "wer lineops_secrets pflegt"),
    "who.host": ("administrator of the host", "Administrator des Hosts"),
    "who.supervisor": ("administrator of the supervisor", "Administrator des Supervisors"),
    "who.plc": ("PLC engineer", "PLC-Engineering"),
    "who.controller": ("administrator of the controller", "Administrator des Controllers"),
    "who.playbook_b": ("Playbook B", "Playbook B"),
    "who.development": ("development (L2)", "Entwicklung (L2)"),
    # what
    "no_contact": ("lineops_contacts names nobody for {levels}", "lineops_contacts nennt niemanden für {levels}"),
    "key.not_given": (
        "{name} is not in lineops_secrets; what needs it is not observed",
        "{name} steht nicht in lineops_secrets; was ihn braucht, wird nicht beobachtet"),
    "key.unproven": ("accepted, but so would be any other", "angenommen, aber das würde jeder andere auch"),
    "key.level": (
        "its level is too low, for example a viewer key",
        "seine Stufe ist zu niedrig, etwa ein Viewer-Schlüssel"),
    "key.expired": ("it has expired", "er ist abgelaufen"),
    "key.disabled": ("it is disabled", "er ist gesperrt"),
    "key.wrong": ("the supervisor does not know it", "der Supervisor kennt ihn nicht"),
    "key.other": ("it is refused", "er wird abgelehnt"),
    "unguarded": (
        "it takes commands without a key: set SMARTHOME_ADMIN_API_KEY",
        "er nimmt Befehle ohne Schlüssel an: SMARTHOME_ADMIN_API_KEY setzen"),
    "no_access": (
        "lineops_host_access is false, so only the API is used",
        "lineops_host_access ist false: Es wird nur die API genutzt"),
    "no_access.state": (
        "no host keeps the state: guard rails local only. Set lineops_state_host",
        "kein Host hält den Zustand: Schutzregeln nur lokal. lineops_state_host setzen"),
    "unwritten": ("write path not proven (--check)", "Schreiben nicht bewiesen (--check)"),
    "held": ("write path not proven: {why}", "Schreiben nicht bewiesen: {why}"),
    "no_process": ("no process listens at lineops_supervisor_url", "an lineops_supervisor_url lauscht kein Prozess"),
    "no_manager": (
        "name lineops_supervisor_unit or lineops_supervisor_container",
        "lineops_supervisor_unit oder lineops_supervisor_container nennen"),
    "unknown_unit": ("systemd does not know {name}", "systemd kennt {name} nicht"),
    "unknown_container": ("{name}: {why}", "{name}: {why}"),
    "no_user": ("{name} does not exist", "{name} gibt es nicht"),
    "no_user_known": ("neither a unit nor a process tells who it is", "weder eine Unit noch ein Prozess nennt ihn"),
    "unwritable": ("{name} may not write to {paths}", "{name} darf in {paths} nicht schreiben"),
    "no_route_wanted": (
        "lineops_controller_ads.route is none: state of the PLC, its route list and namespaces stay not observed",
        "lineops_controller_ads.route ist none: Zustand der PLC, ihre Routenliste und Namespaces bleiben unbeobachtet"),
    "temporary": (
        "made for each run and taken away again; not tried here",
        "wird für jeden Lauf eingetragen und wieder entfernt; hier nicht versucht"),
    "no_route": ("the PLC does not answer the controller: {why}", "die PLC antwortet dem Controller nicht: {why}"),
    "clock": ("{seconds} s {way} of the controller", "{seconds} s {way}"),
    "ahead": ("ahead", "vor dem Controller"),
    "behind": ("behind that", "hinter dem Controller"),
    "not_asked": ("it was not asked", "es wurde nicht gefragt"),
    "no_reports": (
        "no reports are wanted (lineops_report_dir is empty)",
        "keine Berichte gewünscht (lineops_report_dir ist leer)"),
    "no_dir": ("{path} cannot be written", "{path} lässt sich nicht beschreiben"),
    # the table
    "column.item": ("ITEM", "PUNKT"),
    "column.state": ("STATE", "ZUSTAND"),
    "column.hosts": ("HOSTS", "HOSTS"),
    "column.what": ("WHAT IS MISSING", "WAS FEHLT"),
    "column.who": ("WHO", "WER"),
    "all": ("all", "alle"),
    "controller": ("controller", "Controller"),
    "more": ("{names} and {count} more", "{names} und {count} weitere"),
    "head.ready": (
        "Ready: nothing that is required is missing on {hosts} hosts.",
        "Bereit: Auf {hosts} Hosts fehlt nichts, was nötig ist."),
    "head.missing": ("Not ready: what is required and missing: {count}.", "Nicht bereit: was nötig ist und fehlt: {count}."),
}


class _Rows:
    """Collects the rows of one host in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.rows: list[dict[str, t.Any]] = []

    def words(self, key: str, **names: t.Any) -> str:
        return say(_WORDS, key, self._language, **names)

    def add(self, item: str, state: str, what: str = "", who: str = "", required: bool = True) -> None:
        """required: whether the playbooks cannot work without it; what is only advised never is."""
        self.rows.append({
            "item": self.words(f"item.{item}"), "code": item, "state": state, "what": what,
            "required": required and state != ADVISED,
            "who": self.words(f"who.{who}") if who and state != OK else ""})

    def check(self, item: str, good: t.Any, otherwise: str, what: str, who: str) -> None:
        """Add a row that is ok, or otherwise says what is missing and who provides it."""
        self.add(item, OK if good else otherwise, "" if good else what, who)

    def unseen(self, item: str, why: t.Any, required: bool = True) -> None:
        self.add(item, UNSEEN, str(why or self.words("not_asked")), required=required)


def preflight_rows(look: Look, *, check_mode: bool = False, language: str = "en") -> list[dict[str, t.Any]]:
    """Return the rows of one host.

    look: as for the checklist, and lease_looked, lease_held (results of lease), controller_ads, routes (of
    ads_route_info), other_plcs (how many), standby_notes, state_host_is_local, before and after (the controller's time
    around host).
    """
    told = _Rows(language)
    mistakes, of_tickets = (part(look, "inventory").get(name) or [] for name in ("mistakes", "delivery_mistakes"))
    for mistake in (*mistakes, *of_tickets):
        told.add("inventory", MISSING, str(mistake), "secrets" if "lineops_secrets" in str(mistake) else "inventory")
    if mistakes:
        return told.rows
    if not of_tickets:
        told.add("inventory", OK)
    nobody = [level for level in LEVELS if not part(look, "contacts").get(level)]
    told.check("contacts", not nobody, ADVISED, told.words("no_contact", levels=", ".join(nobody)), "inventory")
    if look.get("broke"):
        told.add("look", MISSING, str(look["broke"]), "development")
    for add in (_supervisor, _keys, _access, _state_dir, _services, _routes, _controller_route, _clocks):
        add(told, look, check_mode)
    return told.rows


def preflight_plant(
    hosts: t.Mapping[str, t.Sequence[Look]], *, report_dir: str = "", report_places: t.Iterable[Look] = (),
    secret_mistakes: t.Iterable[str] = (), language: str = "en",
) -> dict[str, t.Any]:
    """Return the preflight of a run: ready, missing (how many required rows), hosts (their rows), controller (its own).

    report_places: results of stat for the report directory and those above it, the nearest first; secret_mistakes: of
    lines outside the run.
    """
    own = _Rows(language)
    if report_dir:
        nearest = next((place for place in report_places if part(place, "stat").get("exists")), {})
        stat = part(nearest, "stat")
        good = stat.get("isdir") and stat.get("writeable") and stat.get("executable")
        own.check("report_dir", good, MISSING, own.words("no_dir", path=report_dir), "controller")
    else:
        own.add("report_dir", ADVISED, own.words("no_reports"), "inventory")
    mistakes = list(secret_mistakes)
    for mistake in mistakes:
        own.add("secrets", ADVISED, mistake, "secrets")
    if not mistakes:
        own.add("secrets", OK)
    missing = sum(is_missing(row) for rows in [*hosts.values(), own.rows] for row in rows)
    return {
        "ready": not missing, "missing": missing, "language": language, "controller": own.rows,
        "hosts": {host: list(rows) for host, rows in hosts.items()}}


def is_missing(row: Look) -> bool:
    """Say whether a row keeps the playbooks from working; what is required and was not observed does, too."""
    return bool(row["required"]) and row["state"] in (MISSING, UNSEEN)


def preflight_fails(plant: Look, host: str) -> bool:
    """Say whether a host of the run is not ready; the controller's own rows are told with the first host."""
    rows = [*plant["hosts"].get(host, ()), *(plant["controller"] if host == next(iter(plant["hosts"]), "") else ())]
    return host not in plant["hosts"] or any(map(is_missing, rows))


def preflight_lines(plant: Look) -> list[str]:
    """Return one table: item, state, hosts, who does it, what is missing; the most urgent last."""
    told = _Rows(plant["language"])
    groups: dict[tuple[str, ...], list[str]] = {}
    for host, rows in [*plant["hosts"].items(), (told.words("controller"), plant["controller"])]:
        for row in rows:
            groups.setdefault((row["state"], row["item"], row["what"], row["who"]), []).append(host)
    everybody = sorted(plant["hosts"], key=natural_key)
    ordered = sorted(groups.items(), key=lambda group: STATES.index(group[0][0]))
    table = [tuple(told.words(f"column.{name}") for name in ("item", "state", "hosts", "who", "what"))]
    for (state, item, what, who), hosts in ordered:
        is_all = len(hosts) > 1 and sorted(hosts, key=natural_key) == everybody
        names = told.words("all") if is_all else _named(hosts, told)
        table.append((item, told.words(f"state.{state}"), names, who or "-", what or "-"))
    widths = [max(len(cells[column]) for cells in table) for column in range(4)]
    head = told.words("head.ready" if plant["ready"] else "head.missing", hosts=len(plant["hosts"]), count=plant["missing"])
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths)), cells[4]]) for cells in table]
    return [*lines, head]


def _named(hosts: t.Sequence[str], told: _Rows) -> str:
    return ", ".join(hosts) if len(hosts) <= 3 else told.words("more", names=", ".join(hosts[:2]), count=len(hosts) - 2)


# --- the items -------------------------------------------------------------------------------------------------------


def _supervisor(told: _Rows, look: Look, dummy: bool) -> None:
    supervisor = part(look, "supervisor")
    why = part(supervisor, "not_observed", "status").get("message")
    told.check("supervisor", "status" in supervisor, MISSING, str(why or told.words("not_asked")), "supervisor")


def _keys(told: _Rows, look: Look, dummy: bool) -> None:
    supervisor = part(look, "supervisor")
    keys = part(supervisor, "keys")
    if not keys:
        why = part(supervisor, "not_observed", "keys").get("message")
        for item in ("operator_key", "admin_key", "guarded"):
            told.unseen(item, why, required=item != "guarded")
        return
    is_open = part(keys, "none").get("answer") == "accepted"
    for level in ("operator", "admin"):
        answer, why = (part(keys, level).get(name) for name in ("answer", "why"))
        item = f"{level}_key"
        if answer == "accepted":
            told.check(item, not is_open, ADVISED, told.words("key.unproven"), "supervisor")
        elif answer == "missing":
            told.add(item, ADVISED, told.words("key.not_given", name=item), "secrets")
        else:
            known = why if f"key.{why}" in _WORDS else "other"
            told.add(item, MISSING, told.words(f"key.{known}"), "secrets")
    told.check("guarded", not is_open, ADVISED, told.words("unguarded"), "supervisor")


def _access(told: _Rows, look: Look, dummy: bool) -> None:
    if look.get("host_access") is False:
        told.add("access", ADVISED, told.words("no_access"), "inventory")
        return
    failure = part(look, "host", "failure")
    code, why = failure.get("code"), str(failure.get("message") or "")
    if code == "host.unreachable":
        told.add("access", MISSING, why, "host")
        told.unseen("python", why)
    elif code:
        told.add("access", OK)
        told.add("python", MISSING, why, "host")
    elif part(look, "host"):
        told.add("access", OK)
        told.add("python", OK)
    else:
        told.unseen("access", "")


def _state_dir(told: _Rows, look: Look, check_mode: bool) -> None:
    if look.get("state_host_is_local"):
        told.add("state_dir", ADVISED, told.words("no_access.state"), "inventory")
        return
    looked, held = part(look, "lease_looked"), part(look, "lease_held")
    failure = part(looked, "failure") or part(held, "failure")
    if failure:
        told.add("state_dir", MISSING, str(failure.get("message")), "host")
    elif held.get("held"):
        told.add("state_dir", OK)
    elif not looked:
        told.unseen("state_dir", "")
    else:
        why = told.words("unwritten") if check_mode else told.words("held", why=looked.get("message"))
        told.add("state_dir", UNSEEN, why, required=False)


def _services(told: _Rows, look: Look, dummy: bool) -> None:
    view = part(look, "host")
    if look.get("host_access") is False or part(view, "failure") or not view:
        return  # told as host access
    found = part(view, "supervisor").get("pid") is not None or part(view, "supervisor").get("api") == "answers"
    told.check("process", found, MISSING, told.words("no_process"), "supervisor")
    unit, container = look.get("unit"), part(look, "container").get("name")
    if unit:
        known = part(view, "unit").get("load_state") == "loaded"
        told.check("manager", known, MISSING, told.words("unknown_unit", name=unit), "inventory")
    if container:
        why = next((what for what in view.get("not_observed") or [] if str(what).startswith("container")), "?")
        what = told.words("unknown_container", name=container, why=why)
        told.check("manager", part(view, "container"), MISSING, what, "inventory")
    if not unit and not container:
        told.add("manager", ADVISED, told.words("no_manager"), "inventory")
    user = part(view, "permissions", "user")
    closed = unwritable(part(view, "permissions"))
    if not user:
        told.unseen("user", told.words("no_user_known"), required=False)
    elif user.get("exists") is False:
        told.add("user", MISSING, told.words("no_user", name=user.get("name")), "host")
    else:
        what = told.words("unwritable", name=user.get("name"), paths=", ".join(closed))
        told.check("user", not closed, MISSING, what, "host")


def _routes(told: _Rows, look: Look, dummy: bool) -> None:
    finding = part(look, "finding")
    test = part(finding, "signals").get("test")
    if test == "ok":
        told.add("route", OK)
    elif test is None:
        told.unseen("route", finding.get("sentence"))
    else:
        told.add("route", MISSING, str(finding.get("sentence")), "playbook_b" if look.get("plan") else "plc")
    if int(look.get("other_plcs") or 0):  # text, from Jinja on ansible-core 2.18
        notes = [str(note) for note in look.get("standby_notes") or []]
        for note in notes:
            told.add("other_routes", MISSING, note, "plc")
        if not notes:
            told.add("other_routes", OK if test is not None else UNSEEN)


def _controller_route(told: _Rows, look: Look, dummy: bool) -> None:
    wanted = part(look, "controller_ads").get("route") or "none"
    routes = part(look, "routes")
    if wanted == "none":
        told.add("controller_route", ADVISED, told.words("no_route_wanted"), "inventory")
    elif routes.get("usable") is True:
        told.add("controller_route", OK)
    elif wanted == "temporary":
        told.add("controller_route", UNSEEN, told.words("temporary"), required=False)
    else:
        told.add("controller_route", MISSING, told.words("no_route", why=routes.get("remark") or "?"), "plc")


def _clocks(told: _Rows, look: Look, dummy: bool) -> None:
    supervisor = part(look, "supervisor")
    clock = part(supervisor, "clock")
    asked = ms_of(clock.get("asked_at"))
    answered = None if asked is None else asked + int(1000 * float(clock.get("elapsed_s") or 0))
    why = part(supervisor, "not_observed", "clock").get("message")
    _clock(told, "supervisor_clock", ms_of(clock.get("told")), asked, answered, why)
    if look.get("host_access") is False:
        return
    failure = part(look, "host", "failure")
    # Where the host said nothing, the time in the result is the controller's own.
    at = None if failure else ms_of(part(look, "host").get("observed_at"))
    _clock(told, "host_clock", at, ms_of(look.get("before")), ms_of(look.get("after")), failure.get("message"))


def _clock(told: _Rows, item: str, at: int | None, before: int | None, after: int | None, why: t.Any) -> None:
    """Compare a clock with the controller's times before and after it was read."""
    if at is None or before is None or after is None:
        told.unseen(item, why, required=False)
        return
    off = (at - after if at > after else at - before if at < before else 0) / 1000
    way = told.words("ahead" if off > 0 else "behind")
    told.check(item, abs(off) <= CLOCK_S, ADVISED, told.words("clock", seconds=f"{abs(off):.0f}", way=way), "host")
