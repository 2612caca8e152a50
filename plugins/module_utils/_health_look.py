# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cheap look at a supervisor: a few GETs that need no key and disturb nobody. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ._args import body_of, client_of, mapping_in
from ._errors import LineopsError
from ._health_rules import Verdict, camera_in, cameras_to_look_at, is_core, is_status, plc_verdict, streams_verdict, supervisor_verdict
from ._stream_rules import parse_playlist, patience_s, stream_claims, stream_health
from ._streams import Claims, claims_of, judged, look

#: A playlist of four segments has 300 letters; what is kept between two looks must be small whatever is sent.
_PLAYLIST_KEPT = 16384
#: Looks closer together than this are not all kept, however often is looked.
_APART_S = 1.0
_METRICS = ("starts_total", "recovery_success_total", "last_recovery_attempt_ts")

Verdicts = dict[str, Verdict]


class Watched:
    """A supervisor that is looked at again and again. Not for use by several threads at once.

    host: its url, cameras (lineops_cameras) and plc (id of the active one); options: connect_timeout, read_timeout, look_s,
    validate_certs.
    """

    def __init__(self, host: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> None:
        self._host, self._options = host, options
        self._core = [camera["id"] for camera in host["cameras"] if is_core(camera)]
        self._looks: dict[str, list[dict[str, t.Any]]] = {}
        self._before: dict[str, dict[str, t.Any]] = {}

    def look(self) -> Verdicts:
        """Return the verdict on each subject, whatever becomes of the calls. Raises LineopsError (library.missing)."""
        try:
            return self._look()
        except LineopsError as error:
            if error.code == "library.missing":
                raise
            code = error.code
        except Exception:
            # A supervisor that sends what nobody thought of must not end the watch over all others.
            code = "look.broken"
        # It may be another process by the next look, whose streams begin anew.
        self._looks, self._before = {}, {}
        return {"supervisor": supervisor_verdict(code)}

    def _look(self) -> Verdicts:
        options = {
            **self._options, "url": self._host["url"], "operator_key": None, "admin_key": None, "proxy": None,
            "incident": "eda", "runner": "eda-supervisor_health"}
        ends_at = time.monotonic() + self._options["look_s"]
        with client_of(options, read_retries=0, ends_at=ends_at) as client:
            status = body_of(client.system_status())
            if not is_status(status):
                raise LineopsError("supervisor.not_json", "What answers is no supervisor.")
            claims = claims_of(client)
            names = cameras_to_look_at(claims.streams, self._core)
            self._looks = {name: self._looks.get(name, []) for name in names}
            seen = {name: self._camera(name, look(client, name), claims) for name in names}
        self._before = {name: _counts(claims.entry(name)) for name in names}
        return {
            "supervisor": supervisor_verdict(None), "plc": plc_verdict(status, self._host["plc"]),
            "streams": streams_verdict(seen, self._host["cameras"]),
        }  # fmt: skip

    def _camera(self, name: str, seen: dict[str, t.Any], claims: Claims) -> dict[str, t.Any]:
        """Judge a stream by this look and the last ones that lie far enough back, as camera_stream_info does."""
        text = seen.get("text")
        if isinstance(text, str) and (len(text) > _PLAYLIST_KEPT or (text and parse_playlist(text) is None)):
            seen["text"] = "too large, or none"
        looks = self._looks[name] = _far_enough([*self._looks[name], seen])
        entry, before = claims.entry(name), self._before.get(name)
        health = stream_health(looks, entry, before, claims.now)
        return {
            **health, **judged(name, health, claims, camera_in(self._host["cameras"], name)), "known": True,
            **stream_claims(entry, {}, claims.breaker(name)),
        }  # fmt: skip


def _far_enough(looks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Drop looks that say nothing more: too close to the one before, or older than what the oldest needed one reaches."""
    if len(looks) > 2 and looks[-2]["at"] - looks[-3]["at"] < _APART_S:
        del looks[-2]
    reach = 2 * patience_s(looks)
    first = next((index for index in reversed(range(len(looks))) if looks[-1]["at"] - looks[index]["at"] >= reach), 0)
    return looks[first:]


def _counts(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Keep of an entry what the next look compares with; all else may be large, or secret."""
    metrics = mapping_in(entry, "metrics")
    return {"metrics": {name: metrics[name] for name in _METRICS if isinstance(metrics.get(name), (int, float))}}
