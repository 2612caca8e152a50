# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In what real devices differ from each other: settings that router, route table and system service look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What a second route to an address does to the older one (ADS_FACTS section 2 "a second route to the same IP"):
# nothing; it is removed; its partner gets no answer while both exist; or until the router restarts, too.
ALLOWED, REMOVES, SHADOWS, STICKS = SAME_ADDRESS = ("allowed", "removes", "shadows", "sticks")

# What an add makes of older routes with its name or NetId: whether it replaces them or keeps them beside the new one is
# known of no device (ADS_FACTS section 1: "the effect of a repeated add is [?]").
REPLACED, KEPT = OLDER = ("replaced", "kept")

# How the list of routes is answered; lab.plc.system has the answers.
LISTINGS = (
    "complete", "service-unknown", "group-unknown", "many", "endless", "breaks-off", "short", "cut", "lengths",
)


@dataclass
class Behaviour:
    """How this device behaves.

    :param listing: one of ``LISTINGS``.
    :param deletes_answered: False: a delete by ADS works, but its answer never comes (ADS_FACTS section 2).
    :param same_address: one of ``SAME_ADDRESS``.
    :param older: one of ``OLDER``.
    :param cool_down_s: after a TCP close the client's address gets no ADS answer for so long (Windows CE: about 5 s,
        ADS_FACTS section 5; seen with one client, so whether others have to wait as well is not known).
    """

    listing: str = "complete"
    deletes_answered: bool = True
    same_address: str = ALLOWED
    older: str = REPLACED
    cool_down_s: float = 0.0

    def change(self, settings: Mapping[str, Any]) -> None:
        """Take over the settings given; ValueError, and nothing changed, for an unknown name or value."""
        if unknown := set(settings) - set(asdict(self)):
            raise ValueError(f"unknown setting {', '.join(sorted(unknown))}: expected {', '.join(asdict(self))}")
        for name, words in (("listing", LISTINGS), ("same_address", SAME_ADDRESS), ("older", OLDER)):
            if settings.get(name, words[0]) not in words:
                raise ValueError(f"{name}: unknown word {settings[name]!r}, expected one of {', '.join(words)}")
        if not isinstance(settings.get("deletes_answered", True), bool):
            raise ValueError("deletes_answered must be true or false")
        if float(settings.get("cool_down_s", 0)) < 0:
            raise ValueError("cool_down_s must not be negative")
        for name, value in settings.items():
            setattr(self, name, value)
