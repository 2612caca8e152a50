#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: camera_stream_info
short_description: Which streams move, and which are wanted
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Looks several times at the playlist of each camera, all cameras at once, and says which of them move as fast as time does.
    A supervisor says running of a stream that hangs, too.
  - Asks the cameras themselves meanwhile, by RTSP (OPTIONS and DESCRIBE, over TCP), so that one whose source is gone is not
    taken for a stream that a restart would heal. No picture is fetched.
  - Says of each camera in one word what is the matter, with a sentence why and what that rests on. All times are of one clock
    each, so that clocks that differ change nothing.
  - Notes which streams are wanted, and how, so that they can be brought back after a restart. Nothing starts them by itself.
  - Never fails because the supervisor does not answer. What could not be observed is named in RV(not_observed).
  - No address of a camera is returned, since these hold passwords.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
options:
  cameras:
    description:
      - Ids of the cameras to look at. All that the supervisor knows if not given. RV(noted) is about all of them in any case.
    type: list
    elements: str
  wait_s:
    description:
      - Seconds between the first and the last look, 3 to 60, waited once for all cameras. Longer if a playlist says that its
        segments are. The looks of O(earlier) count.
      - In 3 seconds a stream is seen to stutter that brings less than a third of its picture; in 10 seconds, one that brings less
        than 60 percent of it.
    type: float
    default: 3
  looks:
    description:
      - Number of looks, 1 to 20. Two processes that write the same files are seen by those in between. One look waits for nothing,
        and sees no movement unless O(earlier) has more of them.
    type: int
    default: 3
  earlier:
    description:
      - RV(looks) of an earlier task on the same machine, to go on from. Those at a stream that was started anew since do not count.
      - So other tasks can be done while time passes between the looks, and a restart that saw its stream move is the beginning of
        the look after it.
    type: dict
    default: {}
  keep_looks:
    description:
      - Whether to return RV(looks).
    type: bool
    default: false
  ask_sources:
    description:
      - Whether to ask the sources of the cameras too, from where this runs. Their addresses and logins are the supervisor's
        (C(GET cameras)), and are never shown. Only addresses that begin with C(rtsp://) are asked, at the host they name.
      - An address of the supervisor's own loopback is not asked from another machine.
    type: bool
    default: true
  source_timeout_s:
    description:
      - Seconds within which a source must have answered, 0.5 to 30. They pass while the playlists are looked at.
    type: float
    default: 3
  reported_stuck:
    description:
      - Ids of Ring cameras whose session a person says is stuck. Nothing that the supervisor answers shows that.
    type: list
    elements: str
    default: []
  writers:
    description:
      - How many processes write the files of a camera, by its id, as the host's process table shows (M(lineops.runbook.host_info)).
        More than one is V(second_writer) even if the looks do not show it.
    type: dict
    default: {}
notes:
  - To look at a playlist counts as a viewer of the camera for 30 seconds.
  - A source that does not answer here may answer the supervisor. It only counts where the supervisor gets no picture of it
    either, and not where a camera that streams is as silent.
seealso:
  - module: lineops.runbook.camera_stream
"""

EXAMPLES = r"""
- name: Look at all streams
  lineops.runbook.camera_stream_info:
    url: "{{ lineops_supervisor_url }}"
  register: before

- name: Find streams that stutter only a little, and a Ring session that hangs
  lineops.runbook.camera_stream_info:
    url: "{{ lineops_supervisor_url }}"
    wait_s: 20
    looks: 6
    reported_stuck: [door]

- name: Look at one camera for longer
  lineops.runbook.camera_stream_info:
    url: "{{ lineops_supervisor_url }}"
    cameras: [cam1]
    wait_s: 10

- name: Begin to look, to do something else meanwhile
  lineops.runbook.camera_stream_info:
    url: "{{ lineops_supervisor_url }}"
    looks: 1
    keep_looks: true
  register: begun

- name: Go on to look until three seconds are over
  lineops.runbook.camera_stream_info:
    url: "{{ lineops_supervisor_url }}"
    earlier: "{{ begun.looks }}"
"""

RETURN = r"""
streams:
  description:
    - C(class) is what is the matter, in one word. V(healthy). V(starting), since a few seconds. V(never_started) since the
      supervisor began. V(stopped) on purpose. V(dead), wanted but its process is gone. V(hung), runs and writes nothing.
      V(stuttering), writes much less than real time. V(source_unreachable), the camera gives no stream (gone, wrong login or
      path, no RTSP address). V(source_unstable), ends and is brought back again and again. V(cooldown) and V(breaker_open), the
      supervisor has given up for a while, or refuses every start. V(disk_full), its playlist is empty. V(second_writer), another
      process writes its files. V(ring_live_not_allowed), V(ring_token_missing), V(ring_session_stuck) (by a person's report
      only). V(unknown) where nothing could be told.
    - C(why) is the reason in a sentence, and C(evidence) the values it rests on.
    - C(source) is what the camera said when it was asked, and null if it was not. C(outcome) is V(answering), V(unauthorized),
      V(not_found), V(rejected) (another RTSP status), V(refused), V(timeout), V(no_route), V(not_rtsp), V(unsupported) (no RTSP
      address) or V(not_asked). C(asked_from) is the vantage point.
    - C(media_s) is the picture in seconds that was added in C(media_in_s) seconds. C(segment_age_s) is the age of the playlist by
      the supervisor's own clock. C(jumps) is how often the numbers of the segments leapt as one writer's cannot.
    - Per camera the verdict, what it rests on, and what the supervisor says.
    - C(verdict) is V(moving), V(stalled), V(empty) (a playlist without segments, as a full file system leaves it), V(missing),
      V(starting), V(not_running), V(flapping) (brought back during the looks, and once more then or up to half a minute before),
      V(unreadable) (what is there is no playlist) or V(undecided) (the looks are too close together for this playlist).
    - Where C(brought_back) is true, the recovery of the supervisor was at it within half a minute; how often in the supervisor's
      whole life (C(recovery.succeeded)) says nothing. Look for 16 s to see whether it stays.
    - Where C(verdict) is V(not_running) and C(playlist_moves) is true, a process that the supervisor has lost writes it.
    - C(sequence) is that of the first and of the last playlist. It stands still until the list is full; C(segments_added) is
      what counts.
  returned: when observed
  type: dict
  sample:
    cam1:
      class: healthy
      why: 3 s of picture were added in 3 s.
      evidence: {verdict: moving, sequence: [8, 11], segments_added: 3, seconds: 3.0, segment_age_s: 0.0, media_s: 3.0, media_in_s: 3.0}
      source: {outcome: answering, status: 200, says: It describes its stream., seconds: 0.012, asked_from: the controller}
      verdict: moving
      running: true
      sequence: [8, 11]
      segments_added: 3
      seconds: 3.0
      playlist_moves: true
      last_segment_at: ""
      media_s: 3.0
      media_in_s: 3.0
      moving_s: 3.0
      segment_s: 1.0
      segment_age_s: 0.0
      discontinuities: 0
      jumps: 0
      unreadable: ""
      known: true
      clients: 1
      last_exit_code: null
      desired: {type: rtsp, use_substream: false, resolution: 640x360}
      process_pid: 9999
      starts_total: 1
      recovery: {in_cooldown: false, retries: 0, succeeded: 0, failed: 0, last_error: ""}
      breaker: closed
noted:
  description: All streams that are wanted, as options for M(lineops.runbook.camera_stream).
  returned: when observed
  type: list
  elements: dict
  sample: [{camera: cam1, type: rtsp, use_substream: false, resolution: 640x360}]
looks:
  description: The looks at each playlist, as O(earlier) takes them, and of which start of the stream they are.
  returned: with O(keep_looks), when observed
  type: dict
  sample: {cam1: {starts_total: 1, process_pid: 9999, looks: [{at: 8123.25, status: 200, text: "#EXTM3U", sent: null, written: null}]}}
not_observed:
  description: The failure that kept C(streams), C(noted) or C(ring) (whether Ring is allowed and set up) from being observed.
  returned: always
  type: dict
  sample: {streams: {code: supervisor.timeout, message: No answer., hint: ""}}
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
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._stream_rules import APART_S, can_go_on, noted_streams
from ansible_collections.lineops.runbook.plugins.module_utils._stream_survey import Survey, is_same_host, survey
from ansible_collections.lineops.runbook.plugins.module_utils._streams import cameras_of, claims_of
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "cameras": {"type": "list", "elements": "str"},
    "wait_s": {"type": "float", "default": APART_S},
    "looks": {"type": "int", "default": 3},
    "earlier": {"type": "dict", "default": {}},
    "keep_looks": {"type": "bool", "default": False},
    "ask_sources": {"type": "bool", "default": True},
    "source_timeout_s": {"type": "float", "default": 3.0},
    "reported_stuck": {"type": "list", "elements": "str", "default": []},
    "writers": {"type": "dict", "default": {}},
}
#: Option -> least and most.
LIMITS = {"wait_s": (APART_S, 60.0), "looks": (1, 20), "source_timeout_s": (0.5, 30.0)}


def _how(params: t.Mapping[str, t.Any]) -> Survey:
    """Return how to look, or say which option is out of its limits."""
    check_limits(params, LIMITS, "stream.option")
    for camera, number in params["writers"].items():
        if not str(number).isdecimal():
            raise LineopsError("stream.option", f"writers of {camera} is {number!r}; expected a number of processes.")
    for camera, seen in params["earlier"].items():
        if not can_go_on(seen):
            raise LineopsError("stream.option", f"earlier of {camera} holds no looks; expected the looks that such a task returned.")
    return Survey(
        wait_s=params["wait_s"], looks=params["looks"], source_timeout_s=params["source_timeout_s"] if params["ask_sources"] else 0.0,
        same_host=is_same_host(params["url"], params["run_from"]), asked_from=f"the {params['run_from']}",
        reported_stuck=frozenset(params["reported_stuck"]), writers={name: int(number) for name, number in params["writers"].items()},
        earlier=params["earlier"])


def _observe(client: SupervisorClient, params: t.Mapping[str, t.Any], how: Survey) -> dict[str, t.Any]:
    """Return noted and streams, and the failure that ended the look, if any."""
    observed: dict[str, t.Any] = {"not_observed": {}}
    try:
        before = claims_of(client)
        cameras = cameras_of(client)
        observed["noted"] = noted_streams(before.streams, cameras)
        names = sorted({*before.streams, *cameras}) if params["cameras"] is None else list(dict.fromkeys(params["cameras"]))
        seen = survey(client, names, before, cameras, how)
        observed |= {"streams": seen.streams, "not_observed": seen.not_observed, **({"looks": seen.looks} if params["keep_looks"] else {})}
    except LineopsError as error:
        observed["not_observed"] = {name: error.as_failure() for name in ("noted", "streams") if name not in observed}
    return observed


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Look at the streams; name what was not observed and why."""
    how = _how(params)
    with client_of(params) as client:
        return {"changed": False, "observed_at": utc_now(), **_observe(client, params, how), **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
