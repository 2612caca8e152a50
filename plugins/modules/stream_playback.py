#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_playback
short_description: Whether a viewer of a camera sees a picture
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Does what the page of a viewer does, for all cameras at once. It gets the playlist of each camera and the newest segment that
    is named there, and decodes that. A playlist that moves is no proof of a picture, as M(lineops.runbook.camera_stream_info)
    sees it; a decoded picture is.
  - Gets a snapshot of each camera too if that is wished.
  - Never fails because the supervisor does not answer. What could not be observed is named in RV(not_observed).
  - Names in a playlist are text of the plant. Only a plain file name is fetched, from beside the playlist.
  - Decoders are looked for where this runs, which are ffmpeg, the program that the Python package C(imageio-ffmpeg) brings, and
    the Python package C(av). One runs as a program of its own, gets the segment by a pipe, may open nothing else, and is killed
    when its time is over.
  - No word of the supervisor is returned, since these may hold the password of a camera.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
options:
  cameras:
    description:
      - Ids of the cameras to look at.
    type: list
    elements: str
    required: true
  snapshot:
    description:
      - Whether to get a snapshot of each camera too. The supervisor takes about 4 seconds for one. It does not change
        the verdict.
    type: bool
    default: false
  picture:
    description:
      - Whether to return the last picture of each camera.
    type: bool
    default: false
  decoder:
    description:
      - What to decode with. V(ffmpeg) is the program, or that of C(imageio-ffmpeg). V(python) is the package C(av). V(auto) is
        the first of these that runs. With V(none) nothing is decoded.
    type: str
    choices: [auto, ffmpeg, python, none]
    default: auto
  decode_timeout_s:
    description:
      - Seconds that the decoder has for a segment, 1 to 60.
    type: float
    default: 10
notes:
  - To get a playlist counts as a viewer of the camera for 30 seconds.
  - The newest segment is decoded by itself, as for a viewer who comes just now. A camera that sends the parameters of its
    pictures only once is V(undecodable) then.
  - A segment of more than 32 MB is not fetched to its end.
seealso:
  - module: lineops.runbook.camera_stream_info
"""

EXAMPLES = r"""
- name: See whether the picture of two cameras is there
  lineops.runbook.stream_playback:
    url: "{{ lineops_supervisor_url }}"
    cameras: [cam1, door]
  register: seen

- name: Keep a picture of one camera, and try its snapshot
  lineops.runbook.stream_playback:
    url: "{{ lineops_supervisor_url }}"
    cameras: [cam1]
    snapshot: true
    picture: true
"""

RETURN = r"""
playback:
  description:
    - What a viewer gets, by camera.
    - C(verdict) is V(plays) (at least one whole picture was decoded), V(undecodable) (the segment is video, and nothing of it
      could be decoded), V(unwatchable) (a viewer gets no playlist, no segment, or something else in its place) or V(unproven)
      (there is no decoder here, or it was too slow). C(why) is the reason in a sentence.
    - C(segment) is the file name of the newest segment, empty if there is none, or none that is a plain name.
    - C(width) and C(height) are those of the pictures, null without one. C(pictures) is how many whole ones were
      decoded, before the first with an error in it.
    - C(decoder) is the one that is here, with its version; empty if there is none. C(vantage) is V(controller) or V(host).
    - C(requests) are the answers in order. C(what) is V(playlist), V(segment) or V(snapshot). C(status) is null without an
      answer. C(bytes) counts those of a good answer. C(why) says what is wrong with it, and is empty if nothing is.
    - C(picture) is the last picture as JPEG in Base64, at most 320 pixels wide. It is empty if O(picture=false), or there is
      none.
    - Cameras that could not be looked at are not in here.
  returned: always
  type: dict
  sample:
    cam1:
      verdict: plays
      why: "Whole pictures decoded of the newest segment: 10, of 640x360."
      segment: cam1_042.ts
      width: 640
      height: 360
      pictures: 10
      decoder: ffmpeg 5.1.9
      vantage: controller
      requests:
        - {what: playlist, status: 200, seconds: 0.004, bytes: 301, why: ""}
        - {what: segment, status: 200, seconds: 0.009, bytes: 81404, why: ""}
      picture: ""
not_observed:
  description: The failure that kept C(playback) from being observed, for some or all cameras.
  returned: always
  type: dict
  sample: {playback: {code: supervisor.unreachable, message: Nothing listens there., hint: ""}}
calls:
  description: Every call made, with time, status, seconds and request id.
  returned: always
  type: list
  elements: str
supervisor_seconds:
  description: Sum of the supervisor's own answer times.
  returned: always
  type: float
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

from ansible_collections.lineops.runbook.plugins.module_utils._args import SUPERVISOR_SPEC, calls_of, check_limits, client_of
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._playback import Playback, playback_of

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "cameras": {"type": "list", "elements": "str", "required": True},
    "snapshot": {"type": "bool", "default": False},
    "picture": {"type": "bool", "default": False},
    "decoder": {"type": "str", "choices": ["auto", "ffmpeg", "python", "none"], "default": "auto"},
    "decode_timeout_s": {"type": "float", "default": 10.0},
}
#: Option -> least and most.
LIMITS = {"decode_timeout_s": (1.0, 60.0)}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Look as a viewer does; name what was not observed and why."""
    check_limits(params, LIMITS, "playback.option")
    how = Playback(params["decoder"], params["decode_timeout_s"], params["snapshot"], params["picture"], params["run_from"])
    observed_at = utc_now()
    with client_of(params) as client:
        seen, not_observed = playback_of(client, list(dict.fromkeys(params["cameras"])), how)
        return {"changed": False, "observed_at": observed_at, "playback": seen, "not_observed": not_observed, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
