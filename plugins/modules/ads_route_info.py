#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ads_route_info
short_description: List the routes of a TwinCAT PLC
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Reads the route list of a PLC from the controller, over ADS. This needs a route for the controller.
  - Without one, or on a device that cannot list, RV(routes) is null and RV(remark) says why. That is not an empty list.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
  - lineops.runbook.attributes.actiongroup_ads
  - lineops.runbook.plc
  - lineops.runbook.controller_ads
options:
  connect_timeout:
    description:
      - Seconds to wait for the TCP connection.
    type: float
    default: 1.0
seealso:
  - module: lineops.runbook.ads_route
"""

EXAMPLES = r"""
- name: Who may talk to the press
  lineops.runbook.ads_route_info:
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    controller_ip: 10.30.0.5
  register: press
"""

RETURN = r"""
routes:
  description: The routes, or null if they could not be listed.
  returned: always
  type: list
  elements: dict
  sample:
    - name: line3-hmi1
      ams_net_id: 10.30.0.11.1.1
      address: 10.30.0.11
      transport: TCP_IP
      temporary: false
      unidirectional: false
usable:
  description: Whether the controller has a route of its own that is answered.
  returned: always
  type: bool
own_ams_net_id:
  description: NetId the controller spoke with.
  returned: always
  type: str
remark:
  description: What makes the answer less than certain, empty if nothing does.
  returned: always
  type: str
failure:
  description: Why nothing could be observed.
  returned: when the PLC did not answer
  type: dict
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point of the look.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._ads_lock import one_at_a_time
from ansible_collections.lineops.runbook.plugins.module_utils._args import CONTROLLER_SPEC, PLC_SPEC
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._route_direct import listed

ARGUMENT_SPEC: dict[str, t.Any] = {
    **PLC_SPEC,
    **CONTROLLER_SPEC,
    "connect_timeout": {"type": "float", "default": 1.0},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """List; what keeps us from listing is an answer too."""
    result: dict[str, t.Any] = {"changed": False, "observed_at": utc_now()}
    try:
        with one_at_a_time(params["ip_address"]):
            return {**result, **listed(params)}
    except LineopsError as error:
        return {
            **result, "routes": None, "usable": False, "remark": error.message,
            "own_ams_net_id": "", "failure": error.as_failure(),
        }


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
