# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""supervisor_manager in a real run of ansible-playbook: on this host as it is, without a secret in what is shown."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, play, task

URL = "http://127.0.0.1:1"


def test_command_hook_and_its_failure_and_options(tmp_path: Path) -> None:
    """Words of a command are in no option that is known as secret, only in lineops_secrets."""
    failing = ["ls", "/only-known-as-secret"]
    tasks = [
        task("hook", "supervisor_manager", manager="command", command=["touch", str(tmp_path / "a b; c")], url=URL),
        {**task("fails", "supervisor_manager", manager="command", command=failing, url=URL), "ignore_errors": True},
        {**task("text", "supervisor_manager", manager="command", command="touch x", url=URL), "ignore_errors": True},
        {**task("unit", "supervisor_manager", manager="systemd", unit="no-such-unit-of-lineops.service", url=URL),
         "ignore_errors": True},
    ]  # fmt: skip
    hosts = {"h1": {"lineops_secrets": {"line3": {"admin_key": "only-known-as-secret"}}}}
    done = Playbook(tmp_path / "run", [play(*tasks)], hosts).run("--diff")
    hook = done.result("hook")
    assert (tmp_path / "a b; c").exists() and hook["changed"] is True and hook["verified"] is False
    assert hook["observed_from"] == "host h1"
    assert done.result("fails")["failure"]["code"] == "manager.failed" and done.result("fails")["lines"]
    assert done.result("text")["failure"]["code"] == "manager.options"
    # This machine may have a systemd or not: in both cases nothing is done.
    assert done.result("unit")["failure"]["code"] in ("unit.not_found", "manager.failed")
    assert done.result("unit")["changed"] is False
    results = json.dumps([done.result(name) for name in ("hook", "fails", "text", "unit")])
    assert "only-known-as-secret" not in results


def test_check_mode_does_nothing(tmp_path: Path) -> None:
    hook = task("hook", "supervisor_manager", manager="command", command=["touch", str(tmp_path / "made")], url=URL)
    done = Playbook(tmp_path / "run", [play(hook)], {"h1": {}}).run("--check")
    assert done.result("hook")["changed"] is True and not (tmp_path / "made").exists()
