#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: camera_stream
short_description: The stream of one camera
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Starts, stops or restarts the stream of one camera of a supervisor.
  - A supervisor says running of a stream that hangs, too. Therefore V(started) and V(restarted) are reached only when the
    playlist moves in real time afterwards.
  - A stream that runs but does not move is stopped first, since a start alone does not heal it. So is one that runs with
    another source or size.
  - V(restarted) acts only on a stream that is not healthy, unless O(force=true). It stops the stream at once, also a second
    time where the supervisor's recovery brings it back, makes sure that nobody else writes its files, starts it, and waits
    until its playlist has moved for O(stable_s) seconds.
  - V(stopped) is proven by the supervisor's word that the stream is neither running nor wanted. If its recovery was under way,
    that is looked at for 25 seconds more, because it may bring the stream back.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(force=true), V(restarted) starts anew on every run.
options:
  camera:
    description:
      - Id of the camera at the supervisor.
    type: str
    required: true
  state:
    description:
      - What is wanted.
    type: str
    choices: [started, stopped, restarted]
    default: started
  force:
    description:
      - Whether V(restarted) is to restart a stream that is healthy, too, or whose playlist cannot be judged.
    type: bool
    default: false
  seen:
    description:
      - Class that a look just before found, as of M(lineops.runbook.camera_stream_info). For V(restarted), which then acts without
        looking once more, unless the class is V(healthy) or somebody has started the stream in the last ten seconds.
    type: str
    choices:
      [healthy, starting, never_started, stopped, dead, hung, stuttering, source_unreachable, source_unstable, cooldown,
       breaker_open, disk_full, second_writer, ring_live_not_allowed, ring_token_missing, ring_session_stuck, unknown]
  sole_writer:
    description:
      - Whether the processes of the host were looked at just before, and none writes the files of this stream beside the
        supervisor's. Only then nothing is waited for, after the stop, to see whether somebody does.
    type: bool
    default: false
  use_substream:
    description:
      - Whether to stream the camera's second, smaller source. The supervisor makes its main source smaller where it has none.
    type: bool
    default: false
  resolution:
    description:
      - Size of the picture as C(WxH) in pixels, for example V(640x360). The camera's own if not given.
    type: str
  window_s:
    description:
      - Seconds within which the playlist must be seen moving, 5 to 600.
    type: float
    default: 30
  stable_s:
    description:
      - Seconds for which the playlist must have moved without a standstill after a start, 0 to 120, in addition to O(window_s).
        10 for V(restarted) and 0 for V(started) if not given. A source that dies a moment later shows only then.
    type: float
  keep_looks:
    description:
      - Whether to return RV(looks) of a stream that was started and moves.
    type: bool
    default: false
notes:
  - To look at a playlist counts as a viewer of the camera for 30 seconds.
seealso:
  - module: lineops.runbook.camera_stream_info
"""

EXAMPLES = r"""
- name: Start the stream of a camera
  lineops.runbook.camera_stream:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: cam1
    state: started

- name: Restart a stream if it is not healthy
  lineops.runbook.camera_stream:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: cam1
    state: restarted

- name: Restart the streams that a look has just found hung
  lineops.runbook.camera_stream:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: "{{ item.key }}"
    state: restarted
    seen: "{{ item.value.class }}"
  loop: "{{ seen.streams | dict2items | selectattr('value.class', 'equalto', 'hung') }}"

- name: Bring back what ran before a restart
  lineops.runbook.camera_stream:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: "{{ item.camera }}"
    use_substream: "{{ item.use_substream }}"
    resolution: "{{ item.resolution or omit }}"
  loop: "{{ before.noted }}"
"""

RETURN = r"""
requested:
  description: State asked for.
  returned: always
  type: str
original:
  description:
    - State by the supervisor's word before. V(started), V(stopped), or V(recovering) for one that is wanted but not running;
      null if it could not be read.
  returned: always
  type: str
reached:
  description: State at the end; null where a failure left it unknown.
  returned: always
  type: str
verified:
  description: Whether it was proven, by a moving playlist or, of a stop, by the supervisor's word.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
health:
  description:
    - The last look at the stream, as in RV(lineops.runbook.camera_stream_info#module:streams); empty if none was needed.
  returned: always
  type: dict
  sample:
    verdict: moving
    running: true
    sequence: [8, 11]
    segments_added: 3
    seconds: 3.0
    playlist_moves: true
    last_segment_at: ""
looks:
  description: The looks at the playlist, by camera, as the option C(earlier) of M(lineops.runbook.camera_stream_info) takes them.
  returned: with O(keep_looks), if it was started and moves
  type: dict
  sample: {cam1: {starts_total: 2, process_pid: 9999, looks: [{at: 8123.25, status: 200, text: "#EXTM3U", sent: null, written: null}]}}
judgement:
  description:
    - C(class), C(why) and C(evidence) of the last look, as in RV(lineops.runbook.camera_stream_info#module:streams), here without
      asking the source; empty for V(stopped). The diff shows the class before and after.
  returned: always
  type: dict
  sample: {class: healthy, why: 3 s of picture were added in 3 s., evidence: {verdict: moving}}
failure:
  description:
    - Code, message and hint. Codes are C(stream.unknown_camera), C(stream.no_ffmpeg), C(stream.start_failed),
      C(stream.not_moving), C(stream.not_observed) for a playlist that cannot be read (the stream is then left alone),
      C(stream.still_running), C(stream.second_writer) for another process that writes the files (nothing is started beside it),
      C(stream.option), and those of the supervisor's API.
  returned: on failure
  type: dict
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
  description: Vantage point.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import SUPERVISOR_SPEC, calls_of, client_of
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._stream_classes import CLASSES
from ansible_collections.lineops.runbook.plugins.module_utils._stream_rules import (
    is_as_wanted, is_resolution, looks_to_go_on, stream_health, was_just_started,
)
from ansible_collections.lineops.runbook.plugins.module_utils._streams import (
    Claims, alone, camera_of, claims_of, judged, settled, start, state_of, stays, stop, watch,
)
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "camera": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "default": "started"},
    "force": {"type": "bool", "default": False},
    "seen": {"type": "str", "choices": list(CLASSES)},
    "sole_writer": {"type": "bool", "default": False},
    "use_substream": {"type": "bool", "default": False},
    "resolution": {"type": "str"},
    "window_s": {"type": "float", "default": 30},
    "stable_s": {"type": "float"},
    "keep_looks": {"type": "bool", "default": False},
}
STABLE_S = {"started": 0.0, "restarted": 10.0}
LONGEST_STABLE_S = 120.0
_UNJUDGED = ("unreadable", "undecided")


def _stopped(client: SupervisorClient, change: Change, check_mode: bool, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    state = state_of(claims_of(client).entry(params["camera"]))
    change.note(original=state, reached=state)
    if state == "stopped":
        return change.result(verified=True)
    if not check_mode:
        stop(client, change, params["camera"], state)
    return change.result(changed=True, reached="stopped", verified=not check_mode)


class _Start:
    """One camera to be started or restarted; what was seen of it on the way is in the result."""

    def __init__(self, client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any]) -> None:
        self._client, self._change, self._params = client, change, params
        self._name, self._before = params["camera"], None
        self._camera: dict[str, t.Any] = {}

    def result(self, check_mode: bool) -> dict[str, t.Any]:
        """Look, act only where it is needed, and prove it."""
        change, params, claims = self._change, self._params, claims_of(self._client)
        state = state_of(claims.entry(self._name))
        change.note(original=state, reached=state)
        self._camera = camera_of(self._client, self._name)
        fits = is_as_wanted(claims.entry(self._name), self._camera, params["use_substream"], params["resolution"])
        health = stream_health([], claims.entry(self._name), now=claims.now)
        was_seen = self._was_seen(claims)  # asked once: a look makes what was just started older
        if was_seen:
            self._before = params["seen"]
        elif state == "started" and fits:
            health, claims, dummy = watch(self._client, self._name, params["window_s"], settled)
            change.note(health=health)
        self._tell(health, claims)
        if self._is_well(health, claims) and fits:
            return change.result(verified=True)
        if fits and health["verdict"] in _UNJUDGED and state == "started" and not params["force"] and not was_seen:
            raise LineopsError(
                "stream.not_observed", f"The playlist of {self._name} cannot be judged, so its stream is left alone.",
                "Look at what answers in place of the supervisor, or give window_s more time.")
        if check_mode:
            change.differs("class", self._before, "healthy")
            return change.result(changed=True, reached="started")
        return self._act(claims)

    def _was_seen(self, claims: Claims) -> bool:
        """Say whether what a look just before found still counts: nobody has started it since."""
        return self._params["seen"] not in (None, "healthy") and not was_just_started(claims.entry(self._name), claims.now)

    def _is_well(self, health: t.Mapping[str, t.Any], claims: Claims) -> bool:
        if self._params["state"] == "restarted":
            return not self._params["force"] and self._before == "healthy"
        return health["verdict"] == "moving"

    def _act(self, claims: Claims) -> dict[str, t.Any]:
        state, params = state_of(claims.entry(self._name)), self._params
        if params["state"] == "restarted":
            if state == "started":
                stop(self._client, self._change, self._name, state)
                self._change.note(reached="stopped")
            if not params["sole_writer"]:
                self._make_sure_nobody_else_writes(was_stopped=state == "started")
        elif state == "started":
            self._change.command(lambda: self._client.camera_stop(self._name))
        start(self._client, self._change, params, self._camera)
        stable_s = STABLE_S[params["state"]] if params["stable_s"] is None else params["stable_s"]
        health, claims, looks = watch(self._client, self._name, params["window_s"] + stable_s, stays(stable_s))
        self._change.note(health=health)
        self._tell(health, claims)
        if not stays(stable_s)(health):
            moved = f" for {stable_s:g} s without a standstill" if stable_s else ""
            raise LineopsError(
                "stream.not_moving", f"The stream of {self._name} was started, but its playlist does not move{moved} within "
                f"{params['window_s'] + stable_s:g} s: {health['verdict']}.",
                "Look at the camera, its network, and the room for HLS files on the host.")
        if params["keep_looks"]:
            self._change.note(looks={self._name: looks_to_go_on(looks, claims.entry(self._name))})
        return self._change.result(changed=True, reached="started", verified=True)

    def _make_sure_nobody_else_writes(self, was_stopped: bool) -> None:
        try:
            alone(self._client, self._name, was_stopped)
        except LineopsError as error:
            self._change.differs("class", self._before, "second_writer" if error.code == "stream.second_writer" else "unknown")
            raise

    def _tell(self, health: t.Mapping[str, t.Any], claims: Claims) -> None:
        judgement = judged(self._name, health, claims, self._camera)
        self._before = self._before or judgement["class"]
        self._change.note(judgement=judgement)
        self._change.differs("class", self._before, judgement["class"])


def _check(params: t.Mapping[str, t.Any]) -> None:
    if params["seen"] and params["state"] != "restarted":
        raise LineopsError("stream.option", f"seen is for a stream that is to be restarted, not {params['state']}.")
    if params["resolution"] and not is_resolution(params["resolution"]):
        raise LineopsError("stream.option", f"resolution is {params['resolution']!r}; expected WxH in pixels, as 640x360.")
    if not 5 <= params["window_s"] <= 600:
        raise LineopsError("stream.option", f"window_s is {params['window_s']}; expected 5 to 600.")
    if params["stable_s"] is not None and not 0 <= params["stable_s"] <= LONGEST_STABLE_S:
        raise LineopsError("stream.option", f"stable_s is {params['stable_s']}; expected 0 to {LONGEST_STABLE_S:g}.")


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Bring the stream to the state asked for."""
    _check(params)
    with client_of(params) as client:
        change = Change(params["state"], None)
        change.note(health={}, judgement={})
        try:
            if params["state"] == "stopped":
                result = _stopped(client, change, check_mode, params)
            else:
                result = _Start(client, change, params).result(check_mode)
        except LineopsError as error:
            raise change.failed(error, **calls_of(client)) from error
        return {**result, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
