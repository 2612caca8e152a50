# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_info: looks, and what keeps it from looking is an answer too."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _host_survey
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.modules import host_info
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import params_of

PLC = {"ip_address": "10.30.3.21", "ams_net_id": "10.30.3.21.1.1", "local_ip": "10.30.3.11"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_options_go_to_the_look_and_its_view_comes_back(monkeypatch: pytest.MonkeyPatch, check_mode: bool) -> None:
    asked: list[t.Any] = []

    def look(*args: t.Any, **options: t.Any) -> dict[str, t.Any]:
        asked.append((args, options))
        return {"supervisor": {"api": "answers"}, "not_observed": []}

    monkeypatch.setattr(host_info, "look", look)
    params = params_of(host_info, url="http://10.30.3.11:5000", supervisor_dir="/opt/supervisor", plc=PLC, timeout=0.2)
    result = host_info.run(params, check_mode)
    assert asked == [(("http://10.30.3.11:5000", "/opt/supervisor", PLC), {"timeout": 0.2, "main_pid": None})]
    assert (result["changed"], result["supervisor"]) == (False, {"api": "answers"}) and result["observed_at"].endswith(
        "Z"
    )


def test_nothing_but_the_address_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_info, "look", lambda url, directory, plc, **options: {"seen": (directory, plc, options)})
    seen = host_info.run(params_of(host_info, url="http://h"), False)["seen"]
    assert seen == (None, None, {"timeout": 0.75, "main_pid": None})


def test_missing_library_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plant host without psutil must not end the run (DESIGN §3)."""

    def look(*dummy: t.Any, **options: t.Any) -> t.Any:
        raise LineopsError("library.missing", "The library is not there.", "Install it.")

    monkeypatch.setattr(host_info, "look", look)
    result = host_info.run(params_of(host_info, url="http://h"), False)
    assert result["failure"] == {
        "code": "library.missing",
        "message": "The library is not there.",
        "hint": "Install it.",
    }
    assert result["changed"] is False and not result.get("failed")


def looking(monkeypatch: pytest.MonkeyPatch, error: LineopsError | None = None) -> list[t.Any]:
    """Let look() see a supervisor and a PLC, or fail; returns what it was asked for."""
    asked: list[t.Any] = []

    def look(url: str, directory: t.Any, plc: t.Any, timeout: float, main_pid: int | None) -> t.Any:
        asked.append(plc)
        if error:
            raise error
        seen = {"supervisor": {"pid": None, "listens": [], "api": "no_listener"}, "not_observed": ["x (y)"]}
        return {**seen, "plc": {"tcp": "none"}} if plc else seen

    monkeypatch.setattr(host_info, "look", look)
    return asked


def run(*subsets: str, **options: t.Any) -> dict[str, t.Any]:
    return host_info.run(params_of(host_info, url="http://h", gather_subset=list(subsets), **options), False)


def test_subsets_give_their_part_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = looking(monkeypatch)
    always = {"changed", "observed_at", "not_observed"}
    assert set(run("plc", plc=PLC)) == {*always, "plc"} and asked == [PLC]
    assert set(run("supervisor", plc=PLC)) == {*always, "supervisor"} and asked[1:] == [None]
    result = run("resources", "permissions", plc=PLC)
    assert set(result) == {*always, "resources", "permissions"}
    assert result["not_observed"][0] == "x (y)" and len(result["not_observed"]) > 1


def test_unit_alone_does_not_look_at_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = looking(monkeypatch)
    result = run("unit", "container")
    assert (result["unit"], result["container"], asked) == (None, None, [])
    assert result["not_observed"] == ["unit (no name is given)", "container (no name is given)"]


def test_missing_library_leaves_what_is_seen_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, LineopsError("library.missing", "The library is not there."))
    result = run("supervisor", "resources")
    assert result["failure"]["code"] == "library.missing" and result["resources"]["disks"]
    assert "failure" not in run("resources")


def test_units_main_process_is_known_to_the_look_and_the_unit_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """SUPERVISOR_SYSTEMD 26: while a silent PLC blocks a start, nothing listens by which the process could be found."""
    looks: list[t.Any] = []
    asked: list[str] = []
    view = {"name": "x", "load_state": "loaded", "main_pid": 35}
    monkeypatch.setattr(_host_survey, "unit", lambda name, timeout: asked.append(name) or (view, ""))
    monkeypatch.setattr(host_info, "look", lambda *dummy, **options: looks.append(options["main_pid"]) or {})
    assert run("plc", "unit", plc=PLC, unit="x.service")["unit"]["main_pid"] == 35
    assert (looks, asked) == ([35], ["x.service"])
