# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module evidence: what it collects from where, what it leaves alone in check mode, and that no canary gets in."""

from __future__ import annotations

import base64
import json
import tarfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.modules import evidence
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

INCIDENT, HOST = "line3-20261123T101324-line3-hmi1", "line3-hmi1"
SECRET = "canary-of-the-admin"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "lineops"


def made(state_dir: Path, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    given = {"state_dir": str(state_dir), "incident": INCIDENT, "host": HOST, **options}
    return outcome_of(evidence, params_of(evidence, **given), check_mode)


def content_of(path: str) -> dict[str, str]:
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read().decode() for name, stream in files.items() if stream}


def test_all_sources_become_one_archive(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("systemctl", "journalctl"):
        (tmp_path / "bin" / name).write_text('#!/bin/sh\necho "$0 said $*"\n', encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "web.log").write_text("a line\n", encoding="utf-8")
    Journal(str(state)).append([{"incident": INCIDENT, "message": "opened"}])
    result = made(
        state,
        items={"supervisor": {"plc_connected": True, "observed_at": "2026-11-23T10:00:00Z"}, "ads_probe": None},
        not_collected=[{"name": "logs", "reason": "No admin key is given."}],
        unit="smarthome-web.service",
        log_files=[str(tmp_path / "web.log"), "/nonexistent/x.log"],
    )
    assert result["changed"] is False and result["written"] is True
    files = content_of(result["archive"])
    assert list(files) == [
        "MANIFEST.json", "log1_web.log.txt", "own_journal.jsonl", "supervisor.json", "unit_journal.txt",
        "unit_show.txt", "unit_status.txt",
    ]  # fmt: skip
    assert json.loads(files["own_journal.jsonl"])["message"] == "opened" and files["log1_web.log.txt"] == "a line\n"
    assert result["not_collected"] == [
        {"name": "ads_probe", "reason": "not observed"},
        {"name": "log2_x.log", "reason": "/nonexistent/x.log: No such file or directory"},
        {"name": "logs", "reason": "No admin key is given."},
    ]
    times = {entry["name"]: entry["observed_at"] for entry in json.loads(files["MANIFEST.json"])["files"]}
    assert times["supervisor.json"] == "2026-11-23T10:00:00Z"
    assert made(state, state="verified", sha256=result["sha256"])["verified"] is True


def test_no_secret_gets_into_the_archive(state: Path, tmp_path: Path) -> None:
    """Known secrets and those that only their place tells, in every source, name and reason."""
    leaks = {
        "rtsp": "ffmpeg -i rtsp://admin:canary-cam@10.0.0.9/s1",
        "managed": "created shk_canary_managed_key",
        "header": {"log": ["Authorization: Digest username=x, response=canary", "X-API-Key: canary"]},
        "ring": {"desired": {"refresh_token": "canary"}, "text": "eyJydCI6ImNhbmFyeS10b2tlbiJ9"},
        "passwords": [{"plc_password": "canary", "deep": {"wifiPassphrase": "canary"}}],
        "base64": base64.b64encode(f"admin:{SECRET}".encode()).decode(),
        "known": {f"key {SECRET}": json.dumps(json.dumps({"x": SECRET}))},
    }
    (tmp_path / "web.log").write_text("\n".join(map(json.dumps, leaks.values())), encoding="utf-8")
    Journal(str(state)).append([{"message": f"was {SECRET}"}])
    result = made(
        state,
        items=leaks,
        secrets=[SECRET],
        log_files=[str(tmp_path / "web.log"), f"/nonexistent/{SECRET}"],
        not_collected=[{"name": "x", "reason": f"refused {SECRET}"}],
    )
    everything = json.dumps(content_of(result["archive"]))
    base64_of_it = base64.b64encode(SECRET.encode()).decode().rstrip("=")[:-1]
    canary_in_base64 = [base64.b64encode(bytes(before) + b"canary").decode()[4:8] for before in range(3)]
    assert [word for word in ("canary", base64_of_it, *canary_in_base64) if word in everything] == []
    assert "canary" not in json.dumps([result[name] for name in ("files", "not_collected")])


def test_text_of_the_plant_stays_literal(state: Path) -> None:
    evil = "{{ 1/0 }} <script>alert(1)</script> $(reboot) `x` \x1b[31m"
    result = made(state, items={"a": evil}, not_collected=[{"name": evil, "reason": evil}])
    files = content_of(result["archive"])
    assert json.loads(files["a.json"]) == evil
    assert json.loads(files["MANIFEST.json"])["not_collected"][0]["name"] == evil


def test_second_call_changes_and_collects_nothing(state: Path) -> None:
    first = made(state, items={"a": 1})
    second = made(state, items={"b": 2}, log_files=["/nonexistent"])
    assert second == {**first, "written": False}
    assert made(state, items={"b": 2}, again=True)["archive"].endswith("+2.tar.gz")


def test_check_mode_writes_nothing_and_says_where_it_would_be(state: Path) -> None:
    result = made(state, check_mode=True, items={"a": 1})
    assert not state.exists() and result["sha256"] is None
    assert result["archive"].startswith(str(state / "evidence" / INCIDENT))
    there = made(state, items={"a": 1})
    assert made(state, check_mode=True, again=True)["sha256"] == there["sha256"]
    assert len(list((state / "evidence").iterdir())) == 1
    assert set(result) == set(there)


def test_gathered_returns_what_the_host_gives_and_writes_nothing(state: Path, tmp_path: Path) -> None:
    """A state host keeps the archive of a host it cannot read the logs of."""
    (tmp_path / "web.log").write_text(f"key {SECRET}\n" * 20_000, encoding="utf-8")
    options = {"log_files": [str(tmp_path / "web.log"), "/nonexistent"], "log_bytes": 1 << 20, "max_bytes": 65536}
    result = made(state, state="gathered", secrets=[SECRET], **options)
    assert set(result["parts"]["log1_web.log"].splitlines()) == {"key ***"} and not state.exists()
    assert len(result["parts"]["log1_web.log"]) <= 65536
    assert [entry["name"] for entry in result["not_collected"]] == ["log2_nonexistent"]
    assert "log1_web.log.json" in content_of(made(state, items=result["parts"])["archive"])


@pytest.mark.parametrize(
    ("option", "value"),
    [("unit_lines", 0), ("log_bytes", 100), ("log_bytes", 1 << 40), ("journal_tail", -1), ("timeout", 0),
     ("timeout", 1e9), ("max_bytes", 1000), ("keep_days", 0), ("keep_count", 0), ("number", 0)],
)  # fmt: skip
def test_numbers_out_of_range_are_refused_in_one_sentence(state: Path, option: str, value: t.Any) -> None:
    result = made(state, items={"a": 1}, **{option: value})
    assert result["failure"]["code"] == "evidence.option" and result["msg"].startswith(f"{option} is {value}")
    assert not state.exists()


@pytest.mark.parametrize(
    "names", [{"incident": "../x"}, {"host": "a/b"}, {"items": {"../x": 1}}, {"items": {"MANIFEST": 1}}]
)
def test_names_that_are_none_write_nothing(state: Path, names: dict[str, t.Any]) -> None:
    result = made(state, **names)
    assert result["failed"] and result["failure"]["code"] == "evidence.name"
    assert not (state / "evidence").exists() or list((state / "evidence").iterdir()) == []


def test_changed_archive_fails_with_what_was_changed(state: Path) -> None:
    archive = Path(made(state, items={"a": 1})["archive"])
    archive.write_bytes(archive.read_bytes()[:-1])
    assert made(state, state="verified")["failure"]["code"] == "evidence.unreadable"
    archive.unlink()
    known = made(state, items={"a": 1})["sha256"]
    result = made(state, state="verified", sha256="0" * 64)
    assert result["failed"] and result["verified"] is False
    assert result["problems"] == [f"its SHA-256 is {known}, not {'0' * 64}"]
