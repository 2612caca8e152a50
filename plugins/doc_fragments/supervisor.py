# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How a supervisor is reached; the same for every module that talks to one."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the supervisor, for example V(http://10.30.0.11:5000).
    type: str
    required: true
  operator_key:
    description:
      - API key of level operator. Without it the admin key is used, which is good for both levels.
    type: str
  admin_key:
    description:
      - API key of level admin. Without it, what needs it is reported as not observed.
    type: str
  incident:
    description:
      - Incident id. It is sent as first part of C(X-Request-ID), so that the supervisor's own log tells the same story.
    type: str
    default: ""
  runner:
    description:
      - Who runs this, sent as C(X-Admin-User).
    type: str
    default: ""
  connect_timeout:
    description:
      - Seconds to wait for the TCP connection.
    type: float
    default: 3.0
  read_timeout:
    description:
      - Seconds to wait for an answer. A call that ran into it is never repeated.
    type: float
    default: 10.0
  proxy:
    description:
      - HTTP proxy to use. The proxies of the environment are ignored.
    type: str
  validate_certs:
    description:
      - Whether to check the certificate of an https address.
    type: bool
    default: true
  run_from:
    description:
      - Where the call is made. V(host) is for supervisors that listen on their own loopback only.
    type: str
    choices: [controller, host]
    default: controller
notes:
  - Runs in the controller's process by default, without a connection to the host.
  - Needs the Python library C(requests) where it runs.
"""
