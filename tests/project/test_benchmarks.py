# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""benchmarks/: `make bench` runs all of it, and what README.md shows is what was measured. Nothing is measured here."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import against_peers, playbook_a
from benchmarks._measure import BenchmarkFailed

BENCHMARKS = Path(bench.__file__).parent


def measured() -> dict[str, Any]:
    """The committed raw numbers of Playbook B and its peers."""
    (path,) = (BENCHMARKS / "results").glob("playbook_b-*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_table_of_the_readme_is_made_of_the_committed_raw_numbers() -> None:
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert f"<!-- table playbook_b -->\n\n{against_peers.table(measured())}\n\n<!-- end -->" in readme


def test_ratios_are_those_of_the_raw_rounds() -> None:
    """From the single runs, not from the summary that the table is made of."""
    result = measured()
    rounds = [run for run in result["raw"] if run["round"] > 0]
    for case, ways in result["summary"].items():
        for way, row in ways.items():
            for figure in ("wall_s", "own_s", "cpu_s"):
                assert row[figure] == [run[figure] for run in rounds if (run["case"], run["way"]) == (case, way)]


def test_new_numbers_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(BENCHMARKS / "README.md", tmp_path)
    old = tmp_path / "results/playbook_b-2020-01-01.json"
    old.write_text("{}", encoding="utf-8")
    result = {**measured(), "at": "2031-02-03T04:05:06+00:00"}
    path = against_peers.keep(result, tmp_path)
    assert path.name == "playbook_b-2031-02-03.json" and json.loads(path.read_text(encoding="utf-8")) == result
    assert not old.exists()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.count("<!-- end -->") == 1 and "2031-02-03, " in text and measured()["at"][:10] + ", " not in text


def measured_a() -> dict[str, Any]:
    """The committed raw numbers of Playbook A."""
    (path,) = (BENCHMARKS / "results").glob("playbook_a-*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_readme_shows_the_committed_numbers_of_playbook_a() -> None:
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert f"<!-- table playbook_a -->\n\n{playbook_a.shown(measured_a())}\n\n<!-- end of playbook_a -->" in readme


@pytest.mark.parametrize("run", measured_a()["heal"]["raw"], ids=lambda run: f"{run['wall_s']} s")
def test_parts_of_a_heal_are_the_whole(run: dict[str, Any]) -> None:
    assert set(run["parts"]) == set(playbook_a.PARTS)
    assert sum(run["parts"].values()) == pytest.approx(run["wall_s"], abs=0.01) and min(run["parts"].values()) >= 0
    waited_for_anyway = sum(run["parts"][name] for name in (
        "supervisor's stop and start", "until ffmpeg has written a playlist", "stability window"))
    told = run["parts"]["before the first task, and the report"]
    assert run["ours_s"] == pytest.approx(run["wall_s"] - waited_for_anyway - told, abs=0.01)


def test_new_numbers_of_playbook_a_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(BENCHMARKS / "README.md", tmp_path)
    old = tmp_path / "results/playbook_a-2020-01-01.json"
    old.write_text("{}", encoding="utf-8")
    path = playbook_a.keep({**measured_a(), "at": "2031-02-03T04:05:06+00:00"}, tmp_path)
    assert path.name == "playbook_a-2031-02-03.json" and path.exists() and not old.exists()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "2031-02-03, " in text and text.count("<!-- end of playbook_a -->") == 1
    assert against_peers.table(measured()) in text  # the other table stays


def test_restart_is_taken_apart_by_the_times_of_its_calls() -> None:
    calls = [
        "2026-11-26T11:00:00.000+00:00 GET /api/monitor/streams -> 200, 0.005 s, run-1",
        "2026-11-26T11:00:03.000+00:00 POST /api/cameras/cam1/stop -> 200, 5.000 s, run-2",
        "2026-11-26T11:00:09.500+00:00 POST /api/cameras/cam1/start -> 200, 0.400 s, run-3",
        "2026-11-26T11:00:15.900+00:00 GET /static/hls/cam1.m3u8 -> 200, 0.100 s, run-4"]
    row = {"action": "lineops.runbook.camera_stream", "results": [{"calls": calls, "health": {"moving_s": 3.0}}]}
    assert playbook_a.restart_parts(row) == pytest.approx({
        "module's look before it acts": 3.0, "supervisor's stop and start": 5.4, "pause after the stop": 1.5,
        "until ffmpeg has written a playlist": 3.1}, abs=0.001)


class Bench:
    """`python -m benchmarks` without measuring: what it would run with how many rounds, and what it would keep."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[tuple[Any, ...]] = []
        self.kept: list[Any] = []
        self.failure: BenchmarkFailed | None = None
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(bench, "alone", self._alone)
        monkeypatch.setattr(bench.against_peers, "run", self._run)
        monkeypatch.setattr(bench.against_peers, "keep", self.kept.append)

    def main(self, *words: str) -> int:
        """Its exit status."""
        self._monkeypatch.setattr(sys, "argv", ["bench", *words])
        return bench.main()

    def _alone(self, *repeats: int) -> dict[str, Any]:
        self.ran.append(("alone", *repeats))
        return {"at": "2031-02-03T04:05:06+00:00", "machine": {"name": "m"}}

    def _run(self, repeats: int) -> dict[str, Any]:
        self.ran.append(("against peers", repeats))
        if self.failure:
            raise self.failure
        return measured()


@pytest.mark.parametrize(("words", "rounds"), [((), (7, 3, 3)), (("--repeats", "1"), (1, 1, 1)), (("--repeats", "0"), (7, 3, 3))])
def test_all_benchmarks_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], rounds: tuple[int, ...]
) -> None:
    output, benches = tmp_path / "new/raw.json", Bench(monkeypatch)
    assert benches.main("--output", str(output), *words) == 0
    assert benches.ran == [("alone", *rounds[:2]), ("against peers", rounds[2])]
    assert json.loads(output.read_text(encoding="utf-8"))["machine"] == {"name": "m"} and benches.kept == [measured()]


def test_dry_keeps_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    benches = Bench(monkeypatch)
    assert benches.main("--dry", "--output", str(tmp_path / "raw.json")) == 0
    assert benches.kept == [] and list(tmp_path.iterdir()) == [] and len(benches.ran) == 2


def test_a_way_that_did_not_do_its_job_is_told_and_keeps_no_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benches = Bench(monkeypatch)
    benches.failure = BenchmarkFailed("uri playbook did not do its job")
    assert benches.main("--output", str(tmp_path / "raw.json")) == 1
    assert capsys.readouterr().err == "uri playbook did not do its job\n" and benches.kept == []
