# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of TwinCAT as a whole (AMS port 10000) and its PLC runtimes, each with a state of its own."""

from __future__ import annotations

from . import wire
from .devices import CONFIG, EXCEPTION, RUN, STATE_NAMES, STATES, PlcRuntime

# In these states of the system its programs are loaded; else their ports do not exist (ADS_FACTS section 5).
_LOADED = (RUN, EXCEPTION)


class Machine:
    """The system's state and its runtimes, the first being the one a supervisor talks to."""

    def __init__(self, runtimes: list[PlcRuntime]) -> None:
        self.system = RUN
        self.runtimes = runtimes

    @property
    def name(self) -> str:
        """The state in one word: the system's unless that is RUN, then the first program's."""
        return STATE_NAMES[self.runtimes[0].program if self.system == RUN else self.system]

    def set(self, name: str, port: int | None = None) -> None:
        """Change a state.

        :param name: RUN, STOP, CONFIG or EXCEPTION.
        :param port: the system's 10000 or a runtime's; None means all: STOP then stops the programs of a system in
            RUN, CONFIG is the system's, RUN and EXCEPTION are everybody's.
        :raises ValueError: there is no such state or port.
        """
        if name not in STATES:
            raise ValueError(f"unknown state {name!r}: expected one of {', '.join(STATES)}")
        state = STATES[name]
        if port == wire.PORT_SYSTEM_SERVICE:
            self.system = state
        elif port is not None:
            self.runtime(port).set(state)
        else:
            self.system = state if state in (CONFIG, EXCEPTION) else RUN
            for runtime in self.runtimes:
                runtime.set(RUN if state == CONFIG else state)

    def runtime(self, port: int | None = None) -> PlcRuntime:
        """Return the runtime of an AMS port (None: the first), loaded or not; ValueError if there is none."""
        if port is None:
            return self.runtimes[0]
        for runtime in self.runtimes:
            if runtime.ams_port == port:
                return runtime
        raise ValueError(f"no runtime on port {port}: there are {', '.join(str(r.ams_port) for r in self.runtimes)}")

    def runtime_at(self, port: int) -> PlcRuntime | None:
        """Return the runtime that answers on an AMS port at this moment, if one does."""
        if self.system not in _LOADED:
            return None
        return next((runtime for runtime in self.runtimes if runtime.ams_port == port), None)
