# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What is told from a journal, and how it is sent."""

    DOCUMENTATION = r"""
options:
  entries:
    description:
      - Entries of the journal of one host, in its order. For what was told before, and for incidents that belong together, also the
        entries of the phases C(close), C(escalate) and C(deliver) of its other incidents.
    type: list
    elements: raw
    required: true
  incident:
    description:
      - Id of an incident of O(entries).
    type: str
    required: true
  language:
    description:
      - Language of what a person reads.
    type: str
    choices: [en, de]
    default: en
  contacts:
    description:
      - Whom to call, by level, where the journal does not say it; the same as C(lineops_contacts).
    type: dict
    default: {}
  timeout:
    description:
      - Seconds, 1 to 60, that all of it may take.
    type: float
    default: 10.0
  proxy:
    description:
      - URL of an HTTP proxy. Proxies and C(.netrc) of the environment are ignored.
    type: str
  ca_path:
    description:
      - File with the certificates of the authorities to trust, if not those of the machine.
    type: path
  validate_certs:
    description:
      - Whether the certificate of a server must be valid.
    type: bool
    default: true
"""
