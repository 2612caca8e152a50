# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the standard checklist in English and German, from one table. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._words import Words, say

WORDS: Words = {
    # the seven steps of the binding checklist, and how each is
    "title.1": ("Timestamp and scope", "Zeitstempel und Scope"),
    "title.2": ("Status and SLO", "Status und SLO"),
    "title.3": ("Last admin actions", "Letzte Admin-Aktionen"),
    "title.4": ("Services and resources", "Services und Ressourcen"),
    "title.5": ("Reversible action first", "Reversible Sofortmaßnahme zuerst"),
    "title.6": ("Hypothesis and counter-check", "Hypothese und Gegenprobe"),
    "title.7": ("Open incidents", "Offene Incidents"),
    "state.ok": ("ok", "in Ordnung"),
    "state.attention": ("attention", "Achtung"),
    "state.not observed": ("not observed", "nicht beobachtet"),
    "unseen": ("Not observed: {what} ({why})", "Nicht beobachtet: {what} ({why})"),
    "stopped": (
        "Nothing was contacted, since the inventory has mistakes.",
        "Es wurde nichts kontaktiert: Das Inventar hat Fehler."),
    "broke": ("The look itself broke off: {why}", "Der Blick selbst ist abgebrochen: {why}"),
    "broke.todo": (
        "Read the failed task in the output of the run (L2).",
        "Den gescheiterten Task in der Ausgabe lesen (L2)."),
    "lost": ("a task failed that says nothing of the host", "ein Task ist gescheitert, der nichts über den Host sagt"),
    # 1 scope
    "scope": (
        "Looked at {at}: supervisor {url}, {plcs}; {cameras}.",
        "Angesehen um {at}: Supervisor {url}, {plcs}; {cameras}."),
    "plcs": ("PLC {names}", "PLC {names}"),
    "cameras": ("cameras {names}", "Kameras {names}"),
    "cameras.none": ("no cameras in the inventory", "keine Kameras im Inventar"),
    "core": ("core", "Kernkamera"),
    "active": ("active", "aktiv"),
    "inventory.todo": (
        "Correct the inventory (step 1 names each mistake).",
        "Das Inventar berichtigen (Schritt 1 nennt jeden Fehler)."),
    # 2 status and SLO
    "status": ("status", "Status"),
    "slo": ("SLO", "SLO"),
    "streams": ("streams", "Streams"),
    "flag.yes": (
        "The supervisor answers; its flag says connected.",
        "Der Supervisor antwortet; seine Anzeige sagt verbunden."),
    "flag.no": (
        "The supervisor answers and says that no PLC is connected.",
        "Der Supervisor antwortet und sagt, keine PLC sei verbunden."),
    "breaker": ("Its circuit breaker {name} is {state}.", "Seine Sicherung {name} ist {state}."),
    "slo.ok": ("The SLO is met.", "Das SLO ist eingehalten."),
    "alert.api_availability_below_target": (
        "availability {value} is below {target}",
        "Verfügbarkeit {value} liegt unter {target}"),
    "alert.api_latency_above_target": (
        "latency (p95) {value} is above {target}",
        "Latenz (p95) {value} liegt über {target}"),
    "alert.stream_health_below_target": (
        "stream health {value} is below {target}",
        "Stream-Gesundheit {value} liegt unter {target}"),
    "alert": ("alert {name}", "Alarm {name}"),
    "slo.figures": (
        "{errors} of {all} calls failed within an hour, {own} of them tests of ours on record",
        "{errors} von {all} Aufrufen in einer Stunde gescheitert, davon {own} bekannte Tests von uns"),
    "slo.ours": ("SLO: {alert}, only through our own tests.", "SLO: {alert}, nur durch unsere eigenen Tests."),
    "slo.unclear": (
        "SLO: {alert}; earlier looks of ours may have a share in it.",
        "SLO: {alert}; frühere Blicke von uns können daran beteiligt sein."),
    "slo.not_ours": (
        "SLO: {alert}, and not through our own tests.",
        "SLO: {alert}, und nicht durch unsere eigenen Tests."),
    "slo.stood": ("It stood before this look.", "Das war schon vor diesem Blick so."),
    "slo.todo": (
        "Look in the supervisor's own log for the calls that fail or take long.",
        "Im Log des Supervisors nach den Aufrufen suchen, die scheitern oder lange dauern."),
    "slo.todo.wait": (
        "Look again when an hour has passed without tests of ours.",
        "Noch einmal ansehen, wenn eine Stunde ohne Tests von uns vorbei ist."),
    "streams.all": ("{running} of {expected} streams run.", "{running} von {expected} Streams laufen."),
    "streams.none": ("No stream is expected to run.", "Es soll kein Stream laufen."),
    "streams.out": (
        "{running} of {expected} streams run; not running: {names}.",
        "{running} von {expected} Streams laufen; es fehlen: {names}."),
    "streams.todo": (
        "Start only these streams: {names} (Playbook A).",
        "Nur diese Streams starten: {names} (Playbook A)."),
    # 3 last admin actions
    "log": ("the admin log", "das Admin-Log"),
    "chain": ("its hash chain", "seine Hash-Kette"),
    "admin.none": ("No admin action is in the log.", "Im Log steht keine Admin-Aktion."),
    "admin.last": (
        "Last admin action: {action} by {actor} at {at}.",
        "Letzte Admin-Aktion: {action} durch {actor} um {at}."),
    "admin.restarts": ("Restarts ordered within 24 h: {count}.", "Angeforderte Neustarts in 24 h: {count}."),
    "admin.many": (
        "{count} restarts were ordered within an hour.",
        "Innerhalb einer Stunde wurden {count} Neustarts angefordert."),
    "admin.many.todo": (
        "Do not restart again before the cause is known.",
        "Nicht noch einmal neu starten, bevor die Ursache bekannt ist."),
    "admin.rejected": (
        "A daemon restart was rejected at {at}: {why}",
        "Ein Daemon-Neustart wurde um {at} abgelehnt: {why}"),
    "admin.rejected.todo": (
        "Restart it on the host instead (Playbook C).",
        "Stattdessen auf dem Host neu starten (Playbook C)."),
    "admin.streams": (
        "Stream trouble within an hour: {count} rows, the last one: {message}",
        "Stream-Störungen in einer Stunde: {count} Zeilen, die letzte: {message}"),
    "admin.streams.todo": (
        "Restart the stream that is named there (Playbook A).",
        "Den dort genannten Stream neu starten (Playbook A)."),
    "chain.ok": ("The log's hash chain holds.", "Die Hash-Kette des Logs hält."),
    "chain.retention": (
        "The oldest rows of the log are gone, as retention does it; the links of the {rows} rows behind them hold.",
        "Die ältesten Zeilen des Logs fehlen, wie es die Aufbewahrung macht; die {rows} dahinter hängen zusammen."),
    "chain.tampering": (
        "The log's hash chain is broken at row {row}: rows were changed or removed.",
        "Die Hash-Kette des Logs ist bei Zeile {row} gebrochen: Zeilen wurden geändert oder entfernt."),
    "chain.todo": (
        "Save the log database before anything else, and find out who wrote to it (L2).",
        "Vor allem anderen die Log-Datenbank sichern, und klären, wer in sie geschrieben hat (L2)."),
    "no_time": ("an unknown time", "unbekannter Zeit"),
    "nobody": ("nobody named", "niemand Genanntes"),
    # 4 services and resources
    "host": ("the host itself", "der Host selbst"),
    "no_access": ("lineops_host_access is false", "lineops_host_access ist false"),
    "not_looked": ("it was not asked", "er wurde nicht gefragt"),
    "process": ("The supervisor runs (pid {pid}).", "Der Supervisor läuft (PID {pid})."),
    "process.answers": ("The supervisor answers on its own host.", "Der Supervisor antwortet auf seinem eigenen Host."),
    "process.none": (
        "No supervisor runs: nothing listens on its port.",
        "Kein Supervisor läuft: Auf seinem Port lauscht niemand."),
    "process.none.todo": (
        "Start its service on the host (Playbook C).",
        "Seinen Service auf dem Host starten (Playbook C)."),
    "process.silent": (
        "The supervisor listens on {where}, but does not answer on its own host.",
        "Der Supervisor lauscht auf {where}, antwortet aber auf seinem eigenen Host nicht."),
    "process.state": ("Its process {pid} is {state}.", "Sein Prozess {pid} ist {state}."),
    "restart.todo": (
        "Restart the supervisor, not the host (Playbook C).",
        "Den Supervisor neu starten, nicht den Host (Playbook C)."),
    "orphans": (
        "{count} ffmpeg without a supervisor write its HLS files: pid {pids}.",
        "{count} ffmpeg ohne Supervisor schreiben seine HLS-Dateien: PID {pids}."),
    "orphans.todo": (
        "End only these ffmpeg processes (Playbook A).",
        "Nur diese ffmpeg-Prozesse beenden (Playbook A)."),
    "stranger": (
        "Its port is held by pid {pid}, which does not belong to {unit}.",
        "Seinen Port hält PID {pid}, die nicht zu {unit} gehört."),
    "unit": ("{unit} is {state}.", "{unit} ist {state}."),
    "unit.unknown": ("systemd does not know {unit}.", "systemd kennt {unit} nicht."),
    "unit.result": ("its last result was {result}", "das letzte Ergebnis war {result}"),
    "unit.disabled": (
        "{unit} is {state}: it does not start by itself after a reboot.",
        "{unit} ist {state}: Nach einem Reboot startet es nicht von selbst."),
    "unit.disabled.todo": ("Enable {unit}.", "{unit} einschalten (enable)."),
    "unit.unknown.todo": ("Correct lineops_supervisor_unit.", "lineops_supervisor_unit berichtigen."),
    "container": ("Container {name} is {state}.", "Container {name} ist {state}."),
    "container.oom": (
        "Container {name} was ended for want of memory.",
        "Container {name} wurde wegen Speichermangels beendet."),
    "container.todo": (
        "Restart the container through its engine (Playbook C).",
        "Den Container über seine Engine neu starten (Playbook C)."),
    "no_manager": (
        "The inventory names neither its unit nor its container.",
        "Das Inventar nennt weder seine Unit noch seinen Container."),
    "load": ("Load {load} on {cores} cores.", "Last {load} auf {cores} Kernen."),
    "load.todo": ("Find out which process takes the processor.", "Klären, welcher Prozess den Prozessor braucht."),
    "memory": ("{free} of {total} memory is free.", "{free} von {total} Speicher sind frei."),
    "memory.todo": ("Find out which process takes the memory.", "Klären, welcher Prozess den Speicher braucht."),
    "disk": ("{mount} is {used} full.", "{mount} ist zu {used} voll."),
    "disk.inodes": ("{mount} has only {free} inodes left.", "{mount} hat nur noch {free} Inodes."),
    "disk.read_only": ("{mount} is read-only.", "{mount} ist nur lesbar."),
    "disk.todo": (
        "Remove stale stream artifacts and backups on {mount} (Playbook A).",
        "Alte Stream-Artefakte und Backups auf {mount} entfernen (Playbook A)."),
    "disk.read_only.todo": (
        "Look at the kernel log for errors of {mount} (L2).",
        "Im Kernel-Log nach Fehlern von {mount} suchen (L2)."),
    "permission": ("{user} may not write to {path}.", "{user} darf in {path} nicht schreiben."),
    "permission.todo": ("Give {path} back to {user}.", "{path} wieder {user} geben."),
    "no_user": ("The service user {user} does not exist.", "Den Service-Benutzer {user} gibt es nicht."),
    "rest_unseen": ("Not seen: {what}.", "Nicht gesehen: {what}."),
    # 5 reversible action first
    "plan": ("Playbook B would: {steps}.", "Playbook B würde: {steps}."),
    "plan.none": (
        "No step of Playbook B helps here. {level}: {step}",
        "Kein Schritt von Playbook B hilft hier. {level}: {step}"),
    "plan.frozen": (
        "The line is frozen: automation only looks until lineops_freeze is false.",
        "Die Linie ist eingefroren: Die Automatik sieht nur zu, bis lineops_freeze false ist."),
    "plan.nothing": ("Nothing to do.", "Nichts zu tun."),
    "step.disconnect": ("disconnect from the PLC", "die Verbindung zur PLC trennen"),
    "step.route": ("add the ADS route if it is missing", "die ADS-Route eintragen, falls sie fehlt"),
    "step.connect": ("connect to the PLC", "mit der PLC verbinden"),
    "step.write_test": ("write test", "Schreibtest"),
    "step.namespaces": ("write test of each namespace", "Schreibtest jedes Namespaces"),
    # 6 hypothesis and counter-check
    "finding": ("the PLC", "die PLC"),
    "verdict.confirmed": ("Confirmed by {checks}.", "Bestätigt durch {checks}."),
    "verdict.open": ("No counter-check could be made.", "Eine Gegenprobe war nicht möglich."),
    "refuted": ("Ruled out: {codes}.", "Ausgeschlossen: {codes}."),
    "check": ("{call} from {where}: {value}", "{call} von {where}: {value}"),
    # 7 open incidents
    "journal": ("the journal", "das Journal"),
    "incidents.none": ("None is open.", "Keiner ist offen."),
    "incident.open": (
        "{incident} is open since {since}{severity}; missing: {missing}.",
        "{incident} ist offen seit {since}{severity}; es fehlt: {missing}."),
    "incident.healed": (
        "Healed and still to be closed: {count}, the newest {incident}; missing: {missing}.",
        "Behoben und noch abzuschließen: {count}, zuletzt {incident}; es fehlt: {missing}."),
    "missing.ending": ("a run that heals it", "ein Lauf, der ihn behebt"),
    "missing.ticket": ("ticket", "Ticket"),
    "missing.reproduction": ("steps to reproduce", "Reproduktionsschritte"),
    "missing.countermeasure": ("countermeasure", "Gegenmaßnahme"),
    "missing.monitoring_gap": ("monitoring gap", "Monitoring-Lücke"),
    "missing.issue": ("technical issue", "technisches Issue"),
    "missing.postmortem": ("post-mortem", "Postmortem"),
    "left": (
        "A run that was interrupted left {variable} at its test value.",
        "Ein abgebrochener Lauf hat {variable} auf dem Testwert gelassen."),
    "left.route": (
        "A run that was interrupted left the controller's temporary route in the PLC.",
        "Ein abgebrochener Lauf hat die temporäre Route des Controllers in der PLC gelassen."),
    "left.todo": ("Run Playbook B: it takes that back first.", "Playbook B starten: Es nimmt das zuerst zurück."),
    # the whole plant
    "head": ("Checklist at {at}: {counts}", "Checkliste um {at}: {counts}"),
    "counts": (
        "{hosts} hosts, {ok} ok, {attention} need attention, {unseen} not observed",
        "{hosts} Hosts, {ok} in Ordnung, {attention} brauchen Aufmerksamkeit, {unseen} nicht beobachtet"),
    "column.host": ("HOST", "HOST"),
    "column.state": ("STATE", "ZUSTAND"),
    "column.steps": ("SEE STEPS", "SIEHE SCHRITTE"),
    "column.what": ("WHAT", "WAS"),
    "step.all_ok": ("all ok", "alles in Ordnung"),
    "scope.all": (
        "{hosts} hosts of {lines}, {plcs} PLCs, {cameras} cameras, at {at}",
        "{hosts} Hosts von {lines}, {plcs} PLCs, {cameras} Kameras, um {at}"),
    "report": ("Page: {path}", "Seite: {path}"),
    "no_report": ("No page: {why}", "Keine Seite: {why}"),
    # the page
    "page": ("Checklist", "Checkliste"),
    "page.good": ("Nothing needs attention", "Nichts braucht Aufmerksamkeit"),
    "page.hosts": ("Hosts, the worst first", "Hosts, die schlimmsten zuerst"),
    "page.step": ("Step", "Schritt"),
    "page.state": ("State", "Zustand"),
    "page.what": ("What was seen", "Was gesehen wurde"),
    "page.todo": ("What it asks for", "Was zu tun wäre"),
    "page.steps": ("The seven steps", "Die sieben Schritte"),
    "page.details": ("What the seven steps saw on {host}", "Was die sieben Schritte auf {host} gesehen haben"),
    "page.read_only": (
        "Nothing was changed: the checklist only looks. What it asks for was not done.",
        "Es wurde nichts geändert: Die Checkliste sieht nur hin. Was zu tun wäre, wurde nicht getan."),
    "page.missing": ("Missing", "Es fehlt"),
    "page.count": ("Result", "Ergebnis"),
    "page.refuted": ("Ruled out", "Ausgeschlossen"),
}


class Tell:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **names: t.Any) -> str:
        """Return the words of a key, with values filled in once."""
        return say(WORDS, key, self.language, **names)

    def number(self, text: str) -> str:
        """Return a number as this language writes it."""
        return text.replace(".", ",") if self.language == "de" else text

    def size(self, count: float) -> str:
        """Return bytes as people say them."""
        return self.number(f"{count / 1e9:.1f} GB")

    def share(self, value: float, digits: int = 0) -> str:
        """Return a share of 1 in percent."""
        return self.number(f"{value * 100:.{digits}f} %")
