# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Picking loopback addresses: one block 127.B.0.0/16 per lab, so that any number of labs can run side by side."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

BLOCKS = range(2, 251)


class NoFreeBlock(Exception):
    """Every block is in use, or the ports are taken on all addresses."""


def _claim(block: int) -> socket.socket | None:
    """Take a name in the kernel's abstract socket space: nobody else can pick this block while it is held."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0lineops-lab-block-{block}")
    except OSError:
        claim.close()
        return None
    return claim


def can_bind(address: str, port: int, kind: int = socket.SOCK_STREAM) -> bool:
    """Say whether a server could take this address and port now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError:
            return False
    return True


@contextmanager
def claimed_block(needed: Iterable[tuple[str, int, int]], blocks: Iterable[int] | None = None) -> Iterator[int]:
    """Pick a block whose addresses are free and keep others from picking it while the context lasts.

    :param needed: (address with ``{block}`` in it, port, socket kind) of every server to come.
    :param blocks: the numbers to try in this order; by default all, shuffled, so that labs seldom meet.
    :raises NoFreeBlock: none fits.
    """
    needed = list(needed)
    for block in blocks if blocks is not None else random.sample(BLOCKS, len(BLOCKS)):
        claim = _claim(block)
        if claim is None:
            continue
        try:
            if all(can_bind(address.format(block=block), port, kind) for address, port, kind in needed):
                yield block
                return
        finally:
            claim.close()
    ports = sorted({port for dummy, port, kind in needed})
    raise NoFreeBlock(f"no loopback block 127.B.0.0/16 is free on the ports {', '.join(map(str, ports))}")
