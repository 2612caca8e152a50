# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makefile and scripts: the caller's environment is kept out, a broken Python is passed by, and a failure is not overlooked."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import environment
import pytest
import run_tests

REPOSITORY = Path(__file__).resolve().parents[2]
PROXY = "http://127.0.0.1:9/$x#y"
STRAY = {
    "ANSIBLE_CONFIG": "/nowhere/ansible.cfg",
    "ANSIBLE_STDOUT_CALLBACK": "oneline",
    "PYTHONPATH": "/nowhere",
    "VIRTUAL_ENV": "/nowhere",
    "http_proxy": PROXY,
    "HTTPS_PROXY": PROXY,
    "LC_ALL": "de_DE.ISO-8859-1",
}


def environment_of_a_recipe(tmp_path: Path, **caller: str) -> dict[str, str]:
    """The environment variables that a recipe of the Makefile sees."""
    probe = tmp_path / "probe.mk"
    probe.write_text(".PHONY: print-environment\nprint-environment:\n\t@env -0\n", encoding="utf-8")
    shown = subprocess.run(
        ["make", "-f", "Makefile", "-f", probe, "print-environment"],
        cwd=REPOSITORY, env=os.environ | caller, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return dict(entry.split("=", 1) for entry in shown.split("\0") if "=" in entry)


def test_stray_settings_of_the_caller_do_not_reach_a_recipe(tmp_path: Path) -> None:
    seen = environment_of_a_recipe(tmp_path, **STRAY)
    assert {name: seen[name] for name in STRAY if name in seen} == {"LC_ALL": "C.UTF-8"}


def test_pip_keeps_its_settings_and_the_callers_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = environment_of_a_recipe(tmp_path, PIP_PROXY="http://127.0.0.1:8", PIP_INDEX_URL="file:///index", **STRAY)
    assert seen["PIP_PROXY"] == "http://127.0.0.1:8"
    assert seen["PIP_INDEX_URL"] == "file:///index"
    monkeypatch.setattr(os, "environ", seen)
    given_to_pip = environment.pip_environment()
    assert given_to_pip["http_proxy"] == given_to_pip["HTTPS_PROXY"] == PROXY
    assert [name for name in given_to_pip if name.startswith(environment.CALLER_PREFIX)] == []


def test_help_lists_the_two_commands() -> None:
    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^make (demo|test) ", shown, flags=re.MULTILINE) == ["demo", "test"]


def test_stages_of_the_makefile_are_the_stages_of_the_script() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    stages, parts = re.findall(r"^(?:stages|parts) := (.*)$", text, flags=re.MULTILINE)
    assert stages.split() == [stage.name for stage in run_tests.STAGES]
    assert parts.split() == [stage.name for stage in run_tests.PARTS]


# --- find-python ------------------------------------------------------------------------------------------------------


def program(path: Path, text: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def find_python(tmp_path: Path, *versions: str) -> subprocess.CompletedProcess:
    """Run find-python with tmp_path/bin first on PATH and pyenv in tmp_path/pyenv."""
    return subprocess.run(
        [REPOSITORY / "scripts/find-python", *versions], capture_output=True, text=True, check=False,
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "PYENV_ROOT": f"{tmp_path}/pyenv", "HOME": "/nonexistent"},
    )  # fmt: skip


def test_a_wrapper_that_fails_is_passed_by_for_one_that_works(tmp_path: Path) -> None:
    """pyenv's shims: on PATH under the right name, but they fail; the real one is in pyenv's own folder."""
    version = run_tests.THIS_PYTHON
    program(tmp_path / f"bin/python{version}", "echo 'pyenv: command not found' >&2; exit 127")
    program(tmp_path / f"pyenv/versions/{version}.1/bin/python", f'exec "{sys.executable}" "$@"')
    found = find_python(tmp_path, version)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).resolve() == Path(sys.executable).resolve()


def test_a_python_without_venv_is_named_with_what_mends_it(tmp_path: Path) -> None:
    program(tmp_path / "bin/python3.98", "echo 'venv-missing /usr/bin/python3.98'")
    found = find_python(tmp_path, "3.98")
    assert found.returncode == 1
    assert found.stderr.splitlines() == [
        "/usr/bin/python3.98 cannot make virtual environments; mend it with: sudo apt-get install -y python3-venv"
    ]


def test_no_python_at_all_is_one_sentence(tmp_path: Path) -> None:
    found = find_python(tmp_path, "3.98", "3.99")
    assert (found.returncode, found.stderr) == (1, "No working Python 3.98 or 3.99 was found.\n")


# --- environment.py ---------------------------------------------------------------------------------------------------


def test_a_change_in_an_included_requirements_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("-r some.txt  # comment\nflask\n", encoding="utf-8")
    (tmp_path / "some.txt").write_text("requests\n", encoding="utf-8")
    before = environment.fingerprint(tmp_path / "venv", tmp_path / "all.txt")
    assert environment.fingerprint(tmp_path / "venv", tmp_path / "all.txt") == before
    (tmp_path / "some.txt").write_text("requests>=2\n", encoding="utf-8")
    assert environment.fingerprint(tmp_path / "venv", tmp_path / "all.txt") != before


def test_an_environment_that_is_missing_or_was_moved_is_not_used(tmp_path: Path) -> None:
    assert environment.is_usable(Path(sys.prefix))
    assert not environment.is_usable(tmp_path / "nothing")
    (tmp_path / "moved").symlink_to(sys.prefix)
    assert not environment.is_usable(tmp_path / "moved")


# --- run_tests.py -----------------------------------------------------------------------------------------------------

# Runs in a process of its own: it ends every process below it. A piece is Python code, or what a stage leaves out.
DRIVER = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import run_tests
from run_tests import Command, LeftOut, Stage, always

def step(piece):
    return LeftOut(piece[10:]) if piece.startswith("left out: ") else Command(["python", "-c", piece])

run_tests.REPOSITORY, run_tests.LOGS, run_tests.GONE_LIMIT_S = Path("/"), Path(sys.argv[2]), 0.5
run_tests.PARTS, run_tests.BESIDE = (), sys.argv[4].split()
run_tests.BESIDE_COMMAND = [sys.executable, "-c", os.environ["DRIVER"], *sys.argv[1:5], "--beside"]
run_tests.STAGES = [Stage(name, "a try", always(*map(step, pieces))) for name, pieces in json.loads(sys.argv[3]).items()]
sys.exit(run_tests.main(sys.argv[5:]))
"""


def run_stages(logs: Path, stages: dict[str, list[str]], *names: str, beside: str = "") -> tuple[int, str]:
    """Run stages in place of the real ones, those named in `beside` beside the others; returns exit status and output."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, REPOSITORY / "scripts", logs, json.dumps(stages), beside, *names],
        capture_output=True, text=True, check=False, env=os.environ | {"DRIVER": DRIVER},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_one_failing_stage_fails_the_whole_and_is_named_last(tmp_path: Path) -> None:
    stages = {"one": ["pass"], "two": ["print('why'); exit(3)", "print('not ' + 'run')"], "three": ["pass"]}
    status, output = run_stages(tmp_path, stages)
    assert status == 1
    assert "\nwhy\n" in output
    assert "not run" not in output
    assert re.match(r"FAILED after \d+ s: two\.", output.splitlines()[-1])
    assert output.index("three: a try") > output.index("FAILED: exit status 3")


def test_one_stage_can_run_alone(tmp_path: Path) -> None:
    stages = {"one": ["exit(1)"], "two": ["pass"]}
    assert run_stages(tmp_path, stages, "two")[0] == 0
    assert run_stages(tmp_path, stages, "three") == (2, "No such stage: three. There are: one, two\n")


def test_summary_of_pytest_and_all_that_was_left_out_are_shown(tmp_path: Path) -> None:
    lines = "print('SKIPPED [1] tests/x.py:3: no ipv6 here'); print('noise'); print('=== 4 passed, 1 skipped in 0.12s ===')"
    status, output = run_stages(tmp_path, {"one": [lines], "other": ["left out: ansible-core 2.99: no Python 4"]})
    assert status == 0
    assert "\none: 4 passed, 1 skipped in 0.12s\n" in output
    assert "noise" not in output
    assert output.splitlines()[-3:-1] == [
        "Left out: tests/x.py:3: no ipv6 here",
        "Left out: ansible-core 2.99: no Python 4",
    ]


def test_stages_beside_others_are_run_and_told_with_them(tmp_path: Path) -> None:
    """The first waits for a file that the last one makes: one after the other they would never end."""
    wait = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'made')!r}): time.sleep(0.01)"
    stages = {"waits": [wait, "left out: no podman"], "fails": ["exit(3)"], "makes": [f"open({str(tmp_path / 'made')!r}, 'w')"]}
    status, output = run_stages(tmp_path, stages, beside="waits fails")
    assert status == 1
    assert "\nwaits: ok, " in output and "\nmakes: ok, " in output
    assert "Left out: no podman\n" in output
    assert re.match(r"FAILED after \d+ s: fails\.", output.splitlines()[-1])


def test_processes_beside_a_stage_are_not_left_behind_by_it(tmp_path: Path) -> None:
    """They come and go while the look at the process table is taken."""
    busy = (
        "import os, time\n"
        f"while not os.path.exists({str(tmp_path / 'made')!r}):\n"
        "    pid = os.fork()\n"
        "    if not pid: time.sleep(0.01); os._exit(0)\n"
        "    os.waitpid(pid, 0)")
    stages = {"busy": [busy], **{f"look {number}": ["pass"] for number in range(20)}, "last": [f"open({str(tmp_path / 'made')!r}, 'w')"]}
    status, output = run_stages(tmp_path, stages, beside="busy")
    assert status == 0, output


def test_what_runs_beside_ends_with_the_run(tmp_path: Path) -> None:
    """It is asked first, so that it can put things back."""
    wait = (
        "import os, pathlib, signal, sys, time\n"
        f"there = pathlib.Path({str(tmp_path)!r})\n"
        "signal.signal(signal.SIGINT, lambda *dummy: sys.exit((there / 'put-back').write_text('yes') and 0))\n"
        "(there / 'pid').write_text(str(os.getpid()))\ntime.sleep(600)")
    command = [sys.executable, "-c", DRIVER, REPOSITORY / "scripts", tmp_path, json.dumps({"waits": [wait]}), "waits"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"DRIVER": DRIVER})
    try:
        deadline = time.monotonic() + 300
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text(encoding="utf-8"):
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        process.wait(300)
    finally:
        process.kill()
    assert (tmp_path / "put-back").exists()
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text(encoding='utf-8')}").exists()


def test_a_pytest_run_without_tests_fails(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    piece = f"import sys, pytest; sys.exit(pytest.main([{str(tmp_path / 'tests')!r}]))"
    status, output = run_stages(tmp_path, {"empty": [piece]})
    assert status == 1
    assert "no tests ran" in output


def test_a_process_left_behind_fails_its_stage_and_is_ended(tmp_path: Path) -> None:
    leave = (
        "import subprocess, sys; left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)  # left']); "
        f"print(left.pid, file=open({str(tmp_path / 'pid')!r}, 'w'))"
    )
    status, output = run_stages(tmp_path, {"one": [leave]})
    assert status == 1
    assert re.search(r"left processes behind: .*time.sleep\(600\)  # left", output)
    assert not Path("/proc", (tmp_path / "pid").read_text(encoding="utf-8").strip()).exists()
