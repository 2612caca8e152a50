# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B against what people use instead, on the same work in one run: the last part of ``make bench``, or alone
``python -m benchmarks.against_peers``.

The job: the two PLCs of line 3 have lost their routes; get them back and prove it. And the same command on a healthy line.
All ways take turns on one lab, which is healed before every run. What each way does and does not do: README.md.

A way's own time is its wall time less the answers of the supervisor that took longest in all (the hosts work side by side, so
this rather counts too much as the way's own). Most of those answers are time-outs of 5 s that a lost route costs anybody.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks._measure import BenchmarkFailed, markdown, middle, run_measured, spread, tail
from benchmarks.plant import COLLECTIONS, REPOSITORY, Lab, lab, machine

FOLDER = Path(__file__).resolve().parent
PLAYBOOKS = REPOSITORY / "playbooks"
LINE = "line3"
LIMIT_S = 300.0
#: Case -> whether the PLCs of the line lose their routes before each run.
CASES = {"routes lost": True, "healthy": False}
OURS = "our playbook"
#: Way -> its command; {inventory}, {figures} and the line are filled in.
WAYS: dict[str, list[str]] = {
    OURS: ["ansible-playbook", "-i", "{inventory}", "playbook_b_plc.yml", "-l", LINE],
    "uri playbook": ["ansible-playbook", "-i", "{inventory}", str(FOLDER / "peers/uri.yml"), "-l", LINE],
    "modules on the host": ["ansible-playbook", "-i", "{inventory}", str(FOLDER / "peers/modules.yml"), "-l", LINE],
    "Python client": [sys.executable, str(FOLDER / "peers/client.py"), "{inventory}", LINE, "--figures", "{figures}"],
}
_HEADS = (
    "",
    "wall s",
    "of it supervisor s",
    "own s",
    "× ours",
    "CPU s",
    "× ours",
    "peak MiB",
    "tasks per host",
    "API calls per host",
)


def measure(repeats: int = 3) -> dict[str, Any]:
    """Run every way in every case, in turn, ``repeats`` times after one round that warms caches and looks at memory.

    :raises BenchmarkFailed: a way did not do the job.
    """
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="lineops-bench-") as name:
        folder = Path(name)
        with lab(folder, lines=3, hosts=2) as plant:
            for case in CASES:
                for number in range(repeats + 1):
                    for way in _in_turn(number):
                        rounds.append({"round": number, **_once(folder, plant, case, way, memory=number == 0)})
                        print(".", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
    return {
        "repeats": repeats,
        "line": LINE,
        "hosts": 2,
        "summary": {case: {way: _summary(rounds, case, way) for way in WAYS} for case in CASES},
        "raw": rounds,
    }


def table(result: Mapping[str, Any]) -> str:
    """The result as Markdown: median (lowest to highest)."""
    facts, repeats = result["machine"], result["repeats"]
    about = (
        f"{result['at'][:10]}, {facts['cores']} cores, {facts['cpu']}, Python {facts['python']}, ansible-core "
        f"{facts['ansible_core']}, load at the start {result['load_before'][0]:.1f}; two hosts, {repeats} interleaved "
        "rounds, median (lowest–highest)."
    )
    return "\n\n".join([about, *(_case_table(case, result["summary"][case]) for case in CASES)])


def _case_table(case: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    ours = rows[OURS]
    return markdown(
        (f"**{case}**", *_HEADS[1:]),
        (
            (
                way,
                spread(row["wall_s"]),
                f"{middle(row['supervisor_s']):.2f}",
                spread(row["own_s"]),
                _ratio(row, ours, "own_s"),
                spread(row["cpu_s"]),
                _ratio(row, ours, "cpu_s"),
                f"{row['peak_mib']:.0f}",
                f"{row['tasks']}",
                f"{row['calls']}",
            )
            for way, row in rows.items()
        ),
    )


def _ratio(row: Mapping[str, Any], ours: Mapping[str, Any], what: str) -> str:
    return f"{middle(row[what]) / middle(ours[what]):.2f}"


def _summary(rounds: list[dict[str, Any]], case: str, way: str) -> dict[str, Any]:
    """The runs of one way in one case, without the first one; of that only the memory counts."""
    warming, *runs = (run for run in rounds if (run["case"], run["way"]) == (case, way))
    summary: dict[str, Any] = {
        name: [run[name] for run in runs] for name in ("wall_s", "supervisor_s", "own_s", "cpu_s", "pause_s")
    }
    return {**summary, "peak_mib": warming["peak_mib"], "tasks": runs[-1]["tasks"], "calls": runs[-1]["calls"]}


def _in_turn(number: int) -> Iterator[str]:
    """The ways, each round beginning with another one."""
    names = list(WAYS)
    first = number % len(names)
    yield from names[first:] + names[:first]


def _once(folder: Path, plant: Lab, case: str, way: str, memory: bool) -> dict[str, Any]:
    """One run of one way on a freshly healed line."""
    _prepare(plant, lost=CASES[case])
    figures, log = folder / "figures.json", folder / "output.log"
    figures.unlink(missing_ok=True)
    words = [word.format(inventory=plant.inventory, figures=figures) for word in WAYS[way]]
    load = os.getloadavg()[0]
    usage = run_measured(words, cwd=PLAYBOOKS, env=_environment(figures), log=log, limit_s=LIMIT_S, memory=memory)
    healthy = all(look["healthy"] for look in _looks(plant))
    if usage.status or not healthy or not figures.exists():
        raise BenchmarkFailed(
            f"{way} did not do its job ({case}): exit {usage.status}, line healthy afterwards: {healthy}\n{tail(log)}"
        )
    known = json.loads(figures.read_text(encoding="utf-8"))
    hosts = known["hosts"].values()
    supervisor_s = max(host["supervisor_s"] for host in hosts)
    return {
        "case": case,
        "way": way,
        "load": round(load, 2),
        "wall_s": round(usage.wall_s, 3),
        "cpu_s": round(usage.cpu_s, 3),
        "supervisor_s": round(supervisor_s, 3),
        "own_s": round(usage.wall_s - supervisor_s, 3),
        "pause_s": known["pause_s"],
        "peak_mib": None if usage.peak_mib is None else round(usage.peak_mib, 1),
        "tasks": max(host["tasks"] for host in hosts),
        "calls": max(host["calls"] for host in hosts),
    }


def _environment(figures: Path) -> dict[str, str]:
    """What every way runs in: the same settings of Ansible, nothing of the caller's that would change them."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {
        "PATH": path,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CALLBACK_PLUGINS": str(FOLDER / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "answers",
        "LINEOPS_BENCH_FIGURES": str(figures),
    }


def _prepare(plant: Lab, lost: bool) -> None:
    """Heal the line, break it again if asked to, and wait until it is seen to be so."""
    plant.command("heal", LINE)
    if lost:
        plant.command("fault", LINE, "route-removed")
    deadline = time.monotonic() + LIMIT_S
    while any(look["route"] is lost for look in _looks(plant)):
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"{LINE} did not get into the state to begin with (routes lost: {lost})")
        time.sleep(0.1)


def _looks(plant: Lab) -> list[dict[str, Any]]:
    """How the hosts of the line are, as the lab sees them."""
    answer = subprocess.run(
        [sys.executable, "-m", "lab", "status", "--json", "--dir", str(plant.folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    return [look for look in json.loads(answer.stdout) if look["line"] == LINE]


def keep(result: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write the raw result in place of an older one, and the table made of it to README.md; returns the raw file."""
    readme, folder = folder / "README.md", folder / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"playbook_b-{result['at'][:10]}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for older in set(folder.glob("playbook_b-*.json")) - {path}:
        older.unlink()
    text = readme.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- table playbook_b -->\n).*?(<!-- end -->)", re.DOTALL)
    readme.write_text(marks.sub(lambda found: f"{found[1]}\n{table(result)}\n\n{found[2]}", text), encoding="utf-8")
    return path


def run(repeats: int = 3) -> dict[str, Any]:
    """Measure, and say when, where and under which load; BenchmarkFailed as for :func:`measure`."""
    began = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "load_before": os.getloadavg(),
    }
    return {**began, **measure(max(1, repeats)), "load_after": os.getloadavg()}


def main() -> int:
    """Measure, print the table, keep both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against_peers", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="rounds that count (3)")
    parser.add_argument("--dry", action="store_true", help="print only, keep nothing")
    arguments = parser.parse_args()
    try:
        result = run(arguments.repeats)
    except BenchmarkFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    print(table(result))
    if not arguments.dry:
        print(f"\nraw numbers in {keep(result).relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
