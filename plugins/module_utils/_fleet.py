# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking many supervisors at once: those that do not answer keep no other waiting. Private to this collection."""

from __future__ import annotations

import queue
import threading
import time
import typing as t

from ._args import client_of
from ._errors import LineopsError
from ._fleet_rules import is_usable, summary_of
from ._supervisor_subsets import observe

#: A worker that has been busy with one host for so long gets a stand-in: its host may be one that drops packets.
_SLOW_S = 0.25
_LOOK_S = 0.05
#: How long after the deadline to wait for workers: every call of theirs ends by the deadline itself.
_GRACE_S = 0.5

Target = t.Mapping[str, t.Any]


def ask_fleet(targets: t.Sequence[Target], params: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return by host a summary with not_observed and latency_s, whatever becomes of the asking.

    targets: host, url, admin_key (or None), cameras; params: gather_subset, connect_timeout, read_timeout, deadline_s,
    threads, incident, runner, validate_certs. Raises LineopsError (library.missing).
    """
    ends_at = time.monotonic() + params["deadline_s"]

    def ask(target: Target) -> dict[str, t.Any]:
        return _ask_one(target, params, ends_at)

    answers = each_at_once(targets, ask, params["threads"], ends_at)
    return {
        target["host"]: answers.get(index) or unseen(
            params["gather_subset"], LineopsError(
                "fleet.deadline", f"{params['deadline_s']:g} s were over before {target['host']} had answered.",
                "Raise deadline_s, or look why so many do not answer."))
        for index, target in enumerate(targets)
    }  # fmt: skip


def unseen(subsets: t.Iterable[str], error: LineopsError) -> dict[str, t.Any]:
    """Return the summary of a host of which nothing was observed."""
    return {**summary_of({}), "not_observed": {name: error.as_failure() for name in subsets}, "latency_s": None}


def each_at_once(
    items: t.Sequence[t.Any], work: t.Callable[[t.Any], t.Any], threads: int, ends_at: float
) -> dict[int, t.Any]:
    """Call work(item) for all items, about `threads` at a time; return the results by the item's place in the list.

    Whoever takes long does not count: for each such worker another one is started, so that items that block do not slow
    the rest down. What is not done by ends_at (time.monotonic()) is missing from the result. work must end by itself
    soon after ends_at. An exception of work is raised here.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(items)):
        waiting.put(index)
    done: queue.SimpleQueue[tuple[int, t.Any, t.Optional[BaseException]]] = queue.SimpleQueue()
    busy_since: dict[int, float] = {}
    broken = threading.Event()

    def run() -> None:
        while time.monotonic() < ends_at and not broken.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            busy_since[index] = time.monotonic()
            try:
                done.put((index, work(items[index]), None))
            except BaseException as error:  # or the caller would wait for it in vain
                done.put((index, None, error))
            finally:
                del busy_since[index]

    workers: list[threading.Thread] = []
    results: dict[int, t.Any] = {}
    while len(results) < len(items) and time.monotonic() < ends_at + _GRACE_S:
        slow = sum(time.monotonic() - since > _SLOW_S for since in busy_since.copy().values())
        room = threads + slow - sum(worker.is_alive() for worker in workers)
        workers += _started(run, min(room, waiting.qsize()))
        try:
            index, result, error = done.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if error:
            broken.set()
            raise error
        results[index] = result
    for worker in workers:
        worker.join(max(0.0, ends_at + _GRACE_S - time.monotonic()))
    return results


def _started(run: t.Callable[[], None], number: int) -> list[threading.Thread]:
    """Start threads, fewer where the system gives no more."""
    started = []
    for dummy in range(number):
        thread = threading.Thread(target=run, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            break
        started.append(thread)
    return started


def _ask_one(target: Target, params: t.Mapping[str, t.Any], ends_at: float) -> dict[str, t.Any]:
    subsets = params["gather_subset"]
    options = {
        **params, "url": target["url"], "admin_key": target.get("admin_key"), "operator_key": None, "proxy": None}
    began = time.monotonic()
    try:
        with client_of(options, read_retries=0, ends_at=ends_at) as client:
            observed, not_observed = observe(client, subsets, params)
    except LineopsError as error:
        if error.code == "library.missing":
            raise
        return unseen(subsets, error)
    for name in [name for name in observed if not is_usable(name, observed[name])]:
        del observed[name]
        not_observed[name] = LineopsError(
            "supervisor.not_json", f"The answer of {target['host']} does not hold its {name}.",
            "Check that lineops_supervisor_url points at the supervisor itself.").as_failure()
    return {
        **summary_of(observed, target.get("cameras") or ()),
        "not_observed": not_observed, "latency_s": round(time.monotonic() - began, 3),
    }  # fmt: skip
