# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every word of a report in English and German, from one table. Pure. Private to this collection.

The journal holds sentences in the language of the run that wrote them. What is recognised as a sentence of this
collection is told in the language of the page; anything else is shown as it was recorded.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ._findings import FINDINGS, sentence_of

LANGUAGES = ("en", "de")

#: key -> (English, German)
WORDS: dict[str, tuple[str, str]] = {
    # what a page is
    "title.incident": ("Incident report", "Incident-Bericht"),
    "title.index": ("Incidents", "Incidents"),
    "title.shift": ("What automation did", "Was die Automatik getan hat"),
    # how it ended
    "result.healthy": ("HEALTHY", "IN ORDNUNG"),
    "result.healed": ("HEALED", "BEHOBEN"),
    "result.unresolved": ("UNRESOLVED", "NICHT BEHOBEN"),
    "result.refused": ("REFUSED", "ABGELEHNT"),
    "result.failed": ("FAILED", "FEHLGESCHLAGEN"),
    "result.interrupted": ("NOT FINISHED", "NICHT BEENDET"),
    "meaning.healthy": ("nothing was wrong", "es lag keine Störung vor"),
    "meaning.healed": ("automation healed it and proved it", "die Automatik hat die Störung behoben und das bewiesen"),
    "meaning.unresolved": ("a person has to act", "ein Mensch muss handeln"),
    "meaning.refused": ("automation was not allowed to act", "die Automatik durfte nicht eingreifen"),
    "meaning.failed": ("the run itself broke", "der Lauf selbst ist abgebrochen"),
    "meaning.interrupted": ("no end is in the journal", "im Journal steht kein Ende"),
    "none": ("none", "keine"),
    "severity.none": ("no severity", "kein Schweregrad"),
    "severity.SEV-1": ("production is down", "Produktionsausfall"),
    "severity.SEV-2": ("strong degradation", "starke Degradierung"),
    "severity.SEV-3": ("single features are disturbed", "einzelne Features gestört"),
    "level.L1": ("L1 operations", "L1 Betrieb"),
    "level.L2": ("L2 development", "L2 Entwicklung"),
    "level.L3": ("L3 architecture and owner", "L3 Architektur/Owner"),
    # the first screen
    "next": ("What to do now", "Was jetzt zu tun ist"),
    "next.nothing": ("Nothing.", "Nichts."),
    "next.close": (
        "Nothing that is urgent. The incident is still to be closed: see the closing checklist.",
        "Nichts Dringendes. Der Incident ist noch abzuschließen: siehe Abschluss-Checkliste.",
    ),
    "next.interrupted": (
        "Run the same playbook on this host again: it takes over the lease and finishes what was left open.",
        "Dasselbe Playbook auf diesem Host noch einmal starten: Es übernimmt die Lease und bringt Offenes zu Ende.",
    ),
    "next.unknown": (
        "Read the findings below; the journal names no next step.",
        "Die Befunde unten lesen; im Journal steht kein nächster Schritt.",
    ),
    "next.superseded": (
        "Nothing: a later run on this host settled it.",
        "Nichts: Ein späterer Lauf auf diesem Host hat es erledigt.",
    ),
    "call": ("Call", "Anrufen"),
    "call.unknown": ("no contact is entered", "kein Kontakt hinterlegt"),
    "finding.none": ("No finding is in the journal.", "Im Journal steht kein Befund."),
    # facts
    "incident": ("Incident", "Incident"),
    "host": ("Host", "Host"),
    "line": ("Line", "Linie"),
    "line.none": ("(no line)", "(ohne Linie)"),
    "plant": ("Plant", "Werk"),
    "playbook": ("Playbook", "Playbook"),
    "result": ("Result", "Ergebnis"),
    "severity": ("Severity", "Schweregrad"),
    "finding": ("Finding", "Befund"),
    "scope": ("Scope", "Umfang"),
    "opened": ("Opened", "Eröffnet"),
    "took": ("Took", "Dauer"),
    "runner": ("Run by", "Gestartet von"),
    "recurrence": ("Recurrence", "Wiederholung"),
    "recurrence.first": ("first time in this journal", "zum ersten Mal in diesem Journal"),
    "recurrence.count": ("healed before {count}\u00d7", "schon {count}\u00d7 behoben"),
    "recurrence.last": ("last {ago} before", "zuletzt {ago} davor"),
    "superseded": ("Settled by", "Erledigt durch"),
    "settled_later": ("settled by a later run", "von späterem Lauf erledigt"),
    "window": ("Window", "Zeitraum"),
    "until": ("until", "bis"),
    "last_entry": ("Last entry of the journals", "Letzter Eintrag der Journale"),
    "rule": ("rule {rule}", "Regel {rule}"),
    "closed": ("closed", "abgeschlossen"),
    "not_closed": ("not closed", "nicht abgeschlossen"),
    # sections
    "timeline": ("Timeline", "Zeitverlauf"),
    "picture": ("Phases of the run", "Phasen des Laufs"),
    "picture.text": ("The phases in words", "Die Phasen in Worten"),
    "picture.cut": ("pause, drawn shorter", "Pause, verkürzt gezeichnet"),
    "before_after": ("Before and after", "Vorher und nachher"),
    "signal": ("Signal", "Signal"),
    "before": ("Before", "Vorher"),
    "after": ("After", "Nachher"),
    "not_observed": ("not observed", "nicht beobachtet"),
    "proof": ("Proof", "Beweis"),
    "proof.yes": ("Proven by: {proof}", "Bewiesen durch: {proof}"),
    "proof.no": (
        "It could not be proven that the fault is gone.",
        "Dass die Störung weg ist, ließ sich nicht beweisen.",
    ),
    "proof.none": ("Nothing was verified.", "Es wurde nichts nachgeprüft."),
    "findings": ("Findings and counter-checks", "Befunde und Gegenproben"),
    "verdict": ("Verdict", "Urteil"),
    "verdict.confirmed": ("confirmed", "bestätigt"),
    "verdict.refuted": ("refuted", "widerlegt"),
    "verdict.not observed": ("not observed", "nicht beobachtet"),
    "evidence_of": ("What speaks for it", "Was dafür spricht"),
    "counter_checks": ("Counter-checks that were made", "Durchgeführte Gegenproben"),
    "counter_checks.none": ("No counter-check is in the journal.", "Im Journal steht keine Gegenprobe."),
    "refuted": ("Hypotheses that fell", "Verworfene Hypothesen"),
    "also": ("Also seen", "Außerdem gesehen"),
    "call_made": ("Call", "Aufruf"),
    "time": ("Time", "Zeit"),
    "value": ("Value", "Wert"),
    "vantage": ("Seen from", "Gesehen von"),
    "plan": ("Planned", "Geplant"),
    "actions": ("Actions", "Maßnahmen"),
    "actions.none": ("No action was begun.", "Es wurde keine Maßnahme begonnen."),
    "action": ("Action", "Maßnahme"),
    "target": ("Target", "Ziel"),
    "state": ("State", "Zustand"),
    "state.begun": ("begun, no end in the journal", "begonnen, kein Ende im Journal"),
    "state.done": ("done", "erledigt"),
    "state.failed": ("failed", "fehlgeschlagen"),
    "state.undone": ("taken back", "zurückgenommen"),
    "requested": ("Requested", "Angefordert"),
    "original": ("Original", "Ursprünglich"),
    "reached": ("Reached", "Erreicht"),
    "latency": ("Latency", "Dauer"),
    "undo": ("Taken back by", "Rücknahme durch"),
    "undo.none": ("nothing to take back", "nichts zurückzunehmen"),
    "refusals": ("Refused by guard rails", "Von Schutzregeln abgelehnt"),
    "guard": ("Guard rail", "Schutzregel"),
    "reason": ("Reason", "Grund"),
    "escalation": ("Escalation", "Eskalation"),
    "level": ("Level", "Stufe"),
    "contact": ("Contact", "Kontakt"),
    "next_step": ("Next step", "Nächster Schritt"),
    "photos": ("Pictures", "Bilder"),
    "photos.before": ("Picture of camera {camera} before the run", "Bild der Kamera {camera} vor dem Lauf"),
    "photos.after": ("Picture of camera {camera} after the run", "Bild der Kamera {camera} nach dem Lauf"),
    "photos.none.before": ("There is no picture from before.", "Von vorher gibt es kein Bild."),
    "photos.none.after": ("There is no picture from after.", "Von nachher gibt es kein Bild."),
    "photos.elsewhere": ("The HTML report shows these pictures.", "Der HTML-Bericht zeigt diese Bilder."),
    "evidence": ("Saved evidence", "Gesicherte Beweise"),
    "archive": ("Archive", "Archiv"),
    "files": ("Files", "Dateien"),
    "not_collected": ("Not collected", "Nicht erfasst"),
    "nothing": ("nothing", "nichts"),
    "closing": ("Closing checklist", "Abschluss-Checkliste"),
    "closing.healthy": (
        "Nothing was wrong, so there is nothing to close.",
        "Es lag keine Störung vor, also ist nichts abzuschließen.",
    ),
    "item.AB.1": ("Incident details are written in the ticket.", "Incident-Details im Ticket dokumentiert."),
    "item.AB.2": (
        "Steps to reproduce and the countermeasure that worked are written down.",
        "Reproduktionsschritte und wirksame Gegenmaßnahme festgehalten.",
    ),
    "item.AB.3": (
        "The gap in monitoring or alerting is a task of its own.",
        "Monitoring-/Alerting-Lücke als Folgeaufgabe erfasst.",
    ),
    "item.AB.4": (
        "If needed: a new technical issue with priority exists.",
        "Falls nötig: neues technisches Issue mit Priorität angelegt.",
    ),
    "item.CL.7": (
        "Incident closed with a post-mortem action (issue, PR or runbook update).",
        "Incident schließen mit Postmortem-Aktion (Issue/PR/Runbook-Update).",
    ),
    "part.ticket": ("ticket", "Ticket"),
    "part.reproduction": ("steps to reproduce", "Reproduktionsschritte"),
    "part.countermeasure": ("countermeasure", "Gegenmaßnahme"),
    "part.monitoring_gap": ("gap", "Lücke"),
    "part.issue": ("issue", "Issue"),
    "part.postmortem": ("post-mortem", "Postmortem"),
    "item.done": ("done", "erledigt"),
    "item.open": ("open", "offen"),
    "item.none": ("none, because: {reason}", "keine, weil: {reason}"),
    "times": ("Times", "Zeiten"),
    "measure": ("Measure", "Messgröße"),
    "duration": ("Duration", "Dauer"),
    "definition": ("Definition", "Definition"),
    "mean.of": ("mean of {count}", "Mittel aus {count}"),
    "short.detect_s": ("MTTD", "MTTD"),
    "short.acknowledge_s": ("MTTA", "MTTA"),
    "short.recover_s": ("MTTR", "MTTR"),
    "time.detect_s": ("Time to detect (MTTD)", "Zeit bis zum Befund (MTTD)"),
    "time.acknowledge_s": ("Time to acknowledge (MTTA)", "Zeit bis zur Reaktion (MTTA)"),
    "time.recover_s": ("Time to recover (MTTR)", "Zeit bis zur Behebung (MTTR)"),
    "definition.detect_s": (
        "From the opening of the incident to the first finding. When the fault itself began is not in the journal.",
        "Von der Eröffnung des Incidents bis zum ersten Befund. Wann die Störung selbst begann, steht nicht "
        "im Journal.",
    ),
    "definition.acknowledge_s": (
        "From the opening to the first action, the first refusal by a guard rail, or the escalation.",
        "Von der Eröffnung bis zur ersten Maßnahme, zur ersten Ablehnung durch eine Schutzregel oder zur Eskalation.",
    ),
    "definition.recover_s": (
        "From the opening to the proof that the fault is gone. Only of healed incidents.",
        "Von der Eröffnung bis zum Beweis, dass die Störung weg ist. Nur bei behobenen Incidents.",
    ),
    "definition.mean": (
        "MTTD, MTTA and MTTR are the means of these times over the incidents of this page that have them.",
        "MTTD, MTTA und MTTR sind die Mittel dieser Zeiten über die Incidents dieser Seite, die sie haben.",
    ),
    "definition.phase": (
        "An entry is written when its work is done, so the time before an entry belongs to the phase of that entry.",
        "Ein Eintrag entsteht, wenn seine Arbeit getan ist; die Zeit davor gehört zur Phase dieses Eintrags.",
    ),
    "all_entries": ("All entries of the journal ({count})", "Alle Einträge des Journals ({count})"),
    "outside": (
        "Lines and entries outside of any incident ({count})",
        "Zeilen und Einträge außerhalb jedes Incidents ({count})",
    ),
    "details": ("Details", "Einzelheiten"),
    "event": ("Event", "Ereignis"),
    "phase": ("Phase", "Phase"),
    "entry": ("Entry", "Eintrag"),
    "unknown_entry": ("unknown entry", "unbekannter Eintrag"),
    "left_out": ("{count} more entries: see all entries below", "{count} weitere Einträge: siehe alle Einträge unten"),
    "characters": ("characters", "Zeichen"),
    # phases
    "phase.open": ("open", "Eröffnen"),
    "phase.observe": ("observe", "Beobachten"),
    "phase.diagnose": ("diagnose", "Diagnose"),
    "phase.plan": ("plan", "Planen"),
    "phase.act": ("act", "Handeln"),
    "phase.verify": ("verify", "Nachprüfen"),
    "phase.close": ("close", "Abschließen"),
    "phase.escalate": ("escalate", "Eskalieren"),
    "phase.undo": ("undo", "Zurücknehmen"),
    "phase.deliver": ("deliver", "Zustellen"),
    "phase.pause": ("nobody worked", "niemand arbeitete"),
    "phase.?": ("(no phase)", "(ohne Phase)"),
    # what the story tells
    "event.opened": ("Incident opened", "Incident eröffnet"),
    "event.continued": ("Another run took over", "Ein anderer Lauf hat übernommen"),
    "event.continued.from": ("from {runner}, last seen {since}", "von {runner}, zuletzt gesehen {since}"),
    "event.evidence": ("Evidence saved", "Beweise gesichert"),
    "event.finding": ("Fault named", "Störung benannt"),
    "event.finding.none": ("No fault found", "Keine Störung gefunden"),
    "event.planned": ("Planned", "Geplant"),
    "event.refused": ("Refused by a guard rail", "Von einer Schutzregel abgelehnt"),
    "event.begin": ("Begun", "Begonnen"),
    "event.done": ("Done", "Erledigt"),
    "event.failed": ("Failed", "Fehlgeschlagen"),
    "event.undone": ("Taken back", "Zurückgenommen"),
    "event.verified": ("Proven", "Bewiesen"),
    "event.not_verified": ("Not proven", "Nicht bewiesen"),
    "event.closed": ("Incident closed", "Incident abgeschlossen"),
    "event.delivered": ("Told outside", "Nach außen gemeldet"),
    "event.not_delivered": ("Not told outside", "Nicht nach außen gemeldet"),
    "event.ending": ("Ended: {result}", "Ende: {result}"),
    "files.count": ("{count} files", "{count} Dateien"),
    # marks of the picture
    "mark.failure": ("failure", "Störung"),
    "mark.action": ("action", "Maßnahme"),
    "mark.failed": ("failed action", "fehlgeschlagene Maßnahme"),
    "mark.refusal": ("refusal", "Ablehnung"),
    "mark.recovery": ("recovery", "Behebung"),
    "mark.escalation": ("escalation", "Eskalation"),
    "mark.unfinished": ("no end", "kein Ende"),
    # actions
    "action.disconnect": ("disconnect from the PLC", "von der PLC trennen"),
    "action.route": ("add the ADS route", "ADS-Route hinzufügen"),
    "action.remove_route": ("remove the ADS route", "ADS-Route entfernen"),
    "action.connect": ("connect to the PLC", "mit der PLC verbinden"),
    "action.write_test": ("write test", "Schreibtest"),
    "action.write_rest": ("write the rest value", "Ruhewert schreiben"),
    "action.namespaces": ("write test of a namespace", "Schreibtest eines Namespace"),
    "action.controller_route": (
        "add a temporary route for the controller",
        "temporäre Route für den Controller hinzufügen",
    ),
    "action.remove_controller_route": (
        "remove the controller's temporary route",
        "temporäre Route des Controllers entfernen",
    ),
    "action.restart_app": ("restart the supervisor's app", "App des Supervisors neu starten"),
    "action.restart_daemon": ("restart the supervisor's daemon", "Daemon des Supervisors neu starten"),
    "action.restart_host": ("restart the service on the host", "Dienst auf dem Host neu starten"),
    "action.restart_container": ("restart the container", "Container neu starten"),
    "action.wait_for_start": ("wait until it has started", "warten, bis er gestartet ist"),
    "action.stop_streams": ("stop the streams", "Streams anhalten"),
    "action.start_streams": ("start the streams", "Streams starten"),
    "action.prune_artifacts": ("prune old stream files and backups", "alte Stream-Dateien und Backups löschen"),
    "action.end_writers": ("end processes that write beside a stream", "Prozesse beenden, die neben einem Stream schreiben"),
    "action.ring_session": ("end the Ring session", "Ring-Sitzung beenden"),
    "action.restart_stream": ("restart the stream", "Stream neu starten"),
    # guard rails, and what to do where one refuses
    "guard.freeze": ("freeze: someone works on this line", "Freeze: Jemand arbeitet an dieser Linie"),
    "guard.interlock": (
        "interlock: the plant says that it is not safe",
        "Verriegelung: Die Anlage meldet, dass es nicht sicher ist",
    ),
    "guard.blast_radius": (
        "blast radius: too much of the line is affected already",
        "Wirkungsradius: Zu viel von der Linie ist schon betroffen",
    ),
    "guard.budget": ("restart budget: used up", "Neustart-Budget: aufgebraucht"),
    "guard.lease": ("lease: another run works on this host", "Lease: Ein anderer Lauf arbeitet an diesem Host"),
    "guard.journal": ("journal: it cannot be written", "Journal: Es lässt sich nicht schreiben"),
    "step.freeze": (
        "Ask who works on this line. When the work is done, set lineops_freeze to false and run the playbook again.",
        "Fragen, wer an dieser Linie arbeitet. Danach lineops_freeze auf false setzen und das Playbook erneut starten.",
    ),
    "step.interlock": (
        "Go to the line and bring it into a state that is safe to restart, then run the playbook again.",
        "Zur Linie gehen, sie in einen Zustand bringen, in dem ein Neustart sicher ist, dann das Playbook "
        "erneut starten.",
    ),
    "step.blast_radius": (
        "Look for a common cause on the line (network, power, PLC) before single hosts are restarted.",
        "Erst eine gemeinsame Ursache an der Linie suchen (Netz, Strom, PLC), bevor einzelne Hosts neu "
        "gestartet werden.",
    ),
    "step.budget": (
        "Do not restart again: restarts did not last. Find the cause with the saved evidence.",
        "Nicht noch einmal neu starten: Neustarts haben nicht gehalten. Die Ursache mit den gesicherten "
        "Beweisen suchen.",
    ),
    "step.lease": (
        "Wait until the other run has ended, then read its report.",
        "Warten, bis der andere Lauf zu Ende ist, dann dessen Bericht lesen.",
    ),
    "step.journal": (
        "Free space or correct the owner of lineops_state_dir, then run the playbook again.",
        "Platz schaffen oder den Eigentümer von lineops_state_dir berichtigen, dann das Playbook erneut starten.",
    ),
    # signals and proofs
    "signal.flag": ("the supervisor's flag", "Anzeige des Supervisors"),
    "signal.test": ("route test by the supervisor", "Routentest durch den Supervisor"),
    "signal.write": ("write test", "Schreibtest"),
    "signal.controller": ("ADS probe from the controller", "ADS-Probe vom Controller"),
    "signal.controller_udp": ("PLC identifies itself to the controller", "PLC meldet sich beim Controller"),
    "signal.host_udp": ("PLC identifies itself to the host", "PLC meldet sich beim Host"),
    "signal.host_tcp": ("host's connection to the PLC", "Verbindung des Hosts zur PLC"),
    "signal.host_api": ("supervisor seen on its own host", "Supervisor auf dem eigenen Host"),
    "signal.api": ("supervisor's API", "API des Supervisors"),
    "signal.breaker": ("write breaker", "Schreibsicherung"),
    "signal.namespaces": ("namespaces", "Namespaces"),
    "proof.route test": ("route test", "Routentest"),
    "proof.write test": ("write test", "Schreibtest"),
    # remarks
    "remark.incomplete": (
        "This incident has no end in the journal: the run was interrupted, or is still going. What stands "
        "here is all there is.",
        "Dieser Incident hat im Journal kein Ende: Der Lauf wurde unterbrochen oder läuft noch. Mehr, als "
        "hier steht, gibt es nicht.",
    ),
    "remark.check": (
        "Check mode: nothing was changed on the plant.",
        "Check-Modus: An der Anlage wurde nichts geändert.",
    ),
    "remark.left": (
        "Left as it was, still to be taken back (the next run does that first)",
        "Noch nicht zurückgenommen (der nächste Lauf tut das zuerst)",
    ),
    "remark.clock_back": (
        "The clock went back by {duration} between entries: durations across that are too short.",
        "Die Uhr ging zwischen Einträgen um {duration} zurück: Dauern über diese Stelle hinweg sind zu kurz.",
    ),
    "remark.without_time": ("Entries without a readable time: {count}", "Einträge ohne lesbare Zeit: {count}"),
    "remark.unknown_entries": (
        "Entries this report does not know, shown as they are: {count} (number {entries})",
        "Einträge, die dieser Bericht nicht kennt, unverändert gezeigt: {count} (Nummer {entries})",
    ),
    "remark.severity_changed": (
        "The journal tells more than one severity ({told}); the highest counts.",
        "Im Journal stehen mehrere Schweregrade ({told}); der höchste gilt.",
    ),
    "remark.unreadable": (
        "Lines of the journal that cannot be read, shown at the end: {count}",
        "Zeilen des Journals, die nicht lesbar sind, am Ende gezeigt: {count}",
    ),
    "remark.no_incident": (
        "Entries that belong to no incident, shown at the end: {count}",
        "Einträge, die zu keinem Incident gehören, am Ende gezeigt: {count}",
    ),
    "remark.picture_not_jpeg": (
        "A picture of camera {camera} is no JPEG and was left out.",
        "Ein Bild der Kamera {camera} ist kein JPEG und wurde weggelassen.",
    ),
    "remark.picture_too_large": (
        "A picture of camera {camera} is larger than 64 kB and was left out.",
        "Ein Bild der Kamera {camera} ist größer als 64 kB und wurde weggelassen.",
    ),
    "remark.picture_too_many": (
        "Pictures left out, since 16 are enough: {count}",
        "Bilder weggelassen, weil 16 genügen: {count}",
    ),
    "remark.picture_unnamed": (
        "A picture (camera {camera}) does not say its camera, or whether it is from before or after, and was left out.",
        "Ein Bild (Kamera {camera}) nennt seine Kamera nicht, oder nicht, ob es von vorher oder nachher ist, und wurde "
        "weggelassen.",
    ),
    "remark.noted": ("{note}", "{note}"),
    "remark.chain": (
        "{path}: lines that do not fit the chain of hashes: {count}, first line {line}. They, or what stood before, "
        "were changed or removed.",
        "{path}: Zeilen, die nicht zur Hash-Kette passen: {count}, zuerst Zeile {line}. Sie oder das, was davor stand, "
        "wurden geändert oder entfernt.",
    ),
    # index and shift
    "person.title": ("Needs a person now", "Braucht jetzt einen Menschen"),
    "person.nobody": ("Nobody is needed now.", "Jetzt wird niemand gebraucht."),
    "person.count": ("incidents need a person: {count}", "Incidents, die einen Menschen brauchen: {count}"),
    "incidents": ("Incidents", "Incidents"),
    "incidents.none": ("No incident.", "Kein Incident."),
    "counts": ("Counts", "Anzahl"),
    "nothing_done": (
        "Automation did nothing here in this window.",
        "Die Automatik hat hier in diesem Zeitraum nichts getan.",
    ),
    "who": ("Who", "Wer"),
    "what": ("What", "Was"),
    # rules of severity
    **{
        f"rule.{rule}": both
        for rule, both in {
            "SEV.1": ("no control, or core functions are affected", "keine Steuerung oder Kernfunktionen betroffen"),
            "SEV.2": (
                "partial functions are unstable, a workaround exists",
                "Teilfunktionen instabil, Workaround möglich",
            ),
            "SEV.3": (
                "a single feature is disturbed, production goes on",
                "einzelne Features gestört, kein unmittelbarer Produktionsstopp",
            ),
            "A.E1": ("several core cameras are down at once", "mehrere Kernkameras fallen gleichzeitig aus"),
            "A.E2": (
                "only part is affected, but reproducibly unstable",
                "nur eine Teilmenge ist betroffen, aber reproduzierbar instabil",
            ),
            "B.E1": ("control commands are no longer possible", "Steuerbefehle sind nicht mehr möglich"),
            "B.E2": ("only single namespaces of the PLC are affected", "nur einzelne PLC-Namespaces sind betroffen"),
            "C.E1": (
                "a restart has no effect, neither by the API nor on the host",
                "Restart zeigt weder API-seitig noch hostseitig Wirkung",
            ),
            "C.E2": (
                "a restart works, but the problem comes back soon",
                "Restart wirkt, das Problem kehrt aber kurzfristig wieder",
            ),
        }.items()
    },
    # what happened to the run itself
    "sentence.run.failed": ("The run itself failed.", "Der Lauf selbst ist fehlgeschlagen."),
    "sentence.inventory.mistakes": ("The inventory has mistakes.", "Das Inventar enthält Fehler."),
}

_RUN_STEPS_DE = {
    "Read the failed task above.": "Den gescheiterten Task in der Ausgabe des Laufs lesen.",
    "Read the failed task above; nothing more was done on this host.": (
        "Den gescheiterten Task in der Ausgabe des Laufs lesen; mehr wurde auf diesem Host nicht getan."
    ),
    "Correct the inventory; nothing was contacted.": "Das Inventar berichtigen; es wurde nichts kontaktiert.",
}

#: Longer texts are no sentences of ours; matching them would only cost time.
_LONGEST = 2000


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **values: t.Any) -> str:
        """Return the words of a key, with values filled in once."""
        return _filled(WORDS[key][self._column], {name: str(value) for name, value in values.items()})

    def known(self, kind: str, code: str) -> str:
        """Return the words for a code of the journal, e.g. known("guard", "freeze"); "" where there are none."""
        both = WORDS.get(f"{kind}.{code}")
        return both[self._column] if both else ""

    def sentence(self, code: str, recorded: str) -> str:
        """Return a finding's sentence in this language; "" where it was not recognised."""
        if code not in FINDINGS:
            return self.known("sentence", code) if not recorded else ""
        names = _names_in(code, recorded)
        return sentence_of(code, self.language, **names) if names else ""

    def next_step(self, code: str, recorded: str, host: str) -> str:
        """Return the next step of a finding in this language; "" where what was recorded is another one."""
        row = FINDINGS.get(code)
        if row and row.next_step and recorded in ("", _filled(row.next_step, {"host": host})):
            text = row.next_step_de if self.language == "de" else row.next_step
            return _filled(text, {"host": host})
        if recorded in _RUN_STEPS_DE:
            return _RUN_STEPS_DE[recorded] if self.language == "de" else recorded
        return ""

    def rule(self, rule_id: str) -> str:
        """Return what a rule of severity says, with its id; "" where it is not known."""
        words = self.known("rule", rule_id)
        return f"{words} ({self('rule', rule=rule_id)})" if words else ""


def _filled(text: str, values: dict[str, str]) -> str:
    """Fill in names once, so that braces inside a value stay what they are."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found.group(1), found.group()), text)


def _names_in(code: str, recorded: str) -> dict[str, str] | None:
    """Read the names back out of a recorded sentence of this finding, in whichever language it was told.

    None also where a name with brackets cannot be told from the detail in brackets behind it.
    """
    if len(recorded) > _LONGEST:
        return None
    for text, pattern in _patterns(code):
        found = pattern.fullmatch(recorded)
        if found:
            names = {"plc": "", "camera": "", "host": "", **found.groupdict(default="")}
            return None if "}{detail}" in text and " (" in names["detail"] else names
    return None


@functools.lru_cache(maxsize=None)
def _patterns(code: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    parts = {"{plc}": "(?P<plc>.*?)", "{camera}": "(?P<camera>.*?)", "{host}": "(?P<host>.*?)", "{detail}": r"(?: \((?P<detail>.*)\))?"}
    texts = (FINDINGS[code].en, FINDINGS[code].de)
    return tuple(
        (
            text,
            re.compile(
                "".join(parts.get(piece) or re.escape(piece) for piece in re.split(r"(\{\w+\})", text)), re.DOTALL
            ),
        )
        for text in texts
    )
