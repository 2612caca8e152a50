# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lineops_secrets as Ansible hands it over: a mapping, or the same as YAML text from an AWX credential. Private."""

from __future__ import annotations

import typing as t

import yaml
from ansible.errors import AnsibleError


def plain_secrets(secrets: t.Any) -> t.Any:
    """Return the mapping; text is read as YAML, and None if it is none (never an error that shows the text)."""
    secrets = _decrypted(secrets)
    if not isinstance(secrets, str):
        return secrets
    try:
        return yaml.safe_load(secrets)
    except yaml.YAMLError:
        return None


def secrets_among(templar: t.Any, variables: t.Mapping[str, t.Any]) -> t.Any:
    """Return lineops_secrets of a task's variables, evaluated and plain; None where that cannot be done."""
    try:
        return plain_secrets(templar.template(variables.get("lineops_secrets")))
    except AnsibleError:
        return None


def _decrypted(value: t.Any) -> t.Any:
    """Turn single values encrypted with ``!vault`` into text: ansible-core 2.18 hands them over as objects of its own."""
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if isinstance(value, dict):
        return {name: _decrypted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return value
