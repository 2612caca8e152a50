# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What check mode, diff mode and idempotence mean; modules add their own support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without changing the plant.
  diff_mode:
    description: Will return details on what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode with the same arguments, the second run changes nothing.
      - This assumes that the plant itself did not change in between.
"""

    # For modules that only look.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""

    ACTIONGROUP_ADS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/lineops.runbook.ads) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.ads
"""

    # The one module that is a noun of both groups.
    ACTIONGROUP_SUPERVISOR_AND_ADS = r"""
options: {}
attributes:
  action_group:
    description: >-
      Use C(group/lineops.runbook.supervisor) or C(group/lineops.runbook.ads) in C(module_defaults) to set defaults for this
      module.
    support: full
    membership:
      - lineops.runbook.supervisor
      - lineops.runbook.ads
"""

    ACTIONGROUP_SUPERVISOR = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/lineops.runbook.supervisor) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.supervisor
"""

    ACTIONGROUP_RAILS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/lineops.runbook.rails) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.rails
"""
