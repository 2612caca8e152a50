# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of findings: what each code means, who acts, and the severity rule behind it.

A released code never changes its meaning (DESIGN §2). Private to this collection.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


class SeverityRule(t.NamedTuple):
    """One rule of the binding operations playbook that gives a severity, in words."""

    severity: str
    en: str
    de: str


#: The ids are those of docs/traceability.md. Which rule holds for a line is decided in _severity.
SEVERITY_RULES = {
    "none": SeverityRule("", "nothing is wrong", "nichts ist gestört"),
    "SEV.1": SeverityRule(
        "SEV-1", "no control through this supervisor", "keine Steuerung über diesen Supervisor"),
    "SEV.2": SeverityRule(
        "SEV-2", "part of the functions is disturbed, a workaround is possible",
        "Teilfunktionen sind gestört, ein Workaround ist möglich"),
    "SEV.3": SeverityRule(
        "SEV-3", "a single feature is disturbed, production goes on",
        "ein einzelnes Feature ist gestört, die Produktion läuft weiter"),
    "A.E1": SeverityRule(
        "SEV-1", "several core cameras are out at once", "mehrere Kernkameras sind gleichzeitig ausgefallen"),
    "A.E2": SeverityRule(
        "SEV-2", "only a subset of the cameras is affected, but reproducibly unstable",
        "nur eine Teilmenge der Kameras ist betroffen, aber reproduzierbar instabil"),
    "B.E1": SeverityRule(
        "SEV-1", "control commands are no longer possible", "Steuerbefehle sind nicht mehr möglich"),
    "B.E2": SeverityRule(
        "SEV-2", "only single namespaces of the PLC are affected", "nur einzelne Namespaces der PLC sind betroffen"),
    "C.E1": SeverityRule(
        "SEV-1", "a restart has no effect, neither by the API nor on the host",
        "ein Neustart zeigt weder über die API noch auf dem Host Wirkung"),
    "C.E2": SeverityRule(
        "SEV-2", "the restart works, but the problem comes back shortly after",
        "der Neustart wirkt, aber das Problem kehrt kurzfristig wieder"),
}


@dataclass(frozen=True)
class FindingType:
    """One row of the findings table.

    code: stable name; playbook: the binding playbook that handles it; rule: key of SEVERITY_RULES;
    en/de: one sentence, {plc}, {camera}, {host}, {detail} are filled in; heals: actions its playbook may take, in words, or ""
    where nothing here can heal it; owner: who acts when it is not healed; next_step and next_step_de: what that person
    does first.
    """

    code: str
    playbook: str
    rule: str
    en: str
    de: str
    heals: str
    owner: str
    next_step: str
    next_step_de: str = ""


_ROWS = (
    FindingType(
        "plc.healthy", "B", "none",
        "The PLC {plc} answers and takes commands{detail}.",
        "Die PLC {plc} antwortet und nimmt Befehle an{detail}.",
        "", "", ""),
    FindingType(
        "supervisor.unreachable", "C", "SEV.1",
        "The supervisor on {host} does not answer{detail}.",
        "Der Supervisor auf {host} antwortet nicht{detail}.",
        "", "L1", "Check that {host} is on and its supervisor service runs; if it does not start, run Playbook C.",
        "Prüfen, ob {host} an ist und sein Supervisor-Dienst läuft; startet er nicht, Playbook C ausführen."),
    FindingType(
        "supervisor.path_blocked", "B", "SEV.3",
        "The supervisor runs and answers on {host} itself, but not from here{detail}.",
        "Der Supervisor läuft und antwortet auf {host} selbst, aber nicht von hier{detail}.",
        "", "L1", "Compare lineops_supervisor_url with the address it listens on, then look at the network between.",
        "lineops_supervisor_url mit der Adresse vergleichen, auf der er lauscht, dann das Netz dazwischen ansehen."),
    FindingType(
        "supervisor.not_understood", "C", "SEV.1",
        "Something answers at the supervisor's address of {host}, but not as the supervisor does{detail}.",
        "Unter der Supervisor-Adresse von {host} antwortet etwas, aber nicht wie der Supervisor{detail}.",
        "", "L2", "Open lineops_supervisor_url in a browser: a proxy, another program or a broken start page answers.",
        "lineops_supervisor_url im Browser öffnen: ein Proxy, ein anderes Programm oder eine kaputte Startseite "
        "antwortet."),
    FindingType(
        "supervisor.key_refused", "B", "SEV.3",
        "The supervisor on {host} refuses our operator key{detail}.",
        "Der Supervisor auf {host} lehnt unseren Operator-Schlüssel ab{detail}.",
        "", "L1", "Put a valid operator key into lineops_secrets; nothing was tried without it.",
        "Einen gültigen Operator-Schlüssel in lineops_secrets eintragen; ohne ihn wurde nichts versucht."),
    FindingType(
        "supervisor.all_keys_refused", "B", "SEV.3",
        "The supervisor on {host} refuses every key we have{detail}.",
        "Der Supervisor auf {host} lehnt alle unsere Schlüssel ab{detail}.",
        "", "L1", "Check that the URL is the right supervisor and renew both keys in lineops_secrets.",
        "Prüfen, ob die URL der richtige Supervisor ist, und beide Schlüssel in lineops_secrets erneuern."),
    FindingType(
        "plc.filtered", "B", "B.E1",
        "Packets to the PLC {plc} are dropped on the way{detail}.",
        "Pakete zur PLC {plc} gehen unterwegs verloren{detail}.",
        "", "L1", "Check that the PLC is on, its network cable, switch port and firewall (TCP 48898, UDP 48899).",
        "Prüfen: ist die PLC an, Netzwerkkabel, Switch-Port und Firewall (TCP 48898, UDP 48899)."),
    FindingType(
        "plc.router_refused", "B", "B.E1",
        "The PLC {plc} is on the network, but its TwinCAT router refuses connections{detail}.",
        "Die PLC {plc} ist im Netz, aber ihr TwinCAT-Router weist Verbindungen ab{detail}.",
        "", "L1", "Look at the TwinCAT icon on the PLC: the runtime is stopped, restarting, or port 48898 is closed.",
        "Das TwinCAT-Symbol auf der PLC ansehen: die Laufzeit steht, startet gerade, oder Port 48898 ist zu."),
    FindingType(
        "plc.silent", "B", "B.E1",
        "The PLC {plc} accepts connections but answers nothing{detail}.",
        "Die PLC {plc} nimmt Verbindungen an, antwortet aber nicht{detail}.",
        "", "L1", "Go to the PLC: it hangs or is overloaded. A restart of the supervisor does not help.",
        "Zur PLC gehen: sie hängt oder ist überlastet. Ein Neustart des Supervisors hilft nicht."),
    FindingType(
        "plc.route_missing", "B", "B.E1",
        "The PLC {plc} has no ADS route back to {host}{detail}.",
        "Der PLC {plc} fehlt die ADS-Route zurück zu {host}{detail}.",
        "add the route, connect again", "L1",
        "Add the route to {host} in TwinCAT XAE on the engineering side (SYSTEM > Routes).",
        "Die Route zu {host} in TwinCAT XAE auf der Engineering-Seite eintragen (SYSTEM > Routes)."),
    FindingType(
        "plc.route_refused", "B", "B.E1",
        "The PLC {plc} did not take the new ADS route: its user name or password is wrong{detail}.",
        "Die PLC {plc} hat die neue ADS-Route nicht angenommen: Benutzer oder Passwort ist falsch{detail}.",
        "", "L1", "Correct plc_username and plc_password in lineops_secrets, or add the route in TwinCAT XAE.",
        "plc_username und plc_password in lineops_secrets berichtigen, oder die Route in TwinCAT XAE eintragen."),
    FindingType(
        "plc.route_unanswered", "B", "B.E1",
        "The PLC {plc} does not answer route requests (UDP 48899){detail}.",
        "Die PLC {plc} beantwortet keine Routen-Anfragen (UDP 48899){detail}.",
        "", "L1", "Open UDP 48899 to the PLC or switch its discovery on, or add the route in TwinCAT XAE.",
        "UDP 48899 zur PLC öffnen oder ihre Erkennung einschalten, oder die Route in TwinCAT XAE eintragen."),
    FindingType(
        "plc.link_stale", "B", "B.E1",
        "The supervisor on {host} holds a PLC link that does not match the PLC {plc}{detail}.",
        "Der Supervisor auf {host} hält eine PLC-Verbindung, die nicht zur PLC {plc} passt{detail}.",
        "connect again", "L2",
        "Restart the supervisor (Playbook C): its ADS library holds a dead connection.",
        "Den Supervisor neu starten (Playbook C): seine ADS-Bibliothek hält eine tote Verbindung."),
    FindingType(
        "plc.library_wedged", "C", "B.E1",
        "The supervisor's ADS library on {host} holds a dead connection to the PLC {plc}{detail}.",
        "Die ADS-Bibliothek des Supervisors auf {host} hält eine tote Verbindung zur PLC {plc}{detail}.",
        "", "L1", "Restart the supervisor on {host} (Playbook C), then run Playbook B again; only that clears it.",
        "Den Supervisor auf {host} neu starten (Playbook C), dann Playbook B noch einmal; nur das hilft."),
    FindingType(
        "supervisor.ads_library_missing", "B", "B.E1",
        "The supervisor on {host} has no ADS library{detail}.",
        "Dem Supervisor auf {host} fehlt die ADS-Bibliothek{detail}.",
        "", "L2", "Install pyads in the supervisor's environment on {host} and restart it.",
        "pyads in der Umgebung des Supervisors auf {host} installieren und ihn neu starten."),
    FindingType(
        "supervisor.net_id_differs", "B", "B.E1",
        "The supervisor on {host} uses another AMS NetId than the route of the PLC {plc} is for{detail}.",
        "Der Supervisor auf {host} benutzt eine andere AMS NetId als die, für die die PLC {plc} eine Route hat{detail}.",
        "", "L1", "Correct route.local_ams_net_id in lineops_plcs, or give the supervisor back its NetId by a restart (Playbook C).",
        "route.local_ams_net_id in lineops_plcs berichtigen, oder dem Supervisor durch einen Neustart (Playbook C) "
        "seine NetId zurückgeben."),
    FindingType(
        "plc.net_id_differs", "B", "B.E1",
        "The PLC at the address of {plc} has another AMS NetId than the inventory says{detail}.",
        "Die PLC unter der Adresse von {plc} hat eine andere AMS NetId als im Inventar{detail}.",
        "", "L1", "Correct ams_net_id in lineops_plcs, or check that this is the right PLC.",
        "ams_net_id in lineops_plcs berichtigen, oder prüfen, ob dies die richtige PLC ist."),
    FindingType(
        "plc.net_id_not_from_ip", "B", "B.E1",
        "The supervisor connects to the first four numbers of the NetId of {plc}, which are not its address{detail}.",
        "Der Supervisor verbindet sich mit den ersten vier Zahlen der NetId von {plc}, die nicht deren Adresse sind{detail}.",
        "", "L2", "Give the PLC a NetId made from its address, or an address that fits; the supervisor knows no other way.",
        "Der PLC eine NetId geben, die aus ihrer Adresse gebildet ist, oder eine passende Adresse; anders findet "
        "der Supervisor sie nicht."),
    FindingType(
        "plc.not_running", "B", "B.E1",
        "The PLC {plc} is not in RUN{detail}.",
        "Die PLC {plc} ist nicht in RUN{detail}.",
        "", "L1", "Put TwinCAT into RUN on the PLC, after finding out who stopped it and why.",
        "TwinCAT auf der PLC in RUN schalten, nachdem geklärt ist, wer sie angehalten hat und warum."),
    FindingType(
        "plc.port_wrong", "B", "B.E1",
        "The PLC {plc} has no runtime on the AMS port of the inventory{detail}.",
        "Die PLC {plc} hat keine Laufzeit auf dem AMS-Port des Inventars{detail}.",
        "", "L1", "Check runtime_type and ams_port in lineops_plcs (TC2 801, TC3 851), and that the PLC program is loaded.",
        "runtime_type und ams_port in lineops_plcs prüfen (TC2 801, TC3 851), und ob das PLC-Programm geladen ist."),
    FindingType(
        "plc.route_conflict", "B", "B.E1",
        "Another route in the PLC {plc} stands in the way of the one for {host}{detail}.",
        "Eine andere Route in der PLC {plc} steht der für {host} im Weg{detail}.",
        "", "L1", "Remove the other route in TwinCAT XAE, or with ads_route and replace_conflicting.",
        "Die andere Route in TwinCAT XAE entfernen, oder mit ads_route und replace_conflicting."),
    FindingType(
        "plc.target_differs", "B", "B.E1",
        "The supervisor on {host} is connected to something else than the PLC {plc} of the inventory{detail}.",
        "Der Supervisor auf {host} ist mit etwas anderem verbunden als der PLC {plc} des Inventars{detail}.",
        "connect to the right target", "L1", "Check whether inventory or supervisor is right, then run this playbook again.",
        "Klären, ob Inventar oder Supervisor recht hat, dann dieses Playbook noch einmal ausführen."),
    FindingType(
        "plc.config_drift", "B", "SEV.3",
        "The supervisor on {host} has stored the PLC {plc} otherwise than the inventory says{detail}.",
        "Der Supervisor auf {host} hat die PLC {plc} anders gespeichert, als es im Inventar steht{detail}.",
        "", "L1", "Correct the stored entry with plc_config (state: corrected), or the inventory.",
        "Den gespeicherten Eintrag mit plc_config (state: corrected) berichtigen, oder das Inventar."),
    FindingType(
        "plc.write_breaker_open", "B", "B.E1",
        "The supervisor on {host} stopped writing to the PLC {plc} after failed writes; its write breaker is open{detail}.",
        "Der Supervisor auf {host} schreibt nach Fehlern nicht mehr auf die PLC {plc}; seine Schreibsicherung ist offen{detail}.",
        "", "L1", "After 30 s the next command of the HMI tries again and closes it; if it stays open, restart the supervisor (Playbook C).",
        "Nach 30 s versucht es der nächste Befehl der HMI wieder und schließt sie; bleibt sie offen, den Supervisor "
        "neu starten (Playbook C)."),
    FindingType(
        "plc.write_breaker_wedged", "C", "B.E1",
        "The supervisor's write breaker for the PLC {plc} on {host} is half open and may let no command through"
        "{detail}.",
        "Die Schreibsicherung des Supervisors für die PLC {plc} auf {host} ist halb offen und lässt womöglich keinen "
        "Befehl durch{detail}.",
        "", "L1", "Run this playbook again after half a minute; if it is still half open, restart the supervisor (Playbook C).",
        "Dieses Playbook nach einer halben Minute noch einmal ausführen; ist sie immer noch halb offen, den "
        "Supervisor neu starten (Playbook C)."),
    FindingType(
        "plc.symbol_unknown", "B", "SEV.3",
        "The test variable is not in the PLC {plc}, so its write path is not proven{detail}.",
        "Die Testvariable gibt es in der PLC {plc} nicht, der Schreibweg ist nicht bewiesen{detail}.",
        "", "L1", "Correct test_variable in lineops_plcs, or load the PLC program that has it.",
        "test_variable in lineops_plcs berichtigen, oder das PLC-Programm laden, das sie hat."),
    FindingType(
        "supervisor.symbols_stale", "B", "SEV.3",
        "The supervisor on {host} does not know a variable that the PLC {plc} has{detail}.",
        "Der Supervisor auf {host} kennt eine Variable nicht, die die PLC {plc} hat{detail}.",
        "", "L2", "Upload the PLC's symbols to the supervisor again.",
        "Die Symbole der PLC noch einmal in den Supervisor laden."),
    FindingType(
        "plc.write_failed", "B", "B.E1",
        "The PLC {plc} is connected, but does not take commands{detail}.",
        "Die PLC {plc} ist verbunden, nimmt aber keine Befehle an{detail}.",
        "", "L2", "Look at the supervisor's log for the ADS code of the failed write, and at the PLC's state.",
        "Im Log des Supervisors nach dem ADS-Code des fehlgeschlagenen Schreibens sehen, und nach dem Zustand der "
        "PLC."),
    FindingType(
        "plc.namespace_failing", "B", "B.E2",
        "Single namespaces of the PLC {plc} do not answer{detail}.",
        "Einzelne Namespaces der PLC {plc} antworten nicht{detail}.",
        "", "L2", "Compare the PLC program with the variables of these namespaces; a download may have changed them.",
        "Das PLC-Programm mit den Variablen dieser Namespaces vergleichen; ein Download kann sie geändert haben."),
    FindingType(
        "plc.unclear", "B", "B.E1",
        "The PLC {plc} does not work and the cause could not be told apart{detail}.",
        "Die PLC {plc} arbeitet nicht, die Ursache ließ sich nicht eingrenzen{detail}.",
        "", "L2", "Read the evidence below; look at the PLC and its route table in TwinCAT XAE.",
        "Die Beobachtungen unten lesen; die PLC und ihre Routentabelle in TwinCAT XAE ansehen."),
    FindingType(
        "supervisor.healthy", "C", "none",
        "The supervisor on {host} answers and works{detail}.",
        "Der Supervisor auf {host} antwortet und arbeitet{detail}.",
        "", "", ""),
    FindingType(
        "supervisor.hung", "C", "SEV.1",
        "The supervisor on {host} takes connections but answers nobody{detail}.",
        "Der Supervisor auf {host} nimmt Verbindungen an, antwortet aber niemandem{detail}.",
        "restart it", "L2", "Restart its service on {host} by hand, and find out in its log what it was doing when it stopped.",
        "Seinen Dienst auf {host} von Hand neu starten, und in seinem Log suchen, was er zuletzt tat."),
    FindingType(
        "supervisor.stopped", "C", "SEV.1",
        "The service of the supervisor on {host} is stopped{detail}.",
        "Der Dienst des Supervisors auf {host} ist angehalten{detail}.",
        "start it", "L1", "Find out who stopped the service on {host} and why, then start it.",
        "Klären, wer den Dienst auf {host} angehalten hat und warum, dann ihn starten."),
    FindingType(
        "supervisor.container_stopped", "C", "SEV.1",
        "The container of the supervisor on {host} does not run{detail}.",
        "Der Container des Supervisors auf {host} läuft nicht{detail}.",
        "restart the container", "L2", "Look at the container's last log lines and its restart policy on {host}.",
        "Die letzten Log-Zeilen des Containers und seine Restart-Policy auf {host} ansehen."),
    FindingType(
        "supervisor.start_limit", "C", "SEV.1",
        "The supervisor on {host} ended so often that systemd starts it no more{detail}.",
        "Der Supervisor auf {host} ist so oft zu Ende gegangen, dass systemd ihn nicht mehr startet{detail}.",
        "reset the start limit and start it", "L2", "Read the last lines of its log on {host}: something ends it right after its start.",
        "Die letzten Zeilen seines Logs auf {host} lesen: etwas beendet ihn gleich nach dem Start."),
    FindingType(
        "supervisor.crash_loop", "C", "SEV.1",
        "The supervisor on {host} ends again and again right after its start{detail}.",
        "Der Supervisor auf {host} geht gleich nach dem Start immer wieder zu Ende{detail}.",
        "restart it", "L2", "Read the last lines of its log on {host}, and what was changed there last.",
        "Die letzten Zeilen seines Logs auf {host} lesen, und was dort zuletzt geändert wurde."),
    FindingType(
        "supervisor.escaped", "C", "SEV.2",
        "An instance outside its service answers in place of the supervisor on {host}{detail}.",
        "Anstelle des Dienstes antwortet auf {host} eine Instanz, die außerhalb von ihm gestartet wurde{detail}.",
        "end it and start the service", "L2", "Find out who started it on {host}; end it and start the service.",
        "Klären, wer sie auf {host} gestartet hat; sie beenden und den Dienst starten."),
    FindingType(
        "supervisor.port_taken", "C", "SEV.1",
        "Another program holds the port of the supervisor on {host}{detail}.",
        "Ein fremdes Programm hält den Port des Supervisors auf {host}{detail}.",
        "", "L2", "Find out what that program on {host} is and who needs it; it is none of the supervisor's and is not ended from here.",
        "Klären, was das für ein Programm auf {host} ist und wer es braucht; es gehört nicht zum Supervisor und wird "
        "von hier nicht beendet."),
    FindingType(
        "supervisor.unit_masked", "C", "SEV.1",
        "The service of the supervisor on {host} is masked, so nothing can start it{detail}.",
        "Der Dienst des Supervisors auf {host} ist maskiert, nichts kann ihn starten{detail}.",
        "", "L1", "Find out who masked the service on {host} and why; then unmask and start it.",
        "Klären, wer den Dienst auf {host} maskiert hat und warum; dann die Maskierung aufheben und ihn starten."),
    FindingType(
        "supervisor.unit_missing", "C", "SEV.1",
        "systemd on {host} does not know the service of the inventory{detail}.",
        "systemd auf {host} kennt den Dienst aus dem Inventar nicht{detail}.",
        "", "L1", "Correct lineops_supervisor_unit, or install the supervisor's service on {host}.",
        "lineops_supervisor_unit berichtigen, oder den Dienst des Supervisors auf {host} installieren."),
    FindingType(
        "supervisor.unit_disabled", "C", "SEV.3",
        "The service of the supervisor on {host} would not start with the machine{detail}.",
        "Der Dienst des Supervisors auf {host} würde mit der Maschine nicht starten{detail}.",
        "", "L1", "Enable the service on {host} (systemctl enable), unless somebody disabled it on purpose.",
        "Den Dienst auf {host} aktivieren (systemctl enable), falls ihn niemand mit Absicht deaktiviert hat."),
    FindingType(
        "supervisor.start_blocked", "C", "SEV.1",
        "The supervisor on {host} is starting, blocked by a silent PLC{detail}.",
        "Der Supervisor auf {host} startet und wird von einer stummen PLC aufgehalten{detail}.",
        "", "L1", "Bring the PLC or the way to it back; the supervisor answers about two minutes after its start in any case. "
        "Another restart only starts the wait anew.",
        "Die PLC oder den Weg zu ihr zurückholen; der Supervisor antwortet in jedem Fall etwa zwei Minuten nach seinem "
        "Start. Ein weiterer Neustart beginnt das Warten nur von vorn."),
    FindingType(
        "supervisor.disk_full", "C", "SEV.1",
        "A file system that the supervisor on {host} writes to is full{detail}.",
        "Ein Dateisystem, auf das der Supervisor auf {host} schreibt, ist voll{detail}.",
        "", "L1", "Make room on {host} (old logs, old backups), then run this playbook again; a restart does not help.",
        "Auf {host} Platz schaffen (alte Logs, alte Backups), dann dieses Playbook noch einmal ausführen; ein Neustart "
        "hilft nicht."),
    FindingType(
        "supervisor.no_rights", "C", "SEV.1",
        "The supervisor's user on {host} has no rights where it needs them{detail}.",
        "Dem Benutzer des Supervisors auf {host} fehlen Rechte, die er braucht{detail}.",
        "", "L2", "Give owner and mode of these paths on {host} back, and find out what changed them; a restart does not help.",
        "Besitzer und Rechte dieser Pfade auf {host} wiederherstellen, und klären, was sie geändert hat; ein Neustart "
        "hilft nicht."),
    FindingType(
        "supervisor.unclear", "C", "SEV.2",
        "How the supervisor on {host} is could not be told{detail}.",
        "Wie es dem Supervisor auf {host} geht, ließ sich nicht feststellen{detail}.",
        "", "L2", "Read what was not observed below, and look at the service on {host} by hand.",
        "Lesen, was unten nicht beobachtet wurde, und den Dienst auf {host} von Hand ansehen."),
    FindingType(
        "restart.no_effect", "C", "C.E1",
        "No restart of the supervisor on {host} had an effect{detail}.",
        "Kein Neustart des Supervisors auf {host} hatte eine Wirkung{detail}.",
        "", "L2", "Go to {host}: read the log of the service, and restart it or the machine by hand.",
        "Zu {host} gehen: das Log des Dienstes lesen, und ihn oder die Maschine von Hand neu starten."),
    FindingType(
        "restart.streams_lost", "C", "SEV.2",
        "The supervisor on {host} is back after its restart, but not all streams that ran before{detail}.",
        "Der Supervisor auf {host} ist nach seinem Neustart wieder da, aber nicht alle Streams, die vorher liefen{detail}.",
        "", "L1", "Start these cameras on {host} by hand, and look whether the camera itself answers.",
        "Diese Kameras auf {host} von Hand starten, und sehen, ob die Kamera selbst antwortet."),
    FindingType(
        "restart.recurs", "C", "C.E2",
        "The supervisor on {host} was restarted and failed again shortly after{detail}.",
        "Der Supervisor auf {host} wurde neu gestartet und fiel kurz darauf wieder aus{detail}.",
        "", "L2", "Find out in the supervisor's log on {host} what ends it; another restart would only hide it.",
        "Im Log des Supervisors auf {host} suchen, was ihn beendet; ein weiterer Neustart würde es nur verdecken."),
    FindingType(
        "stream.healthy", "A", "none",
        "The cameras on {host} show a moving picture{detail}.",
        "Die Kameras auf {host} zeigen ein bewegtes Bild{detail}.",
        "", "", ""),
    FindingType(
        "stream.unknown_camera", "A", "none",
        "There is no camera {camera} on {host}{detail}.",
        "Eine Kamera {camera} gibt es auf {host} nicht{detail}.",
        "", "L1", "Name a camera that {host} has in stream_recovery_cameras; nothing was done.",
        "In stream_recovery_cameras eine Kamera nennen, die es auf {host} gibt; es wurde nichts getan."),
    FindingType(
        "stream.not_observed", "A", "SEV.2",
        "How the cameras on {host} are could not be seen{detail}.",
        "Wie es den Kameras auf {host} geht, war nicht zu sehen{detail}.",
        "", "L1", "Run Playbook C on {host} if its supervisor does not answer, then this playbook again.",
        "Antwortet der Supervisor auf {host} nicht, Playbook C ausführen, dann dieses Playbook noch einmal."),
    FindingType(
        "stream.disk_full", "A", "SEV.3",
        "The file system on {host} is full, so nothing new is written of {camera}{detail}.",
        "Das Dateisystem auf {host} ist voll, darum kommt von {camera} nichts Neues mehr{detail}.",
        "prune old stream files and backups, restart the stream", "L1",
        "Make room on {host} (old logs, old backups), then run this playbook again.",
        "Auf {host} Platz schaffen (alte Logs, alte Backups), dann dieses Playbook noch einmal ausführen."),
    FindingType(
        "stream.second_writer", "A", "SEV.3",
        "A process that the supervisor on {host} has lost writes the files of {camera}{detail}.",
        "Ein Prozess, den der Supervisor auf {host} verloren hat, schreibt die Dateien von {camera}{detail}.",
        "end the other process, restart the stream", "L1",
        "Find that ffmpeg on {host} (ps, parent 1) and end it, then restart the stream.",
        "Dieses ffmpeg auf {host} suchen (ps, Elternprozess 1) und beenden, dann den Stream neu starten."),
    FindingType(
        "ring.session_stuck", "A", "SEV.3",
        "A session of the Ring camera {camera} on {host} is reported as stuck{detail}.",
        "Eine Sitzung der Ring-Kamera {camera} auf {host} wird als hängend gemeldet{detail}.",
        "end the session", "L1", "Close the picture of the camera in every browser and open it again; look at the Ring account.",
        "Das Bild der Kamera in allen Browsern schließen und neu öffnen; das Ring-Konto ansehen."),
    FindingType(
        "ring.live_not_allowed", "A", "SEV.3",
        "The supervisor on {host} does not allow to show the Ring camera {camera} live{detail}.",
        "Der Supervisor auf {host} erlaubt nicht, die Ring-Kamera {camera} live zu zeigen{detail}.",
        "", "L1", "Switch ui.ring.webrtc on in the supervisor's settings on {host}, if it is meant to be on.",
        "ui.ring.webrtc in den Einstellungen des Supervisors auf {host} einschalten, falls das gewollt ist."),
    FindingType(
        "ring.token_missing", "A", "SEV.3",
        "The supervisor on {host} has no token for the Ring camera {camera}{detail}.",
        "Dem Supervisor auf {host} fehlt das Token für die Ring-Kamera {camera}{detail}.",
        "", "L1", "Log the supervisor on {host} in to Ring again.", "Den Supervisor auf {host} neu bei Ring anmelden."),
    FindingType(
        "stream.source_unreachable", "A", "SEV.3",
        "The camera {camera} itself gives {host} no picture{detail}.",
        "Die Kamera {camera} selbst liefert {host} kein Bild{detail}.",
        "", "L1", "Go to the camera: power, network cable, and the login that the supervisor on {host} has for it. A restart does not help.",
        "Zur Kamera gehen: Strom, Netzwerkkabel, und die Anmeldung, die der Supervisor auf {host} für sie hat. Ein "
        "Neustart hilft nicht."),
    FindingType(
        "stream.source_unstable", "A", "A.E2",
        "The stream of {camera} on {host} ends and comes back again and again{detail}.",
        "Der Stream von {camera} auf {host} bricht immer wieder ab und kommt wieder{detail}.",
        "", "L1", "Look at the camera and its network: it comes and goes. A restart would only hide it.",
        "Die Kamera und ihr Netz ansehen: sie kommt und geht. Ein Neustart würde es nur verdecken."),
    FindingType(
        "stream.hung", "A", "SEV.3",
        "The stream of {camera} on {host} hangs: it runs, but the picture stands still{detail}.",
        "Der Stream von {camera} auf {host} hängt: er läuft, aber das Bild steht{detail}.",
        "restart the stream", "L2", "Look at the stream's ffmpeg and its output on {host}, then at the camera.",
        "Das ffmpeg des Streams und seine Ausgabe auf {host} ansehen, dann die Kamera."),
    FindingType(
        "stream.breaker_open", "A", "SEV.3",
        "The supervisor on {host} refuses to start {camera} after several failures{detail}.",
        "Der Supervisor auf {host} weigert sich nach mehreren Fehlern, {camera} zu starten{detail}.",
        "wait for its circuit breaker, start the stream", "L1",
        "Look why the stream ended on {host}; the supervisor takes a new start half a minute after the last failure.",
        "Klären, warum der Stream auf {host} endete; eine halbe Minute nach dem letzten Fehler nimmt der Supervisor "
        "einen neuen Start an."),
    FindingType(
        "stream.cooldown", "A", "SEV.3",
        "The supervisor on {host} has given up starting {camera}, for the moment{detail}.",
        "Der Supervisor auf {host} versucht {camera} vorerst nicht mehr zu starten{detail}.",
        "start the stream", "L2", "Look at the stream's output on {host}, then at the camera.",
        "Die Ausgabe des Streams auf {host} ansehen, dann die Kamera."),
    FindingType(
        "stream.dead", "A", "SEV.3",
        "The stream of {camera} on {host} is wanted, but does not run{detail}.",
        "Der Stream von {camera} auf {host} soll laufen, läuft aber nicht{detail}.",
        "start the stream", "L2", "Look at the stream's output on {host}: something ends it right after its start.",
        "Die Ausgabe des Streams auf {host} ansehen: etwas beendet ihn gleich nach dem Start."),
    FindingType(
        "stream.never_started", "A", "SEV.3",
        "Nobody has started {camera} since the supervisor on {host} began{detail}.",
        "Seit dem Start des Supervisors auf {host} hat niemand {camera} gestartet{detail}.",
        "start the stream", "L1", "Start the camera in the supervisor's page of {host}.",
        "Die Kamera auf der Seite des Supervisors von {host} starten."),
    FindingType(
        "stream.stopped", "A", "SEV.3",
        "The core camera {camera} on {host} was stopped{detail}.",
        "Die Kernkamera {camera} auf {host} wurde angehalten{detail}.",
        "", "L1", "Find out who stopped it and why; name it in stream_recovery_cameras to have it started.",
        "Klären, wer sie angehalten hat und warum; in stream_recovery_cameras genannt wird sie gestartet."),
    FindingType(
        "stream.undecodable", "A", "SEV.3",
        "The stream of {camera} on {host} moves, but there is no picture in it{detail}.",
        "Der Stream von {camera} auf {host} läuft, enthält aber kein Bild{detail}.",
        "restart the stream", "L2", "Look at what the camera sends (codec, login page in place of a picture).",
        "Ansehen, was die Kamera sendet (Codec, Anmeldeseite statt Bild)."),
    FindingType(
        "stream.stuttering", "A", "SEV.3",
        "The picture of {camera} on {host} stutters{detail}.",
        "Das Bild von {camera} auf {host} stockt{detail}.",
        "restart the stream", "L1", "Look at the camera's network and at the load of {host}.",
        "Das Netz der Kamera und die Last von {host} ansehen."),
    FindingType(
        "stream.unwatchable", "A", "SEV.3",
        "The stream of {camera} on {host} moves, but a viewer gets errors{detail}.",
        "Der Stream von {camera} auf {host} läuft, aber Zuschauer bekommen Fehler{detail}.",
        "", "L2", "Look at the web server of {host} and its HLS directory: it serves what it has not got.",
        "Den Webserver von {host} und sein HLS-Verzeichnis ansehen: er bietet an, was er nicht hat."),
    FindingType(
        "stream.playback_unproven", "A", "SEV.3",
        "The stream of {camera} on {host} moves again, but nobody could look at a picture of it{detail}.",
        "Der Stream von {camera} auf {host} läuft wieder, aber niemand konnte ein Bild davon ansehen{detail}.",
        "", "L1", "Open the camera's picture in a browser, or install ffmpeg where this runs, and run again.",
        "Das Bild der Kamera im Browser öffnen, oder ffmpeg installieren, wo dies läuft, und noch einmal ausführen."),
    FindingType(
        "stream.starting", "A", "SEV.3",
        "The stream of {camera} on {host} was started a moment ago{detail}.",
        "Der Stream von {camera} auf {host} wurde gerade erst gestartet{detail}.",
        "", "L1", "Run this playbook again in half a minute.",
        "Dieses Playbook in einer halben Minute noch einmal ausführen."),
    FindingType(
        "stream.not_in_supervisor", "A", "SEV.3",
        "The inventory has the camera {camera}, but the supervisor on {host} does not{detail}.",
        "Die Kamera {camera} steht im Inventar, aber der Supervisor auf {host} kennt sie nicht{detail}.",
        "", "L1", "Correct lineops_cameras, or add the camera at the supervisor on {host}.",
        "lineops_cameras berichtigen, oder die Kamera beim Supervisor auf {host} anlegen."),
    FindingType(
        "stream.not_in_inventory", "A", "SEV.3",
        "The supervisor on {host} has the camera {camera}, but the inventory does not{detail}.",
        "Der Supervisor auf {host} kennt die Kamera {camera}, aber im Inventar steht sie nicht{detail}.",
        "", "L1", "Add the camera to lineops_cameras; it is looked after all the same.",
        "Die Kamera in lineops_cameras eintragen; betreut wird sie trotzdem."),
    FindingType(
        "stream.unclear", "A", "SEV.3",
        "How the stream of {camera} on {host} is could not be told{detail}.",
        "Wie es dem Stream von {camera} auf {host} geht, ließ sich nicht feststellen{detail}.",
        "", "L2", "Read the evidence below, and look at the camera's picture and its files on {host} by hand.",
        "Die Beobachtungen unten lesen, und das Bild der Kamera und ihre Dateien auf {host} von Hand ansehen."),
)

FINDINGS = {row.code: row for row in _ROWS}


#: Rule of what is told beside another finding: it keeps nothing from working by itself, whatever it would be as the cause.
SIDE_RULE = "SEV.3"


def severity_of(code: str, language: str = "en") -> tuple[str, str]:
    """Return (severity, rule in words) of a finding code; severity is "" where nothing is wrong."""
    return severity_by(FINDINGS[code].rule, language)


def severity_by(rule: str, language: str = "en") -> tuple[str, str]:
    """Return (severity, rule in words) of a rule."""
    return SEVERITY_RULES[rule].severity, rule_words(rule, language)


def rule_words(rule: str, language: str = "en") -> str:
    """Return a rule in words, with its id."""
    words = SEVERITY_RULES[rule].de if language == "de" else SEVERITY_RULES[rule].en
    return words if rule == "none" else f"{words} ({'Regel' if language == 'de' else 'rule'} {rule})"


def sentence_of(code: str, language: str, *, host: str, plc: str = "", camera: str = "", detail: str = "") -> str:
    """Return the finding in words, in "en" or "de"; names from the plant are inserted as text, never templated."""
    text = FINDINGS[code].de if language == "de" else FINDINGS[code].en
    return _fill(text, plc=plc, host=host, camera=camera, detail=f" ({detail})" if detail else "")


def next_step_of(code: str, *, host: str, language: str = "en") -> str:
    """Return what the owner of an unhealed finding does first."""
    row = FINDINGS[code]
    return _fill((row.next_step_de if language == "de" else "") or row.next_step, host=host)


def _fill(text: str, **names: str) -> str:
    """Insert names once each, left to right, so that braces inside a name stay what they are."""
    pieces = text.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}", 1)
        filled.append(names[name] + rest)
    return "".join(filled)


def worst(severities: t.Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return the highest of (severity, rule), the first of equals: a severity is never silently lowered."""
    return min(severities, key=lambda pair: pair[0] or "SEV-9")
