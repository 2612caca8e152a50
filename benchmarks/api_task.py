# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API task costs, as a ratio to an action plugin that does nothing, measured side by side in one run.

Three plays on 20 hosts, again and again in turn: `meta: noop`, an empty action plugin (of a collection made here), and
supervisor_info with one subset. The noop play is what Ansible costs anyway and is taken off both others. The stand-ins
of the supervisors run on the same cores, so their work counts against us. Limit: 2.5 times the empty plugin per host.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import yaml

from benchmarks.plant import COLLECTIONS, Lab, Timed, raw, timed

HOSTS = 20
FORKS = 20
LIMIT_RATIO = 2.5
#: Variant -> the one task of its play.
VARIANTS: dict[str, dict[str, Any]] = {
    "noop": {"ansible.builtin.meta": "noop"},
    "empty": {"bench.empty.nothing": {}},
    "api": {"lineops.runbook.supervisor_info": {"url": "{{ lineops_supervisor_url }}", "gather_subset": ["status"]}},
}
#: One task is what an operator types; of ten tasks the start of the collection is a small part.
TASKS = (1, 10)

_EMPTY_ACTION = """
    from ansible.plugins.action import ActionBase


    class ActionModule(ActionBase):
        TRANSFERS_FILES = False

        def run(self, tmp=None, task_vars=None):
            super().run(tmp, task_vars)
            return {"changed": False}
"""


def prepare(folder: Path, lab: Lab) -> None:
    """Write the empty collection, the plays, and an inventory of 20 hosts that share the lab's supervisors."""
    plugins = folder / "collections/ansible_collections/bench/empty/plugins"
    for kind, text in (("action", textwrap.dedent(_EMPTY_ACTION)), ("modules", "")):
        (plugins / kind).mkdir(parents=True)
        (plugins / kind / "nothing.py").write_text(text, encoding="utf-8")
    lines = yaml.safe_load((lab.inventory / "hosts.yml").read_text(encoding="utf-8")).values()
    urls = [host["lineops_supervisor_url"] for line in lines for host in line["hosts"].values()]
    hosts = {f"host{number:02}": {"lineops_supervisor_url": urls[number % len(urls)]} for number in range(HOSTS)}
    group = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local"}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(group), encoding="utf-8")
    for variant, task in VARIANTS.items():
        for count in TASKS:
            play = {"hosts": "all", "gather_facts": False, "tasks": [task] * count}
            (folder / f"{variant}-{count}.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")


def measure(folder: Path, lab: Lab, repeats: int) -> dict[str, Any]:
    """Run all plays in turn, `repeats` times after one round that only warms caches; returns raw numbers and ratios."""
    prepare(folder, lab)
    paths = f"{folder / 'collections'}:{COLLECTIONS}"

    def once(variant: str, count: int) -> Timed:
        words = ["-i", "hosts.yml", "--forks", str(FORKS), f"{variant}-{count}.yml"]
        return timed(words, folder, ANSIBLE_COLLECTIONS_PATH=paths)

    for variant in VARIANTS:
        once(variant, 1)
    rounds = [
        {f"{variant}-{count}": once(variant, count) for count in TASKS for variant in VARIANTS}
        for dummy in range(repeats)
    ]
    return {
        "hosts": HOSTS,
        "forks": FORKS,
        "repeats": repeats,
        "limit_ratio": LIMIT_RATIO,
        "summary": [summary(rounds, count) for count in TASKS],
        "raw": [{name: raw(run) for name, run in one.items()} for one in rounds],
    }


def summary(rounds: list[dict[str, Timed]], count: int) -> dict[str, Any]:
    """The play with so many tasks: seconds, milliseconds per task and host without the noop play, and ratios.

    Seconds are those of the least disturbed round, since whatever else runs on the machine can only add to them.
    """
    found: dict[str, Any] = {"tasks": count}
    for unit in ("wall_s", "cpu_s"):
        least = {variant: min(getattr(one[f"{variant}-{count}"], unit) for one in rounds) for variant in VARIANTS}
        net = {variant: least[variant] - least["noop"] for variant in ("empty", "api")}
        found[unit] = {variant: round(value, 3) for variant, value in least.items()}
        found[f"net_ms_per_host_{unit[:-2]}"] = {
            name: round(value / HOSTS / count * 1000, 1) for name, value in net.items()
        }
        found[f"ratio_{unit[:-2]}"] = round(net["api"] / net["empty"], 2)
    return found


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"API task against an empty action plugin, {result['hosts']} hosts, {result['forks']} forks, "
        f"least disturbed of {result['repeats']} interleaved rounds",
        f"{'tasks':>5} {'':8} {'noop s':>8} {'empty s':>8} {'api s':>8} {'empty ms/host':>14} {'api ms/host':>12}"
        f" {'ratio':>6}",
    ]
    for row in result["summary"]:
        for unit in ("wall", "cpu"):
            seconds, net = row[f"{unit}_s"], row[f"net_ms_per_host_{unit}"]
            lines.append(
                f"{row['tasks']:>5} {unit:8} {seconds['noop']:>8.2f} {seconds['empty']:>8.2f} {seconds['api']:>8.2f} "
                f"{net['empty']:>14.1f} {net['api']:>12.1f} {row[f'ratio_{unit}']:>6.2f}"
            )
    for unit in ("wall", "cpu"):
        worst = max(row[f"ratio_{unit}"] for row in result["summary"])
        verdict = "holds" if worst <= result["limit_ratio"] else "DOES NOT HOLD"
        lines.append(
            f"limit {result['limit_ratio']} x the empty plugin per host, {unit}: {verdict} (worst {worst:.2f})"
        )
    return "\n".join(lines)
