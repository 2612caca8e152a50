# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make peers`: the PLC stand-in against ADS clients others wrote that `make test` cannot have everywhere.

* npm's ads-client (needs node and npm; installed into build/peers).
* Beckhoff's adstool, if ADSTOOL names the binary: `make peers ADSTOOL=/path`. Its source is part of the source package
  of pyads; with cmake and g++ it is built by

      .venv/bin/pip download --no-deps --no-binary pyads -d build/peers pyads==3.6.0
      tar -C build/peers -xzf build/peers/pyads-3.6.0.tar.gz
      cmake -S build/peers/pyads-3.6.0/adslib -B build/peers/adstool
      cmake --build build/peers/adstool --target AdsTool
      make peers ADSTOOL=build/peers/adstool/AdsTool/AdsTool

What was left out is said at the end. Exit 1 if a client saw something wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environment import pip_environment
from processes import Guard, Stopped, TookTooLong

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from lab.addresses import claimed_block  # noqa: E402
from lab.control import ControlError, ask  # noqa: E402

PEERS = REPOSITORY / "build/peers"
ADS_CLIENT = "ads-client@2.1.0"
INSTALL_LIMIT_S, RUN_LIMIT_S, START_LIMIT_S = 300.0, 120.0, 60.0
PASSWORD = "Geheim-4711"  # of a PLC that lives for some seconds on this machine
ROUTE_NAME, ROUTE_NET_ID, ROUTE_ADDRESS = "peer", "10.7.7.7.1.1", "10.7.7.7"
NOT_FOUND, END_OF_LIST = 0x70C, 0x716


class Plc:
    """A PLC stand-in with a route for 127.0.0.1."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address, self.net_id, self.control = address, f"{address}.1.1", folder / "control.sock"
        config = {
            "name": "Peers", "address": address, "ams_net_id": self.net_id, "username": "Administrator",
            "password": PASSWORD, "state_dir": str(folder), "control": str(self.control),
            "routes": [{"name": "hmi", "ams_net_id": "127.0.0.1.1.1", "address": "127.0.0.1"}],
            "symbols": {"MAIN.nTest": {"type": "INT", "value": 42}},
        }
        path = folder / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        self._process = subprocess.Popen([sys.executable, "-m", "lab.plc", str(path)], cwd=REPOSITORY)

    def wait(self) -> None:
        """Wait until it answers; TookTooLong if it does not."""
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit and self._process.poll() is None:
            try:
                self.ask("status")
                return
            except ControlError:
                time.sleep(0.05)
        raise TookTooLong("the PLC stand-in does not answer")

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Use its control socket."""
        return ask(self.control, op, **arguments)

    def end(self) -> None:
        """End it in order."""
        self._process.terminate()
        self._process.wait(START_LIMIT_S)


@contextmanager
def new_plc() -> Iterator[Plc]:
    """A PLC stand-in on an address nobody else has."""
    wanted = [("127.{block}.200.1", 48898, socket.SOCK_STREAM), ("127.{block}.200.1", 48899, socket.SOCK_DGRAM)]
    with tempfile.TemporaryDirectory() as folder, claimed_block(wanted) as block:
        plc = Plc(Path(folder), f"127.{block}.200.1")
        try:
            plc.wait()
            yield plc
        finally:
            plc.end()


def route_entry() -> bytes:
    """The payload of ADS 801 (TAdsSysAddRemote, ADS_FACTS section 2) for the route that the clients add."""
    texts = [ROUTE_ADDRESS.encode() + b"\0", ROUTE_NAME.encode() + b"\0"]
    net_id = bytes(int(part) for part in ROUTE_NET_ID.split("."))
    return struct.pack("<6sHIII12sIII", net_id, 1, 0x20, 0, 0, bytes(12), *map(len, texts), 0) + b"".join(texts)


def differences(seen: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """One sentence for everything that is not as expected."""
    wrong = {name: (seen.get(name), value) for name, value in expected.items() if seen.get(name) != value}
    sentences = [f"{name}: {found!r:.200} instead of {value!r:.200}" for name, (found, value) in wrong.items()]
    return sentences + ([f"it ended with: {seen['error']}"] if "error" in seen else [])


def ads_client(plc: Plc, guard: Guard) -> list[str]:
    """Let npm's ads-client look at the PLC; returns what is wrong."""
    install = ["npm", "install", "--prefix", str(PEERS), "--no-audit", "--no-fund", "--no-save", ADS_CLIENT]
    output: list[str] = []
    PEERS.mkdir(parents=True, exist_ok=True)
    if guard.run(install, env=pip_environment(), limit_s=INSTALL_LIMIT_S, on_line=output.append):
        return [f"npm could not install {ADS_CLIENT}:", *output]
    script = str(REPOSITORY / "scripts/peer_ads_client.cjs")
    library = str(PEERS / "node_modules/ads-client")
    output.clear()
    guard.run(
        ["node", script, library, plc.address, plc.net_id, route_entry().hex(), ROUTE_NAME],
        limit_s=RUN_LIMIT_S, on_line=output.append,
    )
    try:
        seen = json.loads(output[-1])
    except (IndexError, ValueError):
        return ["node said:", *output]
    seen["written"] = plc.ask("read", name="MAIN.nTest")["value"]
    alone = {"names": ["hmi"], "end": END_OF_LIST}
    return differences(seen, {
        "device": "Plc30 App", "state": "Run", "before": alone, "added": 0,
        "between": {"names": ["hmi", ROUTE_NAME], "end": END_OF_LIST}, "deleted": 0, "again": NOT_FOUND, "after": alone,
        "system": "Run", "value": 42, "written": 77,
    })


def adstool(plc: Plc, binary: str) -> list[str]:
    """Let Beckhoff's adstool look at the PLC; returns what is wrong. Its exit status is the ADS code modulo 256."""

    def run(target: str, *words: str, data: bytes = b"") -> tuple[int, bytes]:
        command = [binary, target, *([f"--gw={plc.address}"] if target.startswith(plc.net_id) else []), *words]
        done = subprocess.run(command, input=data, capture_output=True, timeout=RUN_LIMIT_S, check=False)
        return done.returncode, done.stdout

    entry = route_entry()
    service = f"{plc.net_id}:10000"
    who = (f"--addr={ROUTE_ADDRESS}", f"--netid={ROUTE_NET_ID}")
    seen = {
        "netid": run(plc.address, "netid"),
        "addroute, wrong password": run(plc.address, "addroute", *who, "--password=wrong")[0],
        "addroute": run(plc.address, "addroute", *who, f"--password={PASSWORD}", "--routename=udp")[0],
        "raw 801": run(service, "raw", "801", "0", data=entry)[0],
        # what the answer leaves of the buffer comes as NUL bytes
        "raw 803": run(service, "raw", "--read=2048", "803", "1")[1] == entry.ljust(2048, b"\0"),
        "raw 803, end": run(service, "raw", "--read=2048", "803", "2")[0],
        "raw 802": run(service, "raw", "802", "0", data=ROUTE_NAME.encode() + b"\0")[0],
        "raw 802, again": run(service, "raw", "802", "0", data=ROUTE_NAME.encode())[0],
        "state": run(f"{plc.net_id}:851", "state"),
        "write-symbol": run(plc.net_id, "plc", "write-symbol", "MAIN.nTest", "78")[0],
        "read-symbol": run(plc.net_id, "plc", "read-symbol", "MAIN.nTest"),
    }
    return differences(seen, {
        "netid": (0, f"{plc.net_id}\n".encode()), "addroute, wrong password": 0x704 % 256, "addroute": 0, "raw 801": 0,
        "raw 803": True, "raw 803, end": END_OF_LIST % 256, "raw 802": 0,
        "raw 802, again": NOT_FOUND % 256, "state": (0, b"5\n"), "write-symbol": 0, "read-symbol": (0, b"78\n"),
    })


def peers(guard: Guard) -> Iterator[tuple[str, Callable[[Plc], list[str]] | None, str]]:
    """Each client by name: what it does with a PLC, or None and why it cannot."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    reason = f"{' and '.join(missing)} not found" if missing else ""
    yield f"npm {ADS_CLIENT}", None if missing else lambda plc: ads_client(plc, guard), reason
    binary = os.environ.get("ADSTOOL", "")
    if not binary:
        yield "adstool", None, "no binary given; scripts/peers.py says how to build it, then: make peers ADSTOOL=/path"
    elif not os.access(binary, os.X_OK):
        yield "adstool", None, f"{binary} is no program"
    else:
        yield "adstool", lambda plc: adstool(plc, os.path.abspath(binary)), ""


def main() -> int:
    """Run every client that is there; returns the exit status."""
    left_out, failed = [], False
    with Guard() as guard:
        for name, check, reason in peers(guard):
            if check is None:
                left_out.append(f"{name}: {reason}")
                continue
            with new_plc() as plc:
                problems = check(plc)
            failed = failed or bool(problems)
            print(f"{name}: {'FAILED' if problems else 'ok'}", *(f"  {problem}" for problem in problems), sep="\n")
    for sentence in left_out:
        print(f"Left out: {sentence}")
    return int(failed)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TookTooLong as error:
        sys.exit(f"peers: {error}")
    except Stopped as stopped:
        print(f"Stopped by {stopped}; nothing is left running.")
        sys.exit(stopped.exit_status)
