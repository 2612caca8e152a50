# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes what AWX is given from the playbooks and their play argument specs: awx/job_templates.yml and extensions/patterns/.

`awx_content.py` writes the files, `awx_content.py --check` names those that differ, with exit status 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from surveys import Question, questions

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "playbooks/collections"))
from ansible_collections.lineops.runbook.plugins.module_utils._closing import blank_closing  # noqa: E402

HEADER = (
    "# Copyright: (c) 2026, lineops contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
    "---\n"
)
MADE = "# Made by scripts/awx_content.py from playbooks/*.meta.yml. Do not edit.\n"
PATTERN = Path("extensions/patterns/operations_runbook")
ENVIRONMENT = "lineops runbook"
#: What stands in a question in place of its default.
PREFILLED = {"lineops_closing": blank_closing()}


@dataclass(frozen=True)
class Template:
    """A job template: its playbook, its title, and whether its hosts may be spread over jobs that see only their own."""

    playbook: str
    title: str
    is_sliced: bool = False

    def meta(self) -> dict[str, Any]:
        """The play argument spec of the playbook."""
        text = (REPOSITORY / f"playbooks/{self.playbook}.meta.yml").read_text(encoding="utf-8")
        return yaml.safe_load(text)

    def survey(self) -> list[Question]:
        """The questions of its survey."""
        return questions(self.meta()["argument_specs"]["main"]["options"], PREFILLED)


# The first is the one to start with. What acts on a line must see all of it, so only what looks is sliced. metrics.yml has none:
# it writes a file beside node_exporter, and a job's file system is thrown away.
TEMPLATES = (
    Template("triage", "Triage"),
    Template("playbook_a_stream", "Playbook A"),
    Template("playbook_b_plc", "Playbook B"),
    Template("playbook_c_restart", "Playbook C"),
    Template("checklist", "Checklist", is_sliced=True),
    Template("preflight", "Preflight", is_sliced=True),
    Template("close_incident", "Close incident"),
    Template("undo_incident", "Undo incident"),
    Template("deliver", "Deliver"),
)


class _Dumper(yaml.SafeDumper):
    """YAML as yamllint wants it: lists below their key are indented, nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def survey_spec(template: Template, spec: list[Question]) -> dict[str, Any]:
    """A survey as AWX and a pattern name its parts."""
    return {"name": template.title, "description": template.meta()["description"], "spec": spec}


def job_template(template: Template) -> dict[str, Any]:
    """What awx/configure.yml is told of a job template; its check-mode twin differs in name and job type only."""
    spec = template.survey()
    return {
        "name": f"lineops {template.title}", "description": template.meta()["description"],
        "playbook": f"playbooks/{template.playbook}.yml", "sliced": template.is_sliced,
        **({"survey_spec": survey_spec(template, spec)} if spec else {}),
    }


def pattern_template(template: Template) -> dict[str, Any]:
    """The same for a pattern, where every default is a text."""
    spec = [{**question, **({"default": str(question["default"])} if "default" in question else {})} for question in template.survey()]
    return {
        "name": f"lineops {template.title}", "description": template.meta()["description"],
        "execution_environment": ENVIRONMENT, "playbook": f"{template.playbook}.yml", "primary": template is TEMPLATES[0],
        "ask_credential_on_launch": True, "ask_inventory_on_launch": True, "ask_limit_on_launch": True,
        **({"survey": survey_spec(template, spec)} if spec else {}),
    }


def pattern() -> dict[str, Any]:
    """meta/pattern.json of the pattern (pattern_specification.json of ansible/pattern-service)."""
    return {
        "schema_version": "1.0", "name": PATTERN.name, "title": "Run the operations runbook of a plant",
        "description": "Job templates for the operations runbook of industrial lines: triage, hung streams, PLCs that do not answer, "
                       "restarts that fail, the checklist, and closing an incident.",
        "short_description": "Job templates for the operations runbook of industrial lines",
        "tags": ["incident", "operations", "plc", "runbook"],
        "aap_resources": {
            "controller_project": {"name": "lineops runbook", "description": "Playbooks of the operations runbook."},
            "controller_execution_environment": {
                "name": ENVIRONMENT, "description": "ansible-core, this collection and the libraries it needs.",
                "image_name": "lineops/runbook-ee", "pull": "missing"},
            "controller_job_templates": [pattern_template(template) for template in TEMPLATES],
        },
    }  # fmt: skip


def pattern_playbook(template: Template) -> str:
    """A playbook of the pattern: the collection's own, by its name."""
    return (f"{HEADER}{MADE}- name: {template.title}\n"
            f"  ansible.builtin.import_playbook: lineops.runbook.{template.playbook}\n")


def contents() -> dict[Path, str]:
    """Every file that is made, and what it holds."""
    templates = {"awx_job_templates": [job_template(template) for template in TEMPLATES]}
    made = yaml.dump(templates, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=150)
    return {
        Path("awx/job_templates.yml"): f"{HEADER}{MADE}{made}",
        PATTERN / "meta/pattern.json": json.dumps(pattern(), indent=2) + "\n",
        **{PATTERN / f"playbooks/{template.playbook}.yml": pattern_playbook(template) for template in TEMPLATES},
    }


def differing() -> list[str]:
    """The files that are not as they would be made."""
    return [str(path) for path, text in contents().items()
            if not (REPOSITORY / path).is_file() or (REPOSITORY / path).read_text(encoding="utf-8") != text]


def main(words: list[str]) -> int:
    """Write the files, or name those that differ; returns the exit status."""
    if words == ["--check"]:
        found = differing()
        for path in found:
            print(f"{path} is not what the playbooks say; run: python scripts/awx_content.py")
        return int(bool(found))
    for path, text in contents().items():
        (REPOSITORY / path).parent.mkdir(parents=True, exist_ok=True)
        (REPOSITORY / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
