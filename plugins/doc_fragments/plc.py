# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The PLC that a module acts on."""

    DOCUMENTATION = r"""
options:
  plc_id:
    description:
      - Id of the PLC in the supervisor, for example V(plc_001).
    type: str
    default: plc_001
  ip_address:
    description:
      - IPv4 address of the PLC.
    type: str
    required: true
  ams_net_id:
    description:
      - AMS NetId of the PLC.
    type: str
    required: true
  ams_port:
    description:
      - AMS port of its runtime. V(851) for the first TC3 runtime, V(801) for TC2.
    type: int
    default: 851
"""
