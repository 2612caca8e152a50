# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address that drops packets blocks all ADS work for the kernel's two minutes (quirk 5). In a file of its own
because it takes them: under pytest-xdist the other tests run meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bench import Bench, Plant, until
from scenarios import BLACKHOLE


def test_blackhole(make_bench: Callable[[Plant], Bench]) -> None:
    """While one route test hangs, everything ADS hangs and system/status answers."""
    bench = make_bench(BLACKHOLE.plant)
    bench.plcs["77"].ask("drop")
    for name in ("GATEWAY.a", "GATEWAY.b"):
        bench.post("/api/variables/write", {"variable": name, "value": 1})
    hanging, status, *blocked = BLACKHOLE.recordings
    found: list[str] = []

    def replay(name: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: found.extend(bench.replay(name)), daemon=True)
        thread.start()
        return thread

    slow = replay(hanging)
    until(lambda: bench.request("GET", "/api/plc/ads/route/status", {}, None, timeout=1).transport_error, "ADS hangs")
    found += bench.replay(status)
    for thread in [replay(name) for name in blocked]:
        thread.join()
    assert not found, "\n".join(found)
    assert slow.is_alive(), "the route test to the silent address ended early"
    slow.join()
    assert not found, "\n".join(found)
    until(lambda: bench.call("GET", "/api/plc/ads/route/status").status == 200, "ADS work goes on afterwards")
