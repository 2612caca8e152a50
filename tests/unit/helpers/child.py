# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work in a process of its own, for what would spoil this one: limits of resources, other users."""

from __future__ import annotations

import multiprocessing
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError


def in_a_child(work: t.Callable[[], t.Any]) -> tuple[str, t.Any]:
    """Run work in a process of its own: ("ok", result) or (code, sentence) of a failure."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        try:
            sender.send(("ok", work()))
        except LineopsError as error:
            sender.send((error.code, error.message))

    process = context.Process(target=run)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join(60)
