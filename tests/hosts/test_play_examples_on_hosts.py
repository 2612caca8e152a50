# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of the modules that need a booted host, run as tasks; and what each returns is what it documents."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from booted import HostsLab
from examples import COLLECTIONS, ON_BOOTED_HOSTS, module
from plays import Plays

from lab.plant import SERVICE_USER, Host

pytestmark = pytest.mark.long

NAME = "line1-hmi1"
ANSIBLES_OWN = {"changed", "diff", "failed", "invocation", "msg", "warnings", "ansible_facts", "ansible_loop_var", "item"}
#: Examples of orchestrators and of a process that are not there.
LEFT_OUT = ("podman", "kubectl", "4711")
_RESULT = re.compile(r"^(?:ok|changed|fatal): \[\S+\].*? => (\{.*\})$", re.MULTILINE)


#: No Ring camera is there.
MODULES = sorted(ON_BOOTED_HOSTS - {"ring_session"})
#: Who enters as the supervisor's user, which owns its processes.
AS_SUPERVISOR = {"become": True, "become_user": SERVICE_USER}


def examples_of(name: str, host: Host) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES, for the host they run on."""
    text = module(name).EXAMPLES.replace("http://10.30.0.11:5000", host.url).replace("/opt/supervisor", host.install_dir)
    return [task for task in yaml.safe_load(text) if not any(word in str(task) for word in LEFT_OUT)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run_and_return_what_is_documented(
    hosts_lab: HostsLab, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    base = tmp_path_factory.mktemp("ex")  # short: sockets of SSH lie below it
    plays = Plays(hosts_lab, base)
    looks = [
        {"lineops.runbook.camera_stream_info": {"url": "{{ lineops_supervisor_url }}"}, "register": register}
        for register in ("before", "seen")]
    tasks = [{**task, **(AS_SUPERVISOR if name == "stream_processes" else {})} for task in examples_of(name, plays.host(NAME))]
    path = base / "examples.yml"
    path.write_text(json.dumps([{"hosts": NAME, "gather_facts": False, "tasks": [*looks, *tasks]}]), encoding="utf-8")
    run = plays.play("-v", playbook=str(path), environment=COLLECTIONS)
    try:
        assert run.code == 0, run.text[-3000:]
        documented = yaml.safe_load(module(name).RETURN)
        always = {key for key, value in documented.items() if value["returned"] == "always"}
        results = [json.loads(text) for text in _RESULT.findall(run.out)][len(looks):]
        assert len(results) >= len(tasks)
        for result in results:
            assert not result.get("failure"), result
            assert always <= set(result) <= {*documented, *ANSIBLES_OWN}
        assert plays.truth(NAME).moving == ([] if name == "supervisor_manager" else ["cam1", "cam2"])
    finally:
        plays.heal(NAME)
        plays.forget()
