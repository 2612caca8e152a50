# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long Playbook B takes on the two hosts of a line, split into the supervisors' own answers and the rest.

Ours is the wall time less the answer times of the host whose supervisor took longest in all: the hosts work side by
side, so this rather counts too much as ours. Limit: 6 seconds. Of the guard rails (callback/rails.py) it tells their share of
the wall time, at most a quarter, and how many tasks keep or read their records on each host, at most 8.
"""

from __future__ import annotations

import json
import re
from typing import Any

from benchmarks.plant import REPOSITORY, Lab, raw, timed

LINE = "line1"
LIMIT_S = 6.0
RAILS_SHARE, RAILS_TASKS = 0.25, 8
# The same line is healed more often than the budget of an hour allows.
MANY = '{"lineops_budget": {"limit": 1000}}'
#: Case -> (fault given to every host before the run or None, more arguments, result that each host must get).
CASES: dict[str, tuple[str | None, list[str], str]] = {
    "healthy": (None, [], "HEALTHY"),
    "healthy, --check": (None, ["--check"], "HEALTHY"),
    "route lost, --check": ("route-removed", ["--check"], "PLANNED"),
    "route lost, healed": ("route-removed", [], "HEALED"),
}
_STATS = re.compile(r"^\s*RUN: (\{.*\})\s*$", re.MULTILINE)


def measure(lab: Lab, repeats: int) -> dict[str, Any]:
    """Run every case in turn, `repeats` times; the lab is made healthy before each."""
    rounds = [{case: once(lab, case) for case in CASES} for dummy in range(repeats)]
    return {
        "line": LINE,
        "hosts": 2,
        "repeats": repeats,
        "limit_s": LIMIT_S,
        "summary": {case: summary([one[case] for one in rounds]) for case in CASES},
        "raw": rounds,
    }


def once(lab: Lab, case: str) -> dict[str, Any]:
    """One run of a case."""
    fault, arguments, expected = CASES[case]
    lab.command("heal", LINE)
    if fault:
        lab.command("fault", LINE, fault)
    words = ["-i", str(lab.inventory), "playbook_b_plc.yml", "-l", LINE, "-e", MANY, *arguments]
    rails_file = lab.folder.parent / "rails.json"
    run = timed(
        words, REPOSITORY / "playbooks", ANSIBLE_SHOW_CUSTOM_STATS="1", ANSIBLE_CALLBACK_RESULT_FORMAT="json",
        ANSIBLE_CALLBACK_PLUGINS=str(REPOSITORY / "benchmarks/callback"), ANSIBLE_CALLBACKS_ENABLED="rails",
        LINEOPS_BENCH_RAILS=str(rails_file),
    )  # fmt: skip
    found = _STATS.search(run.output)
    outcomes = json.loads(found[1])["lineops"] if found else {}
    results = {host: outcome["result"] for host, outcome in outcomes.items()}
    if set(results.values()) != {expected}:
        raise SystemExit(f"Playbook B should have ended {expected}, but: {results}\n{run.output}")
    answers_s = {host: round(float(outcome["supervisor_seconds"]), 3) for host, outcome in outcomes.items()}
    rails = json.loads(rails_file.read_text(encoding="utf-8"))
    return {
        **raw(run), "supervisor_s": answers_s, "ours_s": round(run.wall_s - max(answers_s.values()), 3),
        "rails_s": round(rails["rails_s"], 3), "rails_tasks": max(rails["tasks"].values(), default=0),
    }  # fmt: skip


def summary(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The least disturbed run of a case, in seconds: what else runs on the machine can only add."""
    least = min(runs, key=lambda run: run["ours_s"])
    return {
        "wall_s": round(least["wall_s"], 2),
        "supervisor_s": round(max(least["supervisor_s"].values()), 2),
        "ours_s": round(least["ours_s"], 2),
        "cpu_s": round(least["cpu_s"], 2),
        "rails_share": round(least["rails_s"] / least["wall_s"], 3),
        "rails_tasks": least["rails_tasks"],
    }


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"Playbook B on two hosts, least disturbed of {result['repeats']} rounds",
        f"{'':22} {'wall s':>8} {'supervisors s':>14} {'ours s':>8} {'cpu s':>8} {'rails':>6} {'tasks':>6}",
    ]
    lines += [
        f"{case:22} {row['wall_s']:>8.2f} {row['supervisor_s']:>14.2f} {row['ours_s']:>8.2f} {row['cpu_s']:>8.2f}"
        f" {row['rails_share']:>6.0%} {row['rails_tasks']:>6}"
        for case, row in result["summary"].items()
    ]
    worst = max(row["ours_s"] for row in result["summary"].values())
    verdict = "holds" if worst <= result["limit_s"] else "DOES NOT HOLD"
    lines.append(f"limit {result['limit_s']:.0f} s beside the supervisors' own answers: {verdict} (worst {worst:.2f})")
    healed = result["summary"]["route lost, healed"]
    verdict = "holds" if healed["rails_share"] <= RAILS_SHARE and healed["rails_tasks"] <= RAILS_TASKS else "DOES NOT HOLD"
    lines.append(f"guard rails at most {RAILS_SHARE:.0%} of a healing run and {RAILS_TASKS} tasks per host: {verdict}")
    return "\n".join(lines)
