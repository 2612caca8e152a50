# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action evidence in real runs of ansible-playbook: sent to the host, secrets masked, a failure only told."""

from __future__ import annotations

import json
import tarfile
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="every action plugin of this collection loads it where it is there")

from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, Run, play, task  # noqa: E402

SECRET = "canary-of-the-admin"
EVIL = "{{ 1/0 }} {% if true %}x{% endif %} <script>"


def evidence(name: str, state_dir: Path, **options: t.Any) -> dict[str, t.Any]:
    about = {"state_dir": str(state_dir), "incident": "i-1", "host": "{{ inventory_hostname }}"}
    return task(name, "evidence", **about, **options)


def run(folder: Path, *tasks: dict[str, t.Any], hosts: t.Any = None, arguments: t.Sequence[str] = ()) -> Run:
    return Playbook(folder / "run", [play(*tasks)], hosts or {"h1": {}}).run(*arguments)


def read(path: str, name: str) -> str:
    with tarfile.open(path) as archive:
        return archive.extractfile(name).read().decode()  # type: ignore[union-attr]


def assert_no_canary(done: Run) -> None:
    assert "canary" not in done.output + json.dumps([result for dummy, result in done.results.values()])


def test_evidence_of_several_hosts_in_one_state_directory(tmp_path: Path) -> None:
    """What an earlier task observed comes through as data, whatever it says; short secrets do not blot out hashes."""
    (tmp_path / "seen").write_text(f"{EVIL} key {SECRET}", encoding="utf-8")
    state = tmp_path / "state"
    look = {"ansible.builtin.command": {"argv": ["cat", str(tmp_path / "seen")]}, "register": "seen", "no_log": True}
    items = {"supervisor": "{{ seen.stdout }}", "host_info": {"observed_at": "2026-11-23T10:00:00Z", "pid": 1}}
    done = run(
        tmp_path,
        {"name": "look", **look},
        evidence("collect", state, items=items, secrets=[SECRET, "1", "a"]),
        evidence("once more", state, items=items, secrets=[SECRET]),
        evidence("verify", state, state="verified"),
        hosts={"h1": {}, "h2": {}},
        arguments=["-vvv", "--diff"],
    )
    for host in ("h1", "h2"):
        result = done.result("collect", host)
        assert (done.kind("collect", host), result["changed"], result["written"]) == ("ok", False, True), result
        assert result["archive"] == f"{state}/evidence/i-1-{host}.tar.gz" and len(result["sha256"]) == 64
        assert result["observed_from"] == f"host {host}" and "*" not in result["sha256"]
        assert json.loads(read(result["archive"], "supervisor.json")) == f"{EVIL} key ***"
        assert done.result("once more", host)["sha256"] == result["sha256"]
        assert done.result("once more", host)["written"] is False
        assert done.result("verify", host)["verified"] is True
    assert_no_canary(done)


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, evidence("collect", tmp_path / "state", items={"a": 1}), arguments=["--check"])
    assert done.kind("collect") == "ok" and done.result("collect")["written"] is False
    assert not (tmp_path / "state").exists()


def test_failure_is_told_and_need_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to("elsewhere")
    done = run(
        tmp_path,
        evidence("fails", tmp_path / "state", items={"a": 1}),
        evidence("told", tmp_path / "state", items={"a": 1}, required=False),
        evidence("off", tmp_path / "state", required=False),
        hosts={"h1": {}, "off": {"ansible_connection": "lost"}},
    )
    assert (done.kind("fails"), done.result("fails")["failure"]["code"]) == ("failed", "state_dir.unsafe")
    assert (done.kind("told"), done.result("told")["failure"]["code"]) == ("ok", "state_dir.unsafe")
    assert (done.kind("off", "off"), done.result("off", "off")["failure"]["code"]) == ("ok", "host.unreachable")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "secrets", ["canary-as-a-text", {"k": "canary"}, [["canary"]], [{"k": "canary"}], [123123123], True]
)
def test_secrets_of_the_wrong_type_are_refused_and_not_shown(tmp_path: Path, secrets: t.Any) -> None:
    """An argument spec would print the value in clear (DESIGN §3)."""
    done = run(tmp_path, evidence("collect", tmp_path / "state", secrets=secrets), arguments=["-vvvv"])
    assert done.kind("collect") == "failed" and not (tmp_path / "state").exists()
    assert "secrets is not a list of texts (its value is not shown)." in done.result("collect")["msg"]
    assert_no_canary(done)
    assert "123123123" not in done.output
