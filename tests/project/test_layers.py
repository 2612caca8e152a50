# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DESIGN section 4: which layer a file belongs to, and that imports point down only. Also: header of every Python file."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGINS = REPOSITORY / "plugins"
PACKAGE = "ansible_collections.lineops.runbook.plugins."

# A new file in module_utils needs a line here: deciding its layer is the point.
LAYER_OF_UTIL = {
    # pure helpers for everybody
    "_ads_frames": "base",
    "_ads_route_entries": "base",
    "_errors": "base",
    "_evidence_parts": "base",
    "_journal_rules": "base",
    "_lease_rules": "base",
    "_host_texts": "base",
    "_redact": "base",
    "_timestamps": "base",
    "_words": "base",
    # evidence in, findings out
    "_actions": "rules",
    "_approval": "rules",
    "_budget": "rules",
    "_escalation": "rules",
    "_admin_log": "rules",
    "_artifact_rules": "rules",
    "_cases": "rules",
    "_closing": "rules",
    "_deliveries": "rules",
    "_diagnosis": "rules",
    "_checklist": "rules",
    "_checklist_host": "rules",
    "_checklist_steps": "rules",
    "_checklist_words": "rules",
    "_findings": "rules",
    "_guards": "rules",
    "_fleet_rules": "rules",
    "_health_events": "rules",
    "_health_rules": "rules",
    "_health_state": "rules",
    "_hypotheses": "rules",
    "_incident_search": "rules",
    "_incidents": "rules",
    "_inventory": "rules",
    "_inventory_delivery": "rules",
    "_manager_rules": "rules",
    "_metrics": "rules",
    "_metrics_text": "rules",
    "_outcome": "rules",
    "_plc_config_rules": "rules",
    "_plc_diagnosis": "rules",
    "_plc_plan": "rules",
    "_plc_signals": "rules",
    "_playback_rules": "rules",
    "_preflight": "rules",
    "_report_actions": "rules",
    "_report_blocks": "rules",
    "_report_checklist_document": "rules",
    "_report_document": "rules",
    "_report_entries": "rules",
    "_report_html": "rules",
    "_report_make": "rules",
    "_report_markdown": "rules",
    "_report_photos": "rules",
    "_report_picture": "rules",
    "_report_plant_document": "rules",
    "_report_plant_rules": "rules",
    "_report_rules": "rules",
    "_report_style": "rules",
    "_report_teller": "rules",
    "_report_text": "rules",
    "_report_words": "rules",
    "_restart_diagnosis": "rules",
    "_restart_outcome": "rules",
    "_restart_plan": "rules",
    "_restart_signals": "rules",
    "_route_rules": "rules",
    "_run_variables": "rules",
    "_service_rules": "rules",
    "_severity": "rules",
    "_stream_classes": "rules",
    "_stream_rules": "rules",
    "_host_signals": "rules",
    "_step_entries": "rules",
    "_stream_diagnosis": "rules",
    "_stream_outcome": "rules",
    "_stream_plan": "rules",
    "_stream_signals": "rules",
    "_ticket_content": "rules",
    "_ticket_text": "rules",
    "_ticket_trackers": "rules",
    "_undo_plan": "rules",
    "_writer_rules": "rules",
    # all that talks to the world outside
    "_ads_lock": "clients",
    "_ads_router": "clients",
    "_ads_symbols": "clients",
    "_ads_wire": "clients",
    "_artifact_files": "clients",
    "_beneath": "clients",
    "_clock": "clients",
    "_flock": "clients",
    "_evidence": "clients",
    "_evidence_sources": "clients",
    "_host": "clients",
    "_host_permissions": "clients",
    "_host_proc": "clients",
    "_host_processes": "clients",
    "_host_resources": "clients",
    "_host_survey": "clients",
    "_host_unit": "clients",
    "_http": "clients",
    "_journal": "clients",
    "_journal_files": "clients",
    "_lease": "clients",
    "_mail": "clients",
    "_playback_decoder": "clients",
    "_rtsp": "clients",
    "_signature": "clients",
    "_state_dir": "clients",
    "_route_table": "clients",
    "_regular": "clients",
    "_report_clock": "clients",
    "_report_files": "clients",
    "_result_files": "rules",
    "_stream_writers": "clients",
    "_supervisor": "clients",
    "_supervisor_calls": "clients",
    "_web_calls": "clients",
    # what modules share: options, results, the way a module is started
    "_args": "shared",
    "_change": "shared",
    "_module": "shared",
    # a noun's work where it is more than a module should hold
    "_artifacts": "work",
    "_delivery": "work",
    "_fleet": "work",
    "_health_look": "work",
    "_health_watch": "work",
    "_manager": "work",
    "_playback": "work",
    "_route_direct": "work",
    "_route_via_supervisor": "work",
    "_stream_survey": "work",
    "_streams": "work",
    "_supervisor_subsets": "work",
    "_tickets": "work",
    "_writers": "work",
}
LAYER_OF_FOLDER = {
    "modules": "modules",
    "doc_fragments": "modules",
    "plugin_utils": "controller",
    "action": "controller",
    "filter": "controller",
    "lookup": "controller",
}
MAY_IMPORT = {
    "base": {"base"},
    "rules": {"base", "rules"},
    "clients": {"base", "clients"},
    "shared": {"base", "clients", "shared"},
    "work": {"base", "rules", "clients", "shared", "work"},
    "modules": {"base", "rules", "clients", "shared", "work"},
    "controller": {"base", "rules", "clients", "shared", "work", "modules", "controller"},
}
# What the pure layers may take from the standard library: nothing that reads a clock, a file, a socket or a process.
PURE = {
    "__future__", "base64", "collections", "dataclasses", "enum", "functools", "html", "ipaddress", "itertools", "json",
    "math", "re", "string", "struct", "typing", "urllib.parse",
}  # fmt: skip
# The parser of the library, for the one file that knows how times are written; it reads no clock either (tested below).
# What is alike, for the one file that says what somebody may have meant; XML, for the one that writes some.
PURE_OF = {"_timestamps": {"datetime"}, "_incident_search": {"difflib"}, "_result_files": {"xml.etree.ElementTree"}}
THIRD_PARTY = {
    "base": set(),
    "rules": set(),
    "clients": {"imageio_ffmpeg", "psutil", "pyads", "requests", "urllib3"},
    "shared": {"ansible.module_utils"},
    "work": set(),
    "modules": {"ansible.module_utils"},
    "controller": {"ansible", "jinja2", "requests", "yaml"},
}
HEADER = (
    "# Copyright: (c) 2026, lineops contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)


def plugin_files() -> list[Path]:
    """All Python files below plugins/."""
    return sorted(PLUGINS.rglob("*.py"))


def layer_of(path: Path) -> str:
    """The layer of a file below plugins/."""
    folder = path.relative_to(PLUGINS).parts[0]
    return LAYER_OF_UTIL.get(path.stem, "") if folder == "module_utils" else LAYER_OF_FOLDER.get(folder, "")


def imports_of(path: Path) -> list[str]:
    """Every imported name of a file, in full, inside functions too; `from . import x` counts as importing x."""
    package = PACKAGE + ".".join(path.relative_to(PLUGINS).parent.parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            source = f"{base}{node.module or ''}".rstrip(".")
            found += [f"{source}.{alias.name}" for alias in node.names]
    return found


def is_below(name: str, allowed: set[str]) -> bool:
    """True if `name` is one of `allowed`, or inside one of them."""
    return any(name == entry or name.startswith(f"{entry}.") for entry in allowed)


def own_file(name: str) -> Path | None:
    """The file of this collection that a full name (module, or something in it) stands for."""
    path = PLUGINS.joinpath(*name.removeprefix(PACKAGE).split("."))
    candidates = (path.with_suffix(".py"), path.parent.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def problems_of(path: Path) -> list[str]:
    """Imports of a file that its layer must not make."""
    layer = layer_of(path)
    problems = []
    for name in imports_of(path):
        if name.startswith(PACKAGE):
            target = own_file(name)
            if target is None or layer_of(target) not in MAY_IMPORT[layer]:
                problems.append(f"{path.stem} ({layer}) must not import {name}")
        elif name.split(".")[0] in sys.stdlib_module_names:
            if layer in ("base", "rules") and not is_below(name, PURE | PURE_OF.get(path.stem, set())):
                problems.append(f"{path.stem} ({layer}) is pure and must not import {name}")
        elif not is_below(name, THIRD_PARTY[layer]):
            problems.append(f"{path.stem} ({layer}) must not import {name}")
    return problems


def test_every_util_has_a_layer_and_every_entry_a_file() -> None:
    assert {path.stem for path in (PLUGINS / "module_utils").glob("*.py")} == set(LAYER_OF_UTIL)
    assert [str(path) for path in plugin_files() if not layer_of(path)] == []


@pytest.mark.parametrize("path", plugin_files(), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_point_down_only(path: Path) -> None:
    assert problems_of(path) == []


def test_pure_layers_open_nothing() -> None:
    calls = [
        f"{path.stem}:{node.lineno} {node.func.id}()"
        for path in plugin_files() if layer_of(path) in ("base", "rules")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "exec", "eval")
    ]  # fmt: skip
    assert calls == []


def test_pure_layers_read_no_clock() -> None:
    calls = [
        f"{path.stem}:{node.lineno} {node.attr}"
        for path in plugin_files() if layer_of(path) in ("base", "rules")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
    ]  # fmt: skip
    assert calls == []


def test_third_party_libraries_are_loaded_late(repository: Path) -> None:
    """A module must be able to say in one sentence that a library is missing, so nothing imports one while loading."""
    early = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for path in plugin_files() if layer_of(path) in ("clients", "modules", "shared")
        for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if is_below(name, THIRD_PARTY["clients"])
    ]  # fmt: skip
    assert early == []


def test_python_files_carry_header_and_future_import(repository: Path, tracked_files: list[Path]) -> None:
    bad = []
    for name in tracked_files:
        if name.suffix != ".py":
            continue
        text = (repository / name).read_text(encoding="utf-8")
        body = re.sub(r"\A(#!.*\n)?(# -\*- coding: utf-8 -\*-\n)?", "", text)
        code = [node for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        starts_well = not code or ast.unparse(code[0]) == "from __future__ import annotations"
        if not body.startswith(HEADER) or not starts_well:
            bad.append(str(name))
    assert bad == []
