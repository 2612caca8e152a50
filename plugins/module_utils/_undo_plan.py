# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking an incident back: what of it is undone, in which order, and what is not and why. Pure. Private.

Decided here, and why:

* An action is taken back to where it began, so one whose beginning the journal does not know is left to a person.
* A disconnect and a connect cancel out, whatever was written between them: to take both back would only interrupt the link.
* A link whose route is taken away is not connected again: it would be refused, or be connected and dead.
* The newest comes first, in the order that is the reverse of Playbook B's: a test variable is put to rest as long as
  there is a link, a link goes before its route, and the controller's own route last, since it is the way to the others.
* Of what may not stay (open_undos) it does not matter what a later incident did: it puts a variable to rest.
"""

from __future__ import annotations

import typing as t

from ._actions import action_of, target_of
from ._incidents import open_incidents
from ._journal_rules import open_undos
from ._outcome import refusal_words, words_of
from ._report_actions import actions_of
from ._report_words import WORDS
from ._words import Words, say

#: What an undo does, in the order in which it is done -> what proves it, what its module is asked for beside, and what it
#: reaches where the module returns nothing.
_STEPS: dict[str, dict[str, str]] = {
    "write_rest": {"proof": "write of the rest value"},
    "disconnect": {"proof": "the supervisor's flag"},
    "remove_route": {"proof": "the PLC's route list", "reached": "absent"},
    "connect": {"proof": "route test", "state": "connected"},
    "remove_controller_route": {"proof": "", "reached": "absent"},
}
#: Who removes a route by hand or looks at a PLC (as in the table of findings).
_OWNER = "L1"
_LINK = ("connect", "disconnect")

_WORDS: Words = {
    "no_undo": (
        "{what} cannot be taken back: the journal names nothing that does it.",
        "{what} lässt sich nicht zurücknehmen: das Journal nennt nichts, was das tut."),
    "unknown_undo": (
        "{what} cannot be taken back from here: nothing here can {do}.",
        "{what} lässt sich von hier nicht zurücknehmen: nichts hier kann {do}."),
    "unknown_before": (
        "{what} of {plc} is not taken back: how it was before is not in the journal. Look at it by hand (TwinCAT XAE).",
        "{what} von {plc} wird nicht zurückgenommen: wie es vorher war, steht nicht im Journal. Von Hand nachsehen "
        "(TwinCAT XAE)."),
    "other_plc": (
        "{what} of {plc} is not taken back: the inventory says that the supervisor's PLC is {active} now.",
        "{what} von {plc} wird nicht zurückgenommen: laut Inventar ist die PLC des Supervisors jetzt {active}."),
    "no_way": (
        "The route {route} of {plc} cannot be taken back from here: a supervisor cannot delete a route, and the controller "
        "has no way to the PLC (lineops_controller_ads). Remove it by hand in TwinCAT XAE (SYSTEM > Routes).",
        "Die Route {route} von {plc} lässt sich von hier nicht zurücknehmen: ein Supervisor kann keine Route löschen, und "
        "der Controller hat keinen Weg zur PLC (lineops_controller_ads). Von Hand in TwinCAT XAE entfernen (SYSTEM > "
        "Routes)."),
    "stays": (
        "The link of {plc} stays as it is: before the incident it was {before}, too.",
        "Die Verbindung von {plc} bleibt, wie sie ist: vor dem Vorfall war sie ebenso {before}."),
    "no_route": (
        "{plc} is not connected again: it was connected without a route, and so carried nothing.",
        "{plc} wird nicht wieder verbunden: die Verbindung bestand ohne Route und trug nichts."),
    "built_upon": (
        "The later incident {later} built upon {target}; taking {incident} back would take that, too.",
        "Der spätere Vorfall {later} baut auf {target} auf; {incident} zurückzunehmen nähme auch das zurück."),
    "halfway": (
        "A run of the incident {other} ended halfway on {host}; let its playbook finish it first.",
        "Ein Lauf des Vorfalls {other} endete auf {host} auf halbem Weg; zuerst dessen Playbook zu Ende bringen lassen."),
    "overridden": ("Overridden by lineops_confirm: {sentence}", "Aufgehoben durch lineops_confirm: {sentence}"),
    "would": ("Of incident {incident} this would be taken back.", "Von Vorfall {incident} würde dies zurückgenommen."),
    "nothing": ("Of incident {incident} there is nothing to take back.", "Von Vorfall {incident} ist nichts zurückzunehmen."),
    "undone": ("Incident {incident} is taken back.", "Vorfall {incident} ist zurückgenommen."),
    "refused": ("Of incident {incident} nothing was taken back.", "Von Vorfall {incident} wurde nichts zurückgenommen."),
    "in_part": (
        "Incident {incident} is not taken back completely.", "Vorfall {incident} ist nicht vollständig zurückgenommen."),
    "next": (
        "Do by hand what is named here, or remove the cause and run again.",
        "Von Hand tun, was hier genannt ist, oder die Ursache beseitigen und noch einmal laufen lassen."),
}

Entry = t.Mapping[str, t.Any]
Step = t.Dict[str, t.Any]


def undo_plan(
    entries: t.Sequence[Entry],
    *,
    incident: str,
    host: str,
    plc: t.Mapping[str, t.Any],
    has_way: bool,
    halfway: str | None = None,
    confirm: t.Any = "",
    language: str = "en",
) -> dict[str, t.Any]:
    """Return what takes an incident of a host back: steps in their order, left, notes and refusals.

    entries: of the host's journal; plc: the active entry of lineops_plcs; has_way: whether the controller can change the
    PLC's routes; halfway: incident of the run whose lease was taken over; confirm: lineops_confirm.
    left: what a person has to look at, each with sentence, action, plc and undo. A plan with refusals is not begun.
    """
    plan = _Plan(incident, plc, has_way, language)
    numbers = [n for n, entry in enumerate(entries) if (entry.get("incident"), entry.get("host")) == (incident, host)]
    own = [entries[number] for number in numbers]
    found = [(numbers[action["entries"][0] - 1], action) for action in actions_of(own)]
    owed = [(_begun(entries, undo), undo) for undo in open_undos(entries, host) if undo["incident"] == incident]
    for number, thing in sorted([*found, *owed], key=lambda pair: -pair[0]):
        if "do" in thing:
            plan.finish(thing)
        elif not thing["undo"].get("must") and thing["state"] != "undone":
            plan.take_back(thing, begun=number)
    plan.settle([action for dummy, action in found])
    plan.ask_later_incidents(_later(entries, incident, host), is_confirmed=confirm == incident)
    told = plan.told()
    if told["steps"] and halfway not in (None, "", incident) and _is_open(entries, halfway):
        plan.refuse("halfway", other=halfway, host=host)
    return told


class _Plan:
    """Collects steps, what is left to a person, what is only said, and what speaks against all of it."""

    def __init__(self, incident: str, plc: t.Mapping[str, t.Any], has_way: bool, language: str) -> None:
        self._incident, self._plc, self._has_way, self._language = incident, plc, has_way, language
        self._steps: list[Step] = []
        self._left: list[dict[str, t.Any]] = []
        self._notes: list[str] = []
        self._refusals: list[dict[str, str]] = []

    def told(self) -> dict[str, t.Any]:
        """Return the plan."""
        steps = sorted(self._steps, key=lambda step: list(_STEPS).index(step["name"]))
        return {
            "steps": [{name: value for name, value in step.items() if name != "begun"} for step in steps],
            "left": self._left, "notes": list(dict.fromkeys(self._notes)), "refusals": self._refusals}

    def finish(self, undo: Entry) -> None:
        """Add the step of what may not stay."""
        if undo.get("plc") == self._plc.get("id"):
            self._add(undo)
        else:
            self._leave("other_plc", {"undo": undo, "action": undo["action"], "target": ""}, active=self._plc.get("id"))

    def _add(self, undo: Entry, begun: int = 0) -> None:
        name, about = undo["do"], undo.get("route") or undo.get("variable")
        title = say(WORDS, f"action.{name}", self._language)
        self._steps.append({
            "name": name, "title": f"{title}: {about}" if about else title, "plc": undo.get("plc"), "phase": "undo",
            "undos": [dict(undo)], "begun": begun, **_STEPS[name]})

    def take_back(self, action: t.Mapping[str, t.Any], begun: int) -> None:
        """Add the step that takes an action back, or say why there is none."""
        undo, before, after = action["undo"], action["original"], action["reached"]
        if before and before == after:
            return  # it changed nothing
        if not undo.get("do"):
            self._say("no_undo", what=self._words(action["action"]))
        elif undo["do"] not in _STEPS:
            self._leave("unknown_undo", action)
        elif undo.get("plc") != self._plc.get("id"):
            self._leave("other_plc", action, active=self._plc.get("id"))
        elif not before:
            self._leave("unknown_before", action)
        elif undo["do"] == "remove_route" and not self._has_way:
            self._leave("no_way", action, route=undo.get("route"))
        else:
            self._add(undo, begun)

    def settle(self, actions: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Leave the link alone where taking it back would only interrupt it, or could not succeed."""
        removed = {step["plc"] for step in self._steps if step["name"] == "remove_route"} | {
            action["undo"].get("plc") for action in actions
            if action["undo"].get("do") == "remove_route" and action["state"] == "undone"}
        kept: list[Step] = []
        for step in self._steps:
            if step["name"] == "connect" and step["plc"] in removed:
                self._say("no_route", plc=step["plc"])
            elif (other := _last_of_link(kept, step)) is not None:
                kept.remove(other)
                before = "connected" if step["name"] == "connect" else "disconnected"
                self._say("stays", plc=step["plc"], before=before)
            else:
                kept.append(step)
        self._steps = kept

    def ask_later_incidents(self, later: t.Mapping[str, tuple[int, str]], *, is_confirmed: bool) -> None:
        """Refuse where a later incident did something to the same target, unless a person named this very incident."""
        for target in dict.fromkeys(target_of(step) for step in self._steps if not step["undos"][0].get("must")):
            at, name = later.get(target, (-1, ""))
            if at > min(step["begun"] for step in self._steps if target_of(step) == target):
                self.refuse("built_upon", is_confirmed=is_confirmed, later=name, target=target)

    def refuse(self, key: str, *, is_confirmed: bool = False, **names: t.Any) -> None:
        """Refuse the plan; what a person may override is only said then."""
        sentence = say(_WORDS, key, self._language, incident=self._incident, **names)
        if is_confirmed:
            self._say("overridden", sentence=sentence)
            return
        override = f"lineops_confirm: {self._incident}" if key == "built_upon" else ""
        self._refusals.append({"guard": "later_incident", "code": f"undo.{key}", "sentence": sentence, "override": override})

    def _say(self, key: str, **names: t.Any) -> None:
        self._notes.append(say(_WORDS, key, self._language, **names))

    def _words(self, action: str) -> str:
        key = f"action.{action}"
        return f"\"{say(WORDS, key, self._language) if key in WORDS else action}\""

    def _leave(self, key: str, action: t.Mapping[str, t.Any], **names: t.Any) -> None:
        undo = action["undo"]
        names.update(what=self._words(action["action"]), plc=undo.get("plc") or action["target"], do=undo["do"])
        self._left.append({
            "sentence": say(_WORDS, key, self._language, **names), "code": f"undo.{key}", "action": undo["do"],
            "plc": undo.get("plc"), "undo": undo})


def _last_of_link(kept: t.Sequence[Step], step: Step) -> Step | None:
    """Return the last step kept that does the opposite to the same link; None if there is none, or it does the same."""
    links = [one for one in kept if one["name"] in _LINK and one["plc"] == step["plc"]]
    return links[-1] if step["name"] in _LINK and links and links[-1]["name"] != step["name"] else None


def undo_entries(plan: t.Mapping[str, t.Any], refusals: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the journal entries of what is not taken back and why; refusals: of the guards."""
    return [
        {"phase": "undo", "event": "refused", "message": one["sentence"],
         "details": {"guard": one.get("guard", "by_hand"), "code": one["code"]},
         **{name: one[name] for name in ("action", "plc", "undo") if one.get(name)}}
        for one in (*refusals, *plan["left"])
    ]


def undo_outcome(
    plan: t.Mapping[str, t.Any],
    *,
    incident: str,
    steps: t.Sequence[t.Mapping[str, t.Any]] = (),
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (),
    failed_step: str = "",
    check_mode: bool = False,
    contacts: t.Any = None,
    language: str = "en",
) -> dict[str, t.Any]:
    """Return the outcome of one host.

    steps: what was done, each with name and changed; refusals: of the plan and of the guards; failed_step: name of the
    one that failed, or ""; contacts: lineops_contacts.
    """
    if check_mode and plan["steps"]:
        result, key = "PLANNED", "would"
    elif refusals and not steps:
        result, key = "REFUSED", "refused"
    elif refusals or failed_step or plan["left"]:
        result, key = "UNRESOLVED", "in_part"
    else:
        result, key = "UNDONE", "undone" if steps else "nothing"
    resolved = result in ("PLANNED", "UNDONE")
    contact = contacts.get(_OWNER) if isinstance(contacts, t.Mapping) else None
    proven = [step["proof"] for step in steps if step["proof"] and step["name"] != failed_step]
    return {
        "result": result, "resolved": resolved, "finding": "incident.undone" if resolved else "incident.not_undone",
        "sentence": say(_WORDS, key, language, incident=incident),
        "actions": [words_of(step, failed_step) for step in steps] or [step["title"] for step in plan["steps"]],
        "refusals": [refusal_words(one) for one in refusals], "proof": list(dict.fromkeys(proven)),
        "notes": [*(one["sentence"] for one in plan["left"]), *plan["notes"]],
        "changed": any(step.get("changed") for step in steps),
        "owner": "" if resolved else _OWNER, "next_step": "" if resolved else say(_WORDS, "next", language),
        "escalation": {} if resolved else {"level": _OWNER, "contact": contact if isinstance(contact, str) else None},
    }


def _is_open(entries: t.Sequence[Entry], incident: str | None) -> bool:
    """Say whether an incident goes on; of one without entries nobody knows."""
    known = any(entry.get("incident") == incident for entry in entries)
    return not known or incident in (one["incident"] for one in open_incidents(entries, now=""))


def _begun(entries: t.Sequence[Entry], undo: Entry) -> int:
    """Return the place of the entry that began what is still to be undone."""
    about = (undo["incident"], undo["begun_at"], undo["action"])
    places = [
        number for number, entry in enumerate(entries)
        if (entry.get("incident"), entry.get("ts"), entry.get("action")) == about]
    return places[-1] if places else 0


def _later(entries: t.Sequence[Entry], incident: str, host: str) -> dict[str, tuple[int, str]]:
    """Return the last thing that other incidents did to each target of a host: its place and its incident."""
    others: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        name = entry.get("incident")
        if entry.get("host") == host and isinstance(name, str) and name != incident:
            others.setdefault(name, []).append(number)
    last: dict[str, tuple[int, str]] = {}
    for name, numbers in others.items():
        for action in actions_of([entries[number] for number in numbers]):
            if action["state"] == "done" and action_of(action["action"]).heals:
                target = target_of({"name": action["undo"].get("do"), "plc": action["undo"].get("plc")})
                last[target] = max(last.get(target, (-1, "")), (numbers[action["entries"][-1] - 1], name))
    return last
