# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of findings: complete in both languages, and names from a plant stay text."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import (
    FINDINGS,
    SEVERITY_RULES,
    SIDE_RULE,
    next_step_of,
    sentence_of,
    severity_by,
    severity_of,
    worst,
)

CODES = sorted(FINDINGS)
# Names a plant may have that would be something else to a template engine, to str.format or to a terminal's markup.
HOSTILE = [
    "{{ lineops_secrets }}",
    "{plc}",
    "{",
    "}",
    "{0.__class__}",
    "%(x)s",
    "{% raw %}",
    "<b>&amp;</b>",
    "[link](x)",
]


@pytest.mark.parametrize("code", CODES)
def test_row_is_complete(code: str) -> None:
    row = FINDINGS[code]
    assert row.code == code and re.fullmatch(r"(plc|supervisor|restart|stream|ring)\.[a-z_]+", code)
    assert row.playbook in ("A", "B", "C")
    assert row.rule in SEVERITY_RULES
    assert row.en.endswith("{detail}.") and row.de.endswith("{detail}.")
    assert row.en != row.de
    # Only a healthy plant needs nobody; everything else says who acts, and what that person does first.
    assert bool(row.owner) == bool(row.next_step) == (not code.endswith(".healthy"))
    assert row.owner in ("", "L1", "L2", "L3")


@pytest.mark.parametrize("code", CODES)
def test_both_languages_say_it_about_the_same_things(code: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"\{(\w*)\}", text))

    row = FINDINGS[code]
    assert names(row.en) == names(row.de) <= {"plc", "camera", "host", "detail"}
    assert names(row.next_step) <= {"host"}
    assert "{" not in row.heals + row.owner


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("code", CODES)
def test_sentence_names_plc_camera_host_and_detail(code: str, language: str) -> None:
    sentence = sentence_of(code, language, plc="Press", camera="gate7", host="line3-hmi1", detail="seen twice")
    template = FINDINGS[code].de if language == "de" else FINDINGS[code].en
    names = {"plc": "Press", "camera": "gate7", "host": "line3-hmi1"}
    assert {name: word in sentence for name, word in names.items()} == {name: f"{{{name}}}" in template for name in names}
    assert sentence.endswith(" (seen twice).") and "{" not in sentence
    assert "()" not in sentence_of(code, language, plc="Press", host="line3-hmi1")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("code", CODES)
def test_names_from_a_plant_stay_what_they_are(code: str, name: str) -> None:
    for template, text in (
        (FINDINGS[code].en, sentence_of(code, "en", plc=name, camera=name, host=name, detail=name)),
        (FINDINGS[code].de, sentence_of(code, "de", plc=name, camera=name, host=name, detail=name)),
        (FINDINGS[code].next_step, next_step_of(code, host=name)),
    ):
        for placeholder in ("{plc}", "{camera}", "{host}"):
            template = template.replace(placeholder, "\0")
        assert text == template.replace("{detail}", " (\0)").replace("\0", name)


def test_severity_names_its_rule() -> None:
    assert severity_of("plc.route_missing") == ("SEV-1", "control commands are no longer possible (rule B.E1)")
    assert severity_of("supervisor.key_refused")[0] == "SEV-3"
    assert severity_of("plc.healthy") == ("", "nothing is wrong")


def test_what_stops_control_is_sev_1() -> None:
    """Binding playbook, B.E1 and SEV-1: no control through this supervisor, whatever the cause."""
    stops_control = [
        f"supervisor.{name}" for name in ("unreachable", "not_understood", "hung", "stopped", "container_stopped", "start_limit",
                                          "crash_loop", "port_taken", "unit_masked", "unit_missing", "start_blocked", "disk_full",
                                          "no_rights")
    ] + [
        f"plc.{name}" for name in ("filtered", "router_refused", "silent", "route_missing", "route_refused", "route_unanswered",
                                   "link_stale", "library_wedged", "unclear", "net_id_differs", "not_running", "port_wrong", "route_conflict",
                                   "target_differs", "write_breaker_open", "write_breaker_wedged", "write_failed", "net_id_not_from_ip")
    ] + ["supervisor.ads_library_missing", "supervisor.net_id_differs"]  # fmt: skip
    assert {code: severity_of(code)[0] for code in stops_control} == dict.fromkeys(stops_control, "SEV-1")


def test_single_namespaces_are_sev_2_and_a_doubtful_proof_is_sev_3() -> None:
    """Binding playbook, B.E2: only single namespaces; what leaves control as it is, is a single feature."""
    assert severity_of("plc.namespace_failing")[0] == "SEV-2"
    single = ("plc.symbol_unknown", "supervisor.symbols_stale", "plc.config_drift")
    assert {code: severity_of(code)[0] for code in single} == dict.fromkeys(single, "SEV-3")
    assert severity_by(SIDE_RULE) == severity_of("plc.config_drift")


def test_a_restart_without_effect_is_sev_1_and_one_that_does_not_last_is_sev_2() -> None:
    """Binding playbook, C.E1 and C.E2."""
    assert severity_of("restart.no_effect") == (
        "SEV-1", "a restart has no effect, neither by the API nor on the host (rule C.E1)")
    assert severity_of("restart.recurs") == (
        "SEV-2", "the restart works, but the problem comes back shortly after (rule C.E2)")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (["plc.healthy"], "plc.healthy"),
        (["plc.healthy", "plc.config_drift"], "plc.config_drift"),
        (["plc.config_drift", "plc.route_missing"], "plc.route_missing"),
        (["plc.namespace_failing", "plc.config_drift"], "plc.namespace_failing"),
        # Of the same severity, each for a reason of its own.
        (["plc.route_missing", "supervisor.unreachable"], "plc.route_missing"),
        (["supervisor.unreachable", "plc.route_missing"], "supervisor.unreachable"),
    ],
)
def test_worst_of_several_is_the_highest_severity_and_the_first_of_equals(codes: list[str], code: str) -> None:
    assert worst(map(severity_of, codes)) == severity_of(code)


def test_rows_cannot_be_changed_by_accident() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FINDINGS["plc.healthy"].rule = "B.E1"  # type: ignore[misc]
