# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ADS connection per PLC from this machine: a second would end the first (ADS_FACTS §5). Private to this collection."""

from __future__ import annotations

import os
import tempfile
import typing as t
from contextlib import ExitStack, contextmanager

from ._ads_wire import check_address
from ._errors import AdsError
from ._flock import StillHeld, lock_of

PATIENCE_S = 60.0


@contextmanager
def one_at_a_time(ip: str) -> t.Iterator[None]:
    """Hold the lock of the PLC at an address while a task speaks to it; it ends with the process.

    :raises AdsError: "ads.address_invalid" (the address becomes a file name), "ads.lock" if the file cannot be opened or
        another run of this machine holds it for longer than a minute.
    """
    check_address(ip)
    path = os.path.join(tempfile.gettempdir(), f"lineops-ads-{os.getuid()}-{ip}.lock")
    with ExitStack() as stack:  # what fails inside the with of the caller is no failure of the lock
        try:
            stack.enter_context(lock_of(path, 0o600, PATIENCE_S))
        except OSError as error:
            raise AdsError(
                "ads.lock", f"The lock file {path} cannot be used: {error.strerror}.", "Remove it.") from error
        except StillHeld:
            raise AdsError(
                "ads.lock", f"Another run on this machine has been speaking to the PLC at {ip} for over a minute.",
                "Look for a hanging run, or wait for it.") from None
        yield
