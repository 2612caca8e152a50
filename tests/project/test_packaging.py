# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a package: what is in the tarball, what is not, and that checkout and tarball both run."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest
import yaml

CANARY = "canary-9b1f-must-not-be-packed"
# Places where a machine in use holds state, secrets or things that were built.
STATE = (
    ".lab/lab.json",
    ".venv/lib/thing.py",
    ".venv-core2.18/thing.py",
    ".ansible/thing.yml",
    ".pytest_cache/thing",
    "build/logs/units.log",
    "inventory/lab/hosts.yml",
    "inventory/lab/group_vars/all/secrets.yml",
    "tests/output/thing.json",
    "lineops-runbook-0.9.0.tar.gz",
)
NEEDED = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bindep.txt",
    "changelogs/changelog.yaml",
    "extensions/eda/plugins/event_source/supervisor_health.py",
    "extensions/eda/rulebooks/recovery.yml",
    "meta/execution-environment.yml",
    "meta/extensions.yml",
    "meta/runtime.yml",
    "playbooks/playbook_b_plc.yml",
    "plugins/modules/inventory_check.py",
    "requirements.txt",
    "roles/plc_recovery/README.md",
    "tests/config.yml",
)


@pytest.fixture(scope="module")
def tarball(clone: Path, run) -> Path:
    """The built tarball of a clone in which a lab runs and much was built."""
    for name in STATE:
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"secret: {CANARY}\n", encoding="utf-8")
    built = run("ansible-galaxy", "collection", "build", "--output-path", clone / "build", cwd=clone)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (clone / "build").glob("lineops-runbook-*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory, run) -> Path:
    """A collections path with the tarball installed."""
    folder = tmp_path_factory.mktemp("collections")
    done = run("ansible-galaxy", "collection", "install", tarball, "-p", folder, "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_tarball_holds_what_a_user_needs_and_only_plain_files(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        members = archive.getmembers()
    assert [member.name for member in members if not (member.isfile() or member.isdir())] == []
    assert sorted(set(NEEDED) - {member.name for member in members}) == []
    tops = {member.name.split("/")[0] for member in members if "/" in member.name}
    assert tops <= {"changelogs", "docs", "extensions", "inventory", "meta", "playbooks", "plugins", "roles", "tests"}


def test_tarball_holds_no_secret_and_no_state(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    assert [name for name, content in files.items() if CANARY.encode() in content] == []
    kept_here = ("extensions/molecule", "inventory/lab", "tests/data", "lab/", ".", "build")
    assert [name for name in files if name.startswith(kept_here)] == []


def test_checkout_under_any_name_finds_its_own_content(clone: Path, run) -> None:
    """The command of the promise, up to the point where a plant is needed."""
    checked = run(
        "ansible-playbook", "playbook_b_plc.yml", "-l", "line3", "--syntax-check", "-i", "../inventory/example",
        cwd=clone / "playbooks",
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_installed_tarball_finds_its_own_content(installed: Path, clone: Path, tmp_path: Path, run) -> None:
    checked = run(
        "ansible-playbook", "lineops.runbook.playbook_b_plc", "--syntax-check", "-i", clone / "inventory/example",
        cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed),
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_configuration_files_mean_the_same(repository: Path) -> None:
    """One is found from the top folder, the other from playbooks/: they differ only in the way to the inventory."""
    texts = [(repository / name).read_text(encoding="utf-8") for name in ("ansible.cfg", "playbooks/ansible.cfg")]
    settings = [re.findall(r"^(\w+) = (?:\.\./)?(.*)$", text, flags=re.MULTILINE) for text in texts]
    assert settings[0] == settings[1]
    assert ("forks", "20") in settings[0]


def test_runtime_requirements_have_lower_bounds_only(repository: Path) -> None:
    lines = (repository / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in wanted if not re.fullmatch(r"[a-z]+>=[\d.]+", line)] == []
    assert {line.split(">")[0] for line in wanted} == {"psutil", "pyads", "requests"}


def test_versions_agree(repository: Path) -> None:
    version = yaml.safe_load((repository / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    changes = yaml.safe_load((repository / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    assert version in changes["releases"]
    evidence = (repository / "plugins/module_utils/_evidence.py").read_text(encoding="utf-8")
    assert f'TOOL = "lineops.runbook {version}"' in evidence


def test_example_inventory_can_be_read_without_password(repository: Path, run) -> None:
    listed = run("ansible-inventory", "-i", "inventory/example", "--list", cwd=repository)
    assert listed.returncode == 0, listed.stderr
    assert "WARNING" not in listed.stderr
    hosts = yaml.safe_load(listed.stdout)["_meta"]["hostvars"]
    assert sorted(hosts) == [f"line{line}-hmi{host}" for line in (1, 2, 3) for host in (1, 2)]


def test_example_inventory_passes_its_own_check(repository: Path, tmp_path: Path, run) -> None:
    """Host variables by inventory_check, the secrets opened with the documented example password."""
    password = tmp_path / "password"
    password.write_text("lineops-example\n", encoding="utf-8")
    checked = run(
        "ansible", "all", "-i", "inventory/example", "-m", "lineops.runbook.inventory_check",
        "--vault-password-file", password,
        cwd=repository, ANSIBLE_COLLECTIONS_PATH=str(repository / "playbooks/collections"),
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_value_of_the_example_secrets_is_encrypted(repository: Path) -> None:
    class Encrypted(str):
        """A value that carries the vault tag."""

    class Loader(yaml.SafeLoader):
        """Knows the vault tag."""

    Loader.add_constructor("!vault", lambda loader, node: Encrypted(loader.construct_scalar(node)))
    text = (repository / "inventory/example/group_vars/all/secrets.yml").read_text(encoding="utf-8")
    secrets = yaml.load(text, Loader)["lineops_secrets"]
    assert sorted(secrets) == ["line1", "line2", "line3"]
    values = [(line, name, value) for line, entry in secrets.items() for name, value in entry.items()]
    assert [(line, name) for line, name, value in values if not isinstance(value, Encrypted)] == []
    assert all(value.startswith("$ANSIBLE_VAULT;1.1;AES256\n") for dummy, dummy, value in values)
