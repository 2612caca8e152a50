# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What asking 100 supervisors in one task costs, as a ratio to a play that does nothing, side by side in one run.

Three plays on an inventory of 100 hosts, again and again in turn: `meta: noop`, fleet_info of all, and fleet_info with
every tenth host gone: it drops packets. The scripted supervisors run on the same cores, so their work counts against
us. Limit: 2.5 times the noop play. The cost of a tenth that is gone stands beside the connect time-out.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.plant import REPOSITORY, Timed, raw, timed

HOSTS = 100
FORKS = 20
LIMIT_RATIO = 2.5
CONNECT_TIMEOUT_S = 1.0
_ASK = {"lineops.runbook.fleet_info": {"connect_timeout": CONNECT_TIMEOUT_S}, "run_once": True, "register": "fleet"}
_CHECK = {
    "ansible.builtin.assert": {
        "that": ["fleet.totals.answering == expected", "fleet.totals.hosts == groups.plant | length"]
    },
    "run_once": True,
}
#: Variant -> its inventory and the tasks of its play.
VARIANTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "noop": ("answering", [{"ansible.builtin.meta": "noop"}]),
    "fleet": ("answering", [_ASK]),
    "tenth gone": ("tenth_gone", [_ASK]),
}


@contextlib.contextmanager
def supervisors() -> Iterator[list[str]]:
    """Scripted supervisors in a process of their own; addresses of 100 that answer, then of ten that drop packets."""
    command = [sys.executable, "-m", "benchmarks.scripted_supervisors", str(HOSTS), str(HOSTS // 10)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdin and servers.stdout
        try:
            yield json.loads(servers.stdout.readline())
        finally:
            servers.stdin.close()
            servers.wait(60)


def prepare(folder: Path, urls: list[str]) -> None:
    """Write both inventories and the plays; each variant is checked once for what it found."""
    answering, gone = urls[:HOSTS], urls[HOSTS:]
    tenth_gone = answering[: HOSTS - len(gone)] + gone
    for name, addresses in (("answering", answering), ("tenth_gone", tenth_gone)):
        hosts = {f"host{number:03}": {"lineops_supervisor_url": url} for number, url in enumerate(addresses)}
        common = {"ansible_connection": "local", "lineops_line": "plant"}
        inventory = {"all": {"children": {"plant": {"hosts": hosts, "vars": common}}}}
        (folder / f"{name}.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    for variant, (dummy, tasks) in VARIANTS.items():
        expected = HOSTS if variant == "fleet" else HOSTS - len(gone)
        play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
        check = {**play, "tasks": [*tasks, _CHECK], "vars": {"expected": expected}}
        (folder / f"{variant}.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        (folder / f"{variant} check.yml").write_text(yaml.safe_dump([check]), encoding="utf-8")


def measure(folder: Path, repeats: int) -> dict[str, Any]:
    """Run all plays in turn, `repeats` times after one round that warms caches and checks; raw numbers and ratios."""
    folder.mkdir()
    with supervisors() as urls:
        prepare(folder, urls)

        def once(variant: str, suffix: str = "") -> Timed:
            words = ["-i", f"{VARIANTS[variant][0]}.yml", "--forks", str(FORKS), f"{variant}{suffix}.yml"]
            return timed(words, folder)

        for variant in VARIANTS:
            once(variant, " check" if variant != "noop" else "")
        rounds = [{variant: once(variant) for variant in VARIANTS} for dummy in range(repeats)]
    return {
        "hosts": HOSTS,
        "repeats": repeats,
        "limit_ratio": LIMIT_RATIO,
        "connect_timeout_s": CONNECT_TIMEOUT_S,
        "summary": summary(rounds),
        "raw": [{name: raw(run) for name, run in one.items()} for one in rounds],
    }


def summary(rounds: list[dict[str, Timed]]) -> dict[str, Any]:
    """Seconds of the least disturbed round of each play, and their ratios to the noop play."""
    found: dict[str, Any] = {}
    for unit in ("wall_s", "cpu_s"):
        least = {variant: min(getattr(one[variant], unit) for one in rounds) for variant in VARIANTS}
        found[unit] = {variant: round(value, 3) for variant, value in least.items()}
        found[f"ratio_{unit[:-2]}"] = {variant: round(value / least["noop"], 2) for variant, value in least.items()}
    found["extra_of_gone_s"] = round(found["wall_s"]["tenth gone"] - found["wall_s"]["fleet"], 3)
    return found


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    found = result["summary"]
    lines = [
        f"fleet_info of {result['hosts']} supervisors against a noop play, "
        f"least disturbed of {result['repeats']} rounds",
        f"{'':14}{'wall s':>8} {'ratio':>6} {'cpu s':>8} {'ratio':>6}",
    ]
    lines += [
        f"{name:14}{found['wall_s'][name]:>8.2f} {found['ratio_wall'][name]:>6.2f} {found['cpu_s'][name]:>8.2f} "
        f"{found['ratio_cpu'][name]:>6.2f}"
        for name in VARIANTS
    ]
    for unit in ("wall", "cpu"):
        ratio = found[f"ratio_{unit}"]["fleet"]
        verdict = "holds" if ratio <= result["limit_ratio"] else "DOES NOT HOLD"
        lines.append(f"limit {result['limit_ratio']} x the noop play, {unit}: {verdict} ({ratio:.2f})")
    lines.append(
        f"a tenth that is gone costs {found['extra_of_gone_s']:.2f} s more, "
        f"at a connect time-out of {result['connect_timeout_s']:g} s"
    )
    return "\n".join(lines)
