# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_info: options, the result of many, and hosts that are known not to be asked."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._fleet import unseen  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import fleet_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers import fleet  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.fleet import WELL, Supervisor  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import params_of  # noqa: E402


@pytest.mark.parametrize("check_mode", [False, True])
def test_hosts_totals_and_time_also_in_check_mode(check_mode: bool) -> None:
    supervisors = [Supervisor(WELL), Supervisor({**WELL, fleet.SLO: {"status": "degraded", "alerts": []}})]
    with fleet.serving(*supervisors), fleet.silent() as silent:
        urls = [*(supervisor.url for supervisor in supervisors), silent]
        targets = [{"host": f"h{number}", "url": url} for number, url in enumerate(urls)]
        params = params_of(fleet_info, targets=targets, read_timeout=2.0)
        known = {"h9": unseen(params["gather_subset"], LineopsError("inventory.unknown_host", "No such host."))}
        result = fleet_info.run(params, check_mode, known)
    assert set(result) == {"changed", "observed_at", "hosts", "totals", "took_s"} and result["changed"] is False
    assert (
        result["took_s"] > 0
        and result["observed_at"].endswith("Z")
        and list(result["hosts"]) == ["h0", "h1", "h2", "h9"]
    )
    assert result["totals"] == {
        "hosts": 4, "answering": 2, "not_answering": ["h2", "h9"], "plc_connected": 2, "slo_degraded": 1,
        "streams_running": 2, "streams_expected": 2, "not_observed": {"status": 2, "slo": 2, "streams": 2},
    }  # fmt: skip
    assert "canary" not in repr(result)


def test_subset_asks_for_nothing_else() -> None:
    supervisor = Supervisor(WELL)
    with fleet.serving(supervisor):
        targets = [{"host": "h", "url": supervisor.url}]
        result = fleet_info.run(params_of(fleet_info, targets=targets, gather_subset=["versions"]), False)
    assert [path for path, dummy in supervisor.asked] == [fleet.VERSIONS]
    assert set(result["hosts"]["h"]) == {"answers", "api_version", "not_observed", "latency_s"}


@pytest.mark.parametrize("targets", [None, []])
def test_nobody_to_ask(targets: t.Any) -> None:
    result = fleet_info.run(params_of(fleet_info, targets=targets), False)
    assert (result["hosts"], result["totals"]["hosts"]) == ({}, 0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threads": 0}, "threads is 0; expected more than 0."),
        ({"deadline_s": -1}, "deadline_s is -1; expected more than 0."),
        ({"read_timeout": float("nan")}, "read_timeout is nan; expected more than 0."),
        ({"connect_timeout": 0}, "connect_timeout is 0; expected more than 0."),
        ({"targets": [{"host": "h", "url": "u"}, {"host": "h", "url": "v"}]}, "targets names h more than once."),
    ],
)
def test_options_that_make_no_sense_ask_nobody(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(LineopsError) as caught:
        fleet_info.run(params_of(fleet_info, **{"targets": [], **options}), False)
    assert (caught.value.code, caught.value.message) == ("fleet.option", sentence)
