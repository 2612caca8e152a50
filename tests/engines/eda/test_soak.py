# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand looks, most of them at supervisors that are ill or restless: no memory, thread or file is kept of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from plant_doubles import STATUS, Double, Doubles, says, well

LOOKS = 10_000
#: What the allocator does by itself is less than half of it; a hundred bytes a look would be nearly all.
ALLOWED = 1024 * 1024
HERE = Path(__file__).resolve()


def test_memory_stays_flat_over_ten_thousand_looks() -> None:
    names = {"well": Double(well), "camera": Double(well, camera=True), "garbage": Double(says(b"{{ nothing }}")),
             "big": Double(says(json.dumps({**STATUS, "x": "y" * 20000}).encode())), "dead": Double(well), "restless": Double(well)}
    for double in names.values():
        double.keeps = False
    with Doubles(**names) as plant:
        hosts = plant.hosts()
        for host in hosts:
            if host["host"] == "dead":
                host["url"] = "http://127.0.0.1:9"
        paths = [str(HERE.parents[3] / "playbooks/collections"), str(HERE.parent)]
        process = subprocess.Popen(
            [sys.executable, str(HERE.parent / "soak.py"), json.dumps(hosts), str(LOOKS)], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
        with process:
            restless = plant["restless"]
            while process.poll() is None:
                restless.status = {**STATUS, "plc": {"connected": not restless.status["plc"]["connected"]}}
                try:
                    process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
            told = json.loads(process.stdout.read())
    assert told["looks"] >= LOOKS and len(told["resident"]) == 10, told
    # The first fifth is for what is loaded and cached once.
    assert max(told["resident"][2:]) - told["resident"][1] < ALLOWED, told
    assert told["threads"] == 1 and told["files"] <= 40, told
