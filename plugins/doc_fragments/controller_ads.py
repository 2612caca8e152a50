# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Who speaks when a module speaks ADS itself."""

    DOCUMENTATION = r"""
options:
  controller_ip:
    description:
      - Address of the controller to speak ADS from. By default the operating system picks it.
      - Never a supervisor's own address. A TwinCAT router keeps one connection per address and would end the supervisor's.
    type: str
  controller_ams_net_id:
    description:
      - NetId to speak with. By default O(controller_ip) with V(.1.1).
    type: str
  ads_timeout:
    description:
      - Seconds to wait for each ADS answer.
    type: float
    default: 2.0
"""
