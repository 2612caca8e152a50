# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lineops_secrets as Ansible hands it over: a mapping, or the same as YAML text from an AWX credential. Private."""

from __future__ import annotations

import typing as t

import yaml


def plain_secrets(secrets: t.Any) -> t.Any:
    """Return the mapping; text is read as YAML, and None if it is none (never an error that shows the text)."""
    if not isinstance(secrets, str):
        return secrets
    try:
        return yaml.safe_load(secrets)
    except yaml.YAMLError:
        return None
