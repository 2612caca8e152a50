# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every job template that awx/configure.yml makes, launched by ansible-runner as AWX does, on a plant that is broken and heals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from awx_jobs import Awx, Job
from awx_survey import NotTaken
from awx_workflow import follow
from controller import Controller
from plants import PlantLab
from truth import flag

from lab import inventory
from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

B_HOST, FORCED, A_HOST = "line1-hmi1", "line4-hmi1", "line4-hmi1"
ROUTELESS, UNDONE = "line2-hmi1", "line3-hmi1"
TRIAGED = {ROUTELESS: "route-removed", UNDONE: "plc-disconnected"}
#: On a plant where nobody has started a camera, only hosts without one are well.
WITHOUT_CAMERAS = tuple(TRIAGED)
CLOSING = """\
ticket: OPS-1204
reproduction: Delete the route of the host in TwinCAT XAE, then read a variable.
countermeasure: "Playbook B added the route again {{ 7 * 7 }}."
monitoring_gap: OPS-1205, no alarm for a lost route
issue: {ref: PLC-77, priority: high}
postmortem: {type: runbook, ref: docs/routes.md}
"""
#: Job -> template, limit, answers. All look only.
CHECKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "triage": ("lineops Triage (check)", A_HOST, {"triage_approval": "true"}),
    "a": ("lineops Playbook A (check)", A_HOST, {"stream_recovery_cameras": "cam1"}),
    "b": ("lineops Playbook B (check)", "line1,line4", {}),
    "c": ("lineops Playbook C (check)", FORCED, {"restart_recovery_force": "true", "restart_recovery_ladder": ["api"]}),
    "checklist": ("lineops Checklist (check)", "", {}),
    "preflight": ("lineops Preflight (check)", "", {}),
    "deliver": ("lineops Deliver (check)", "", {}),
}
#: Jobs that are refused: what AWX lets by (answers of a changed survey), and what must be said.
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no limit": ("lineops Playbook B", {}, "This job has no limit: it would be for all 4 hosts of the inventory."),
    "no credential": (
        "lineops Playbook B", {"limit": B_HOST, "with_credentials": False},
        "lineops_secrets is missing or not a mapping; expected lineops_secrets.<line> from a vault or a credential."),
    "delay out of range": (
        "lineops Playbook C", {"limit": B_HOST, "unchecked": {"restart_recovery_delay": 99}},
        "restart_recovery_delay is 99; expected a whole number of seconds from 1 to 30."),
    "unknown rung": (
        "lineops Triage", {"limit": B_HOST, "unchecked": {"restart_recovery_ladder": ["{{ 7 * 7 }}"]}},
        "restart_recovery_ladder is ['{{ 7 * 7 }}']; expected a list of api, container, host."),
    "group that is not there": (
        "lineops Playbook A", {"limit": f"{B_HOST},lin9"}, "-l names 'lin9', which is no line and no host of this inventory."),
}  # fmt: skip


class Jobs:
    """All jobs, in an order in which each finds what it is about."""

    def __init__(self, lab: PlantLab, controller: Controller, awx: Awx) -> None:
        self.lab, self.awx, self.hosts = lab, awx, [host.name for host in lab.plant.hosts]
        lab.fault(B_HOST, "route-removed")
        for host, fault in TRIAGED.items():
            lab.fault(host, fault)
        before = self.settings()
        self.refused = self.at_once({name: (template, how) for name, (template, how, dummy) in REFUSED.items()})
        self.checks = self.at_once({name: (template, {"limit": limit, "answers": answers})
                                    for name, (template, limit, answers) in CHECKS.items()})
        self.changed_by_looking = {(host, key): value for host, settings in self.settings().items()
                                   for key, value in settings.items() if value != before[host][key]}
        self.pid = self.pid_of(FORCED)
        with ThreadPoolExecutor(1) as pool:
            followed = pool.submit(follow, controller, awx, "lineops Triage with approval", limit="line2,line3")
            self.runs = self.at_once(self.recoveries())
            self.workflow = followed.result()
        self.healed = {host: self.lab.observer.routes(lab.host(host)) for host in (B_HOST, ROUTELESS)}
        self.incident = self.runs["b"].outcomes[B_HOST]["incident"]
        about = {"incident": self.incident}
        self.undone = {"incident": self.workflow["recover"].outcomes[UNDONE]["incident"]}
        self.checks |= self.at_once({
            "close": ("lineops Close incident (check)", {"limit": "line1", "answers": about}),
            "undo": ("lineops Undo incident (check)", {"limit": "line3", "answers": self.undone}),
        })
        self.runs |= self.at_once({
            "a": ("lineops Playbook A", {"limit": A_HOST, "answers": {"stream_recovery_cameras": "cam1, cam7"}}),
            "deliver": ("lineops Deliver", {}),
            "preflight": ("lineops Preflight", {"unchecked": self.checks["checklist"].artifacts}),
            "close": ("lineops Close incident", {"limit": "line1", "answers": {**about, "lineops_closing": CLOSING}}),
            "undo": ("lineops Undo incident", {"limit": "line3", "answers": self.undone}),
        })

    def recoveries(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """What acts beside the workflow."""
        forced = {"restart_recovery_force": "true", "restart_recovery_delay": 1}
        return {"b": ("lineops Playbook B", {"limit": B_HOST}), "c": ("lineops Playbook C", {"limit": FORCED, "answers": forced})}

    def at_once(self, jobs: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Job]:
        """Launch jobs, some beside others as AWX would."""
        with ThreadPoolExecutor(3) as pool:
            started = {name: pool.submit(self.awx.launch, template, **how) for name, (template, how) in jobs.items()}
            return {name: job.result() for name, job in started.items()}

    def settings(self) -> dict[str, Any]:
        return {host: self.lab.settings(host) for host in self.hosts}

    def pid_of(self, host: str) -> int:
        return int((self.lab.plant.host_dir(self.lab.host(host)) / "supervisor.pid").read_text(encoding="ascii"))

    def everything(self) -> dict[str, Job]:
        """Every job by a name of its own."""
        kinds = ("refused", "checks", "runs", "workflow")
        return {f"{kind} {name}": job for kind in kinds for name, job in getattr(self, kind).items() if job}


def exported(configurator: Any, lab: PlantLab) -> dict[str, Any]:
    """The inventory as AWX's source has it: without the secrets, which come from the credential."""
    def change(groups: dict[str, Any], secrets: dict[str, Any]) -> None:
        secrets.clear()
        for host in WITHOUT_CAMERAS:
            groups[host.partition("-")[0]]["hosts"][host]["lineops_cameras"] = []

    listed = configurator.run(["ansible-inventory", "-i", str(lab.variant(change)), "--list", "--export"])
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert found["all"]["vars"].pop("lineops_secrets") == {}
    return found


@pytest.fixture(scope="class")
def jobs(configurator: Any, new_lab: Callable[[int, int], PlantLab], tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    lab = new_lab(4, 1)
    done = configurator.configure({"lineops_secrets": inventory.secrets_data(lab.plant)})
    assert done.returncode == 0, done.stdout + done.stderr
    folder: Path = tmp_path_factory.mktemp("jobs")
    awx = Awx(configurator.controller, configurator.clone, exported(configurator, lab), folder)
    jobs = Jobs(lab, configurator.controller, awx)
    assert list(folder.iterdir()) == []  # AWX keeps nothing of a job's file system
    return jobs


class TestJobs:
    """One class, one plant."""

    def test_every_template_was_launched(self, jobs: Jobs, configurator: Any) -> None:
        launched = {job.template for job in jobs.everything().values() if job.of("playbook_on_start")}
        assert launched == {kept["name"] for kept in configurator.controller.objects["job_templates"].values()}

    def test_every_job_ends_with_its_statistics(self, jobs: Jobs) -> None:
        assert {name: [event["event"] for event in job.events][-1] for name, job in jobs.everything().items()} == dict.fromkeys(
            jobs.everything(), "playbook_on_stats")

    def test_no_secret_is_in_what_awx_keeps(self, jobs: Jobs) -> None:
        secrets = jobs.lab.secrets()
        assert [name for name, job in jobs.everything().items() for secret in secrets if secret in json.dumps(job.events) + job.text] == []

    # --- looking -----------------------------------------------------------------------------------------------------

    def test_twins_in_check_mode_change_nothing(self, jobs: Jobs) -> None:
        """The refused jobs, too: a lease or a line in a journal would show."""
        # A PLC without the route closes the connection at the first word, whoever says it.
        assert jobs.changed_by_looking == {(host, "links"): [] for host in (B_HOST, ROUTELESS)}

    def test_twins_say_what_would_be_done(self, jobs: Jobs) -> None:
        assert jobs.checks["b"].results == {B_HOST: "PLANNED", FORCED: "HEALTHY"}
        assert jobs.checks["c"].results == {FORCED: "PLANNED"} and "restart by its API" in " ".join(jobs.checks["c"].outcomes[FORCED]["actions"])
        assert jobs.checks["a"].results == {A_HOST: "PLANNED"}
        assert jobs.checks["triage"].results == {A_HOST: "PLANNED"}
        assert {job.rc for name, job in jobs.checks.items() if name in "abc" or name == "triage"} == {0}

    def test_what_nobody_has_to_approve_fails_nothing(self, jobs: Jobs) -> None:
        assert jobs.checks["triage"].outcomes[A_HOST]["severity"] not in ("", "SEV-1")

    def test_workflow_waits_for_a_person_before_it_works_on_a_sev_1(self, jobs: Jobs) -> None:
        assert list(jobs.workflow) == ["look", "approve", "recover", "report"]
        job = jobs.workflow["look"]
        assert (job.rc, job.results) == (2, dict.fromkeys(TRIAGED, "PLANNED"))
        failed = {data["host"]: data["res"]["msg"] for data in job.of("runner_on_failed")}
        assert set(failed) == set(TRIAGED)
        assert all(text.startswith("A person has to approve this first: SEV-1 (") for text in failed.values())

    # --- healing -----------------------------------------------------------------------------------------------------

    def test_two_lines_in_one_job(self, jobs: Jobs) -> None:
        job = jobs.workflow["recover"]
        assert job.rc == 0
        assert job.results == dict.fromkeys(TRIAGED, "HEALED")
        assert jobs.healed[ROUTELESS] == {SUPERVISOR_NET_ID: SUPERVISOR_IP}

    def test_a_lost_route_is_healed(self, jobs: Jobs) -> None:
        job = jobs.runs["b"]
        assert (job.rc, job.results) == (0, {B_HOST: "HEALED"}) and "ADS route added" in job.outcomes[B_HOST]["actions"]
        assert jobs.healed[B_HOST] == {SUPERVISOR_NET_ID: SUPERVISOR_IP} and flag(jobs.lab.host(B_HOST))
        assert job.stats["changed"][B_HOST] == 3

    def test_the_journal_names_the_job(self, jobs: Jobs) -> None:
        runners = {entry["runner"] for entry in jobs.lab.journal(B_HOST) if entry["incident"] == jobs.incident}
        assert f"awx-{jobs.runs['b'].number}" in runners

    def test_an_answer_that_is_a_text_is_understood(self, jobs: Jobs) -> None:
        """A survey knows no boolean, and no list that a person can type."""
        assert jobs.runs["c"].results == {FORCED: "HEALED"} and jobs.pid_of(FORCED) != jobs.pid
        outcome = jobs.runs["a"].outcomes[A_HOST]
        assert (outcome["result"], outcome["finding"]) == ("REFUSED", "stream.unknown_camera") and "cam7" in outcome["sentence"]

    def test_checklist_and_preflight_hand_over_their_rows(self, jobs: Jobs) -> None:
        for job, hosts in ((jobs.checks["checklist"], set(jobs.hosts)), (jobs.workflow["report"], set(TRIAGED))):
            assert job.rc == 0 and hosts == set(job.artifacts["lineops_checklist"])
        assert jobs.checks["preflight"].artifacts and jobs.runs["preflight"].artifacts

    def test_nobody_is_told_where_no_ticket_system_is_named(self, jobs: Jobs) -> None:
        assert [(kept["deliver"].rc, kept["deliver"].stats["changed"]) for kept in (jobs.checks, jobs.runs)] == [(0, {}), (0, {})]

    def test_closing_needs_the_checklist_and_takes_it_as_text(self, jobs: Jobs) -> None:
        missing = jobs.checks["close"].outcomes[B_HOST]
        assert (jobs.checks["close"].rc, missing["result"]) == (2, "REFUSED") and len(missing["notes"]) == 8
        assert (jobs.runs["close"].rc, jobs.runs["close"].results) == (0, {B_HOST: "CLOSED"})
        (closed,) = (entry for entry in jobs.lab.journal(B_HOST) if entry["event"] == "closed")
        assert closed["details"]["countermeasure"] == "Playbook B added the route again {{ 7 * 7 }}."

    def test_undo_shows_its_list_and_takes_back(self, jobs: Jobs) -> None:
        assert jobs.checks["undo"].results == {UNDONE: "PLANNED"} and jobs.checks["undo"].outcomes[UNDONE]["actions"]
        assert jobs.runs["undo"].results == {UNDONE: "UNDONE"} and not flag(jobs.lab.host(UNDONE))

    # --- what is wrong -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", REFUSED)
    def test_one_sentence_says_what_is_wrong(self, jobs: Jobs, name: str) -> None:
        job = jobs.refused[name]
        assert job.rc == 2
        assert {(outcome["result"], outcome["sentence"]) for outcome in job.outcomes.values()} == {("REFUSED", REFUSED[name][2])}

    @pytest.mark.parametrize("answers", [
        {"restart_recovery_delay": 31}, {"restart_recovery_delay": "2"}, {"restart_recovery_ladder": ["hammer"]},
        {"restart_recovery_force": "perhaps"}, {"lineops_supervisor_url": "http://elsewhere.example"},
    ])  # fmt: skip
    def test_survey_lets_nothing_else_by(self, jobs: Jobs, answers: dict[str, Any]) -> None:
        """The last is what somebody would send who wants the operator key."""
        with pytest.raises(NotTaken):
            jobs.awx.launch("lineops Playbook C", limit=B_HOST, answers=answers)
