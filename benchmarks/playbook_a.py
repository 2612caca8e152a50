# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a look at the streams of 50 cameras takes beside its sampling pause, and a hung stream until it is healed.

The look: one task camera_stream_info of a scripted supervisor on the same cores. It has to wait between its first and last look
at a playlist; limit: that pause and 1 second. It is measured without asking the cameras themselves, and with cameras that
answer at once, refuse, or say nothing at all.

The heal: playbook_a_stream.yml where the ffmpeg of one of two real cameras stands still. Limit: 5 seconds beside the supervisor's
own stop and start and the seconds for which the healed stream must move. To its start belongs the time until its new ffmpeg has
written a playlist; the seconds of moving are counted from there. Pictures, processes, disks and the supervisor's log are looked at
while time passes between the looks at the playlists.

Alone: ``python -m benchmarks.playbook_a``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from benchmarks.plant import REPOSITORY, Lab, Timed, lab, machine, raw, timed
from lab.packages import missing_for_streams

FOLDER = Path(__file__).resolve().parent
CAMERAS = 50
WAIT_S = 3.0
LOOK_LIMIT_S, HEAL_LIMIT_S = 1.0, 5.0
#: Variant -> kind of its cameras (scripted_cameras), whether they are asked.
LOOKS = {
    "cameras not asked": ("answering", False), "cameras answer": ("answering", True), "cameras refuse": ("refusing", True),
    "cameras say nothing": ("silent", True),
}
LINE, HUNG = "line1", "cam1"
# The same stream is healed more often than the budget of an hour allows.
MANY = '{"lineops_budget": {"limit": 1000}}'
#: Parts of a heal -> whether the limit counts them.
PARTS = {
    "sampling pause of the first look": True, "supervisor's stop and start": False, "module's look before it acts": True,
    "pause after the stop": True, "until ffmpeg has written a playlist": False, "stability window": False,
    "the rest": True, "before the first task, and the report": False,
}
_LOOK, _RESTART = (f"lineops.runbook.{noun}" for noun in ("camera_stream_info", "camera_stream"))
_CALL = re.compile(r"^(?P<at>\S+) (?P<what>\S+ \S+) -> (?P<status>\d+), (?P<seconds>[\d.]+) s")
#: From here on the stream is proven to be healed; what follows is told to people.
_PROVEN = "Diagnose again"


# --- the look --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def scripted() -> Iterator[dict[str, str]]:
    """Scripted supervisors in a process of their own: kind of cameras -> address."""
    command = [sys.executable, "-m", "benchmarks.scripted_cameras", str(CAMERAS)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(60)


def measure_look(folder: Path, repeats: int) -> dict[str, Any]:
    """Look in every variant in turn, `repeats` times after one round that warms caches."""
    folder.mkdir(parents=True)
    with scripted() as urls:
        for variant, (kind, asked) in LOOKS.items():
            ask = {"url": urls[kind], "wait_s": WAIT_S, "ask_sources": asked}
            play = {"hosts": "localhost", "gather_facts": False, "tasks": [{_LOOK: ask}]}
            (folder / f"{variant}.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        rounds = [{variant: look_once(folder, variant) for variant in LOOKS} for dummy in range(1 + repeats)][1:]
    summary = {variant: min((one[variant] for one in rounds), key=lambda run: run["rest_s"]) for variant in LOOKS}
    return {
        "cameras": CAMERAS, "wait_s": WAIT_S, "repeats": repeats, "limit_s": LOOK_LIMIT_S, "summary": summary, "raw": rounds}


def look_once(folder: Path, variant: str) -> dict[str, Any]:
    """One task: its seconds, those between its first and last look at a playlist, and the rest."""
    run, rows = recorded(["-i", "localhost,", "-c", "local", f"{variant}.yml"], folder, folder / "durations.json")
    (row,) = rows
    (seen,) = row["results"]
    classes = {stream["class"] for stream in seen["streams"].values()}
    if len(seen["streams"]) != CAMERAS or classes != {"healthy"}:
        raise SystemExit(f"{CAMERAS} cameras should move, but: {len(seen['streams'])} {classes} {seen['not_observed']}")
    asked = [stream["source"]["outcome"] for stream in seen["streams"].values() if stream["source"]]
    return {
        "task_s": row["seconds"], "rest_s": round(row["seconds"] - WAIT_S, 4), "calls": len(seen["calls"]), "asked": len(asked),
        "outcomes": sorted(set(asked)), "supervisor_s": seen["supervisor_seconds"], "cpu_s": run.cpu_s}


# --- the heal --------------------------------------------------------------------------------------------------------


def measure_heal(lab: Lab, repeats: int) -> dict[str, Any]:
    """Let a stream hang and heal it, `repeats` times."""
    rounds = [heal_once(lab) for dummy in range(repeats)]
    least = min(rounds, key=lambda run: run["ours_s"])
    return {"line": LINE, "hosts": 1, "cameras": 2, "repeats": repeats, "limit_s": HEAL_LIMIT_S, "summary": least, "raw": rounds}


def heal_once(lab: Lab) -> dict[str, Any]:
    """One heal, in parts."""
    lab.command("heal", LINE)
    lab.command("fault", LINE, "ffmpeg-stopped", f"camera={HUNG}")
    words = ["-i", str(lab.inventory), "playbook_a_stream.yml", "-l", LINE, "-e", MANY]
    run, rows = recorded(words, REPOSITORY / "playbooks", lab.folder.parent / "durations.json")
    if " HEALED - " not in run.output:
        raise SystemExit(f"Playbook A should have healed {HUNG}:\n{run.output}")
    parts = parts_of(rows)
    parts["before the first task, and the report"] += run.wall_s - sum(row["seconds"] for row in rows)
    ours_s = sum(parts[name] for name, counts in PARTS.items() if counts)
    return {**raw(run), "parts": {name: round(seconds, 3) for name, seconds in parts.items()}, "ours_s": round(ours_s, 3)}


def parts_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of each of PARTS, of a run with one host in which one stream was restarted."""
    proven = 1 + max(index for index, row in enumerate(rows) if row["task"] == _PROVEN)
    before = rows[:proven]
    restart = next(index for index, row in enumerate(before) if row["action"] == _RESTART)
    parts = dict.fromkeys(PARTS, 0.0) | restart_parts(before[restart])
    parts |= {"sampling pause of the first look": looked_s(before[:restart]), "stability window": looked_s(before[restart:])}
    parts["the rest"] = sum(row["seconds"] for row in before) - sum(parts.values())
    parts["before the first task, and the report"] = sum(row["seconds"] for row in rows[proven:])
    return parts


def looked_s(rows: list[dict[str, Any]]) -> float:
    """Seconds between the first and the last look at the playlist, over the tasks that went on with each other's looks."""
    return [result["streams"][HUNG]["seconds"] for row in rows if row["action"] == _LOOK for result in row["results"]][-1]


def restart_parts(row: dict[str, Any]) -> dict[str, float]:
    """What the restart of the one stream consisted of, by the times of the module's calls."""
    (result,) = row["results"]
    calls = [match for match in map(_CALL.match, result["calls"]) if match]
    began, ended, moving_s = _began(calls[0]), _ended(calls[-1]), result["health"]["moving_s"]
    (stop,), (start,) = ([call for call in calls if call["what"].endswith(f"/{end}")] for end in ("stop", "start"))
    return {
        "module's look before it acts": _began(stop) - began,
        "supervisor's stop and start": float(stop["seconds"]) + float(start["seconds"]),
        "pause after the stop": _began(start) - _ended(stop),
        "until ffmpeg has written a playlist": ended - _ended(start) - moving_s,
    }


def _began(call: re.Match[str]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def _ended(call: re.Match[str]) -> float:
    return _began(call) + float(call["seconds"])


# --- both ------------------------------------------------------------------------------------------------------------


def recorded(words: list[str], cwd: Path, file: Path) -> tuple[Timed, list[dict[str, Any]]]:
    """Run a playbook; return what it took, and the rows of its tasks (callback/durations.py)."""
    run = timed(
        words, cwd, ANSIBLE_CALLBACK_PLUGINS=str(REPOSITORY / "benchmarks/callback"), ANSIBLE_CALLBACKS_ENABLED="durations",
        LINEOPS_BENCH_DURATIONS=str(file))
    return run, json.loads(file.read_text(encoding="utf-8"))


def measure(folder: Path, repeats: int) -> dict[str, Any]:
    """Look, and heal on a lab of its own; no heal where cameras cannot stream."""
    result: dict[str, Any] = {"look": measure_look(folder / "look", repeats), "heal": None}
    if not missing_for_streams():
        with lab(folder, 1, 1, "--cameras") as plant:
            result["heal"] = measure_heal(plant, repeats)
    return result


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    heal = _heal_lines(result["heal"]) if result["heal"] else ["Playbook A not measured: no cameras can stream here"]
    return "\n".join([*_look_lines(result["look"]), "", *heal])


def _look_lines(look: dict[str, Any]) -> Iterator[str]:
    yield f"One look at {look['cameras']} streams, least disturbed of {look['repeats']} rounds"
    yield f"{'':22} {'pause s':>8} {'task s':>8} {'rest s':>8} {'calls':>6} {'asked':>6} {'cpu s':>7}"
    for variant, row in look["summary"].items():
        yield (
            f"{variant:22} {look['wait_s']:>8.2f} {row['task_s']:>8.2f} {row['rest_s']:>8.2f} {row['calls']:>6} {row['asked']:>6}"
            f" {row['cpu_s']:>7.2f}")
    worst = max(row["rest_s"] for row in look["summary"].values())
    yield f"limit {look['limit_s']:.0f} s beside the pause: {_verdict(worst, look['limit_s'])} (worst {worst:.2f})"


def _heal_lines(heal: dict[str, Any]) -> Iterator[str]:
    least = heal["summary"]
    yield f"Playbook A, one of two streams hung, least disturbed of {heal['repeats']} rounds: {least['wall_s']:.2f} s"
    for name, seconds in least["parts"].items():
        yield f"{name:38} {seconds:>6.2f} s{'' if PARTS[name] else '  (not in the limit)'}"
    rest_s = least["parts"]["the rest"]
    yield (
        f"limit {heal['limit_s']:.0f} s until it is proven, beside stop, start and stability window: "
        f"{_verdict(least['ours_s'], heal['limit_s'])} ({least['ours_s']:.2f})")
    yield f"beside everything that is waited for: {_verdict(rest_s, heal['limit_s'])} ({rest_s:.2f})"


def _verdict(seconds: float, limit_s: float) -> str:
    return "holds" if seconds <= limit_s else "DOES NOT HOLD"


# --- alone -----------------------------------------------------------------------------------------------------------


def keep(result: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write the raw result in place of an older one, and what is told of it to README.md; returns the raw file."""
    path = folder / f"results/playbook_a-{result['at'][:10]}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for older in set(path.parent.glob("playbook_a-*.json")) - {path}:
        older.unlink()
    readme = folder / "README.md"
    marks = re.compile(r"(<!-- table playbook_a -->\n).*?(<!-- end of playbook_a -->)", re.DOTALL)
    text = marks.sub(lambda found: f"{found[1]}\n{shown(result)}\n\n{found[2]}", readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")
    return path


def shown(result: dict[str, Any]) -> str:
    """The part of README.md that is made of a result."""
    where, before, after = result["machine"], result["load_before"][0], result["load_after"][0]
    head = f"{result['at'][:10]}, {where['cores']} cores, {where['cpu']}, load {before:.1f} to {after:.1f}"
    return f"```text\n{head}\n\n{table(result)}\n```"


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.playbook_a", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="rounds of each (3)")
    parser.add_argument("--dry", action="store_true", help="print only, keep nothing")
    arguments = parser.parse_args()
    began = {"at": datetime.now(timezone.utc).isoformat(timespec="seconds"), "machine": machine(), "load_before": os.getloadavg()}
    with tempfile.TemporaryDirectory(prefix="lineops-bench-") as name:
        result = {**began, **measure(Path(name), max(1, arguments.repeats))}
    result["load_after"] = os.getloadavg()
    print(table(result))
    if not arguments.dry:
        print(f"\nraw numbers in {keep(result).relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
