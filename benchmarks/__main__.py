# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all benchmarks on labs of their own, prints what came out, keeps the raw numbers as JSON and README.md's table.

Not a test: a busy machine changes seconds, so the exit status is 0 also where a limit does not hold; it is 1 where
something could not be measured. What is measured side by side, and in processor time, says something on a busy machine
too; the load is kept with the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks import against_peers, api_task, fleet_info, playbook_a, playbook_b
from benchmarks._measure import BenchmarkFailed
from benchmarks.plant import REPOSITORY, lab, machine

RESULTS = REPOSITORY / "benchmarks/results"


def alone(repeats: int, playbook_repeats: int) -> dict[str, Any]:
    """What fleet_info and an API task cost and how long Playbooks A and B take, printed as soon as it is known."""
    result: dict[str, Any] = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "load_before": os.getloadavg(),
    }
    with tempfile.TemporaryDirectory(prefix="lineops-bench-") as name:
        folder = Path(name)
        result["fleet_info"] = fleet_info.measure(folder / "fleet", repeats)
        print(f"{fleet_info.table(result['fleet_info'])}\n", flush=True)
        with lab(folder, lines=2, hosts=2) as plant:
            result["api_task"] = api_task.measure(folder, plant, repeats)
            print(api_task.table(result["api_task"]), flush=True)
            result["playbook_b"] = playbook_b.measure(plant, playbook_repeats)
            print(f"\n{playbook_b.table(result['playbook_b'])}", flush=True)
        result["playbook_a"] = playbook_a.measure(folder / "streams", playbook_repeats)
        print(f"\n{playbook_a.table(result['playbook_a'])}", flush=True)
    where, load_before, load_after = result["machine"], result["load_before"], os.getloadavg()
    print(
        f"\n{where['name']}: {where['cpu']}, {where['cores']} cores, load {load_before[0]:.1f} to {load_after[0]:.1f}",
        flush=True,
    )
    return {**result, "load_after": load_after}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, help="rounds of each; without it 7, but 3 of Playbooks A and B and of peers")
    parser.add_argument("--output", type=Path, help="file for the raw numbers; benchmarks/results/DATE-MACHINE.json")
    parser.add_argument("--dry", action="store_true", help="print only, keep nothing")
    arguments = parser.parse_args()
    repeats = arguments.repeats and max(1, arguments.repeats)
    result = alone(repeats or 7, repeats or 3)
    if not arguments.dry:
        output = arguments.output or RESULTS / f"{result['at'][:10]}-{result['machine']['name']}.json"
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"raw numbers in {output}", flush=True)
    try:
        peers = against_peers.run(repeats or 3)
    except BenchmarkFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"\n{against_peers.table(peers)}")
    if not arguments.dry:
        print(f"\nraw numbers in {against_peers.keep(peers)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
