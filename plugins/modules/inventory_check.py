#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Check the inventory of a plant before anything is contacted
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Checks the contract variables of a host (C(lineops_*)), its secrets, the words of C(-l), and what was set for this run, such as
    the answers of a survey (C(playbooks/*.meta.yml)).
  - Says one sentence per mistake, with variable, list index, value and what is expected. Values of secrets are never
    shown, also if they have the wrong type.
  - Contacts nobody.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
options:
  fail:
    description:
      - Whether the task fails when there are mistakes.
    type: bool
    default: true
notes:
  - An action plugin, it reads the variables of the current host by itself.
"""

EXAMPLES = r"""
- name: Check the inventory
  lineops.runbook.inventory_check:
"""

RETURN = r"""
mistakes:
  description: One sentence per mistake.
  returned: always
  type: list
  elements: str
  sample: ["lineops_plcs[0].ams_net_id is '10.30.0.21'; expected six numbers 0-255 with dots, such as 10.30.0.21.1.1."]
delivery_mistakes:
  description: The same for C(lineops_ticket), C(lineops_notify) and C(lineops_mail). No recovery is refused for these.
  returned: always
  type: list
  elements: str
warnings_found:
  description: What is allowed but probably not meant.
  returned: always
  type: list
  elements: str
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

ARGUMENT_SPEC = {"fail": {"type": "bool", "default": True}}
