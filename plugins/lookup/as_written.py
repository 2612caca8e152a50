# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: as_written
short_description: A variable as a person wrote it
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Returns a variable without evaluating anything in it, so that a text with braces stays the text that it is.
  - For what people write about an incident. A variable that holds a template is returned as that template.
options:
  _terms:
    description: Name of the variable.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Keep what a person wrote
  ansible.builtin.set_fact:
    told: "{{ lookup('lineops.runbook.as_written', 'lineops_closing') }}"
"""

RETURN = r"""
_raw:
  description: The values, null where there is no such variable.
  type: list
  elements: raw
"""

import typing as t

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """Hands variables over as they are."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the value of each variable."""
        return [_plain((variables or {}).get(term)) for term in terms]


def _plain(value: t.Any) -> t.Any:
    """Return a value without what Ansible knows of it beside, such as that it may be a template."""
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return next((kind(value) for kind in (int, float) if isinstance(value, kind)), "".join(str(value)))
