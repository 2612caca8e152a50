# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: what ansible-builder makes of the definition, and that the requirements are all that is needed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from examples import COLLECTION, ON_BOOTED_HOSTS, playbook, tasks_of

from lab.processes import REPOSITORY

MODULES = sorted(path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py"))
LIBRARIES = {"psutil", "pyads", "requests"}
HOST = "line3-hmi1"
LIMIT_S = 600.0
#: How Python, Ansible or a module says that a library is not there.
LIBRARY_MISSING = re.compile(r"No module named|ModuleNotFoundError|ImportError|The Python library|cannot import|Unexpected ")
RESULT = re.compile(r"^(?:ok|changed|fatal): \[\S+\](?:: FAILED!)? => (\{.*\})$", re.MULTILINE)


def run(*words: str | Path, cwd: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment to its end."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run([str(word) for word in words], cwd=cwd, env={"PATH": path, "LC_ALL": "C.UTF-8", **environment},
                          capture_output=True, text=True, timeout=LIMIT_S, check=False)  # fmt: skip


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built collection."""
    folder = tmp_path_factory.mktemp("built")
    built = run("ansible-galaxy", "collection", "build", "--output-path", folder, HOME=str(folder))
    assert built.returncode == 0, built.stderr
    return next(folder.glob("lineops-runbook-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path with the built collection."""
    folder = tmp_path_factory.mktemp("collections")
    done = run("ansible-galaxy", "collection", "install", "--offline", tarball, "-p", folder, HOME=str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ansible-builder gives an engine to build from."""
    folder = tmp_path_factory.mktemp("context")
    done = run("ansible-builder", "create", "--context", folder, "--output-filename", "Containerfile", HOME=str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def fresh(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with requirements.txt and ansible-core, and no more."""
    folder = tmp_path_factory.mktemp("fresh")
    python = folder / "venv/bin/python"
    core = f"ansible-core=={run('ansible', '--version', HOME=str(folder)).stdout.split('core ')[1].split(']')[0]}"
    requirements = installed / "ansible_collections/lineops/runbook/requirements.txt"
    for words in ((sys.executable, "-m", "venv", folder / "venv"),
                  (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements, core)):
        done = run(*words, HOME=str(folder))
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def results(fresh: Path, installed: Path) -> dict[str, Any]:
    """Module -> how its first example ended there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and not listening: nobody else can answer there
        return run_all(fresh, installed, f"http://127.0.0.1:{closed.getsockname()[1]}")


class TestContext:
    """What an engine would build."""

    def test_libraries_and_programs_are_in_it(self, context: Path) -> None:
        kept = [path.read_text(encoding="utf-8") for path in sorted((context / "_build").glob("*.txt"))]
        assert {line.split(">=")[0] for text in kept for line in text.splitlines() if ">=" in line} >= LIBRARIES
        assert any("ffmpeg" in text for text in kept)

    def test_steps_install_them(self, context: Path) -> None:
        steps = (context / "Containerfile").read_text(encoding="utf-8")
        assert 'ARG EE_BASE_IMAGE="quay.io/centos/centos:stream9"' in steps
        assert "ansible-core>=2.18" in steps and "ansible-runner>=2.4" in steps
        assert "pip install --no-cache-dir imageio-ffmpeg" in steps

    def test_image_is_built_where_an_engine_answers(self) -> None:
        engine = next((name for name in ("podman", "docker") if shutil.which(name) and run(name, "info").returncode == 0), "")
        if not engine:
            pytest.skip("the image of the execution environment was not built: no container engine answers")
        built = run("ansible-builder", "build", "--tag", "lineops-runbook-ee:test", "--container-runtime", engine, HOME=str(REPOSITORY / "build"))
        assert built.returncode == 0, built.stdout + built.stderr

    def test_collection_itself_tells_a_builder_what_it_needs(self, installed: Path) -> None:
        """meta/execution-environment.yml, for an environment that is made from the installed collection."""
        told = run("ansible-builder", "introspect", "--sanitize", installed)
        found = yaml.safe_load(told.stdout)
        assert {re.split("[>=]", line)[0] for line in found["python"]} == LIBRARIES, told.stdout + told.stderr
        assert any(line.startswith("ffmpeg") for line in found["system"])


class TestRequirements:
    """requirements.txt and ansible-core in a fresh environment, the collection from its tarball, and nothing else."""

    @pytest.mark.parametrize("name", MODULES)
    def test_module_answers(self, results: dict[str, Any], name: str) -> None:
        assert results[name], "it said nothing"
        assert not LIBRARY_MISSING.search(json.dumps(results[name]))

    def test_values_of_a_plc_are_understood(self, fresh: Path, installed: Path) -> None:
        """No PLC answers here, so no module comes as far as its library."""
        program = f"from ansible_collections.{COLLECTION}.plugins.module_utils._ads_symbols import value_of; print(value_of('INT', b'*\\0'))"
        read = run(fresh / "venv/bin/python", "-c", program, cwd=installed, HOME=str(fresh))
        assert read.stdout == "42\n", read.stderr


def run_all(folder: Path, installed: Path, url: str) -> dict[str, Any]:
    """Every module by its first example, sent to a host that is this machine and that nobody answers for."""
    python = folder / "venv/bin/python"
    wrapper = folder / "python"  # another name than the controller's own: then modules are sent, as to a host that is far away
    wrapper.write_text(f'#!/bin/sh\nexec {python} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    host = SimpleNamespace(plc_net_id="127.0.0.2.1.1", plc_ip="127.0.0.2", url=url)
    plant = SimpleNamespace(controller_ip="127.0.0.1", host_dir=lambda host: folder / "supervisor", state_dir=lambda host: folder / "state")
    lab: Any = SimpleNamespace(host=lambda name: host, plant=plant, base=folder)
    tasks = []
    for name in MODULES:
        task = next(task for task in tasks_of(name, lab, HOST) if f"{COLLECTION}.{name}" in task)
        tasks.append({**task, "ignore_errors": True, "check_mode": name in ON_BOOTED_HOSTS})
    variables = yaml.safe_load((REPOSITORY / "inventory/example/hosts.yml").read_text(encoding="utf-8"))["line3"]["hosts"][HOST]
    variables |= {
        "ansible_connection": "local", "ansible_python_interpreter": str(wrapper), "lineops_line": "line3",
        "lineops_supervisor_url": url, "lineops_secrets": {"line3": {
            "operator_key": "o", "admin_key": "a", "plc_username": "u", "plc_password": "p"}}}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {HOST: variables}}}), encoding="utf-8")
    done = run(python.parent / "ansible-playbook", "-v", "-i", folder / "hosts.json", playbook(lab, "all", HOST, tasks), cwd=folder,
               HOME=str(folder), ANSIBLE_COLLECTIONS_PATH=str(installed), ANSIBLE_CALLBACK_RESULT_FORMAT="json")  # fmt: skip
    results = [json.loads(text) for text in RESULT.findall(done.stdout)]
    assert len(results) == len(MODULES), done.stdout + done.stderr
    return dict(zip(MODULES, results, strict=True))
