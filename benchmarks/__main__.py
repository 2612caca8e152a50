# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all benchmarks on a lab of its own, prints what came out and keeps the raw numbers as JSON.

Not a test: a busy machine changes seconds, so the exit status is 0 also where a limit does not hold. What is measured
side by side, and in processor time, says something on a busy machine too; the load is kept with the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks import api_task, fleet_info, playbook_b
from benchmarks.plant import REPOSITORY, lab, machine

RESULTS = REPOSITORY / "benchmarks/results"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="rounds (7); Playbook B gets three")
    parser.add_argument("--output", type=Path, help="file for the raw numbers; benchmarks/results/DATE-MACHINE.json")
    arguments = parser.parse_args()
    began = datetime.now(timezone.utc)
    result: dict[str, Any] = {
        "at": began.isoformat(timespec="seconds"),
        "machine": machine(),
        "load_before": os.getloadavg(),
    }
    with tempfile.TemporaryDirectory(prefix="lineops-bench-") as name:
        folder = Path(name)
        result["fleet_info"] = fleet_info.measure(folder / "fleet", arguments.repeats)
        print(f"{fleet_info.table(result['fleet_info'])}\n", flush=True)
        with lab(folder, lines=2, hosts=2) as plant:
            result["api_task"] = api_task.measure(folder, plant, arguments.repeats)
            print(api_task.table(result["api_task"]), flush=True)
            result["playbook_b"] = playbook_b.measure(plant, repeats=3)
            print(f"\n{playbook_b.table(result['playbook_b'])}", flush=True)
    result["load_after"] = os.getloadavg()
    output = arguments.output or RESULTS / f"{began:%Y-%m-%d}-{result['machine']['name']}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    where = result["machine"]
    print(
        f"\n{where['name']}: {where['cpu']}, {where['cores']} cores, load {result['load_before'][0]:.1f} to"
        f" {result['load_after'][0]:.1f}"
    )
    print(f"raw numbers in {output}")


if __name__ == "__main__":
    main()
