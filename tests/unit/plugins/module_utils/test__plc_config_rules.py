# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory, stored entry and live target side by side, as a table."""

from __future__ import annotations

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._plc_config_rules import agreement, differences, merged

TC2 = {"runtime_type": "TC2"}
WANTED = {"ams_net_id": "10.0.0.2.1.1", "ams_port": 851, "ip_address": "10.0.0.2", "plc_id": "plc_001"}
STORED = {"ams_net_id": "10.0.0.2.1.1", "ams_port": 851, "ip_address": "10.0.0.2", "name": "Press", "tpy_file": "a.tpy"}
TARGET = {"plc_ams_net_id": "10.0.0.2.1.1", "plc_ams_port": 851, "plc_ip_address": "10.9.9.9", "plc_runtime_type": "TC3"}


@pytest.mark.parametrize(
    ("stored", "target", "rows"),
    [
        (STORED, TARGET, []),
        (None, None, []),
        # The target's own ip_address is not what connect uses (quirk 3), so it is not compared.
        (STORED, {**TARGET, "plc_ip_address": None}, []),
        ({**STORED, "ams_port": 801}, TARGET, [{"field": "ams_port", "wanted": 851, "stored": 801, "target": 851}]),
        (STORED, {**TARGET, "plc_ams_port": 801}, [{"field": "ams_port", "wanted": 851, "stored": 851, "target": 801}]),
        ({**STORED, "ip_address": "10.0.0.3"}, TARGET, [{"field": "ip_address", "wanted": "10.0.0.2", "stored": "10.0.0.3"}]),
        (None, {**TARGET, "plc_ams_net_id": "1.2.3.4.1.1"}, [{"field": "ams_net_id", "wanted": "10.0.0.2.1.1", "target": "1.2.3.4.1.1"}]),
        ({**STORED, "ams_port": "851"}, None, [{"field": "ams_port", "wanted": 851, "stored": "851"}]),
        (
            {"name": "Press"}, {},
            [
                {"field": "ams_net_id", "wanted": "10.0.0.2.1.1", "stored": None, "target": None},
                {"field": "ams_port", "wanted": 851, "stored": None, "target": None},
                {"field": "ip_address", "wanted": "10.0.0.2", "stored": None},
            ],
        ),
    ],
)  # fmt: skip
def test_a_row_per_field_that_is_not_as_wanted(stored, target, rows) -> None:
    assert differences(WANTED, stored, target) == rows


@pytest.mark.parametrize(
    ("stored", "target", "row"),
    [
        (STORED, {**TARGET, "plc_runtime_type": "TC2"}, None),
        (STORED, TARGET, {"target": "TC3"}),
        # Not told is not "none": an entry without the field differs in nothing that can be seen.
        (STORED, {name: value for name, value in TARGET.items() if name != "plc_runtime_type"}, None),
        (STORED, None, None),
        ({**STORED, "runtime_type": "TC3"}, None, {"stored": "TC3"}),
        ({**STORED, "runtime_type": "TC2"}, TARGET, {"stored": "TC2", "target": "TC3"}),
        ({**STORED, "runtime_type": None}, None, {"stored": None}),
    ],
)
def test_the_runtime_type_is_compared_where_it_is_wanted_and_told(stored, target, row) -> None:
    expected = [{"field": "runtime_type", "wanted": "TC2", **row}] if row else []
    assert differences({**WANTED, **TC2}, stored, target) == expected
    for nothing in ({}, {"runtime_type": None}):
        assert differences({**WANTED, **nothing}, stored, target) == []


def test_a_correction_of_the_runtime_type_adds_no_field_that_the_supervisor_does_not_keep() -> None:
    assert merged(STORED, {**WANTED, **TC2}) == STORED
    assert merged({**STORED, "runtime_type": "TC3"}, {**WANTED, **TC2}) == {**STORED, **TC2}
    assert merged({**STORED, "runtime_type": "TC3"}, WANTED) == {**STORED, "runtime_type": "TC3"}
    assert merged({}, {**WANTED, **TC2}) == merged({}, WANTED)


@pytest.mark.parametrize(
    ("stored", "target", "said"),
    [
        (STORED, TARGET, ("same", "same")),
        ({**STORED, "ams_port": 801}, TARGET, ("differs", "same")),
        (STORED, {**TARGET, "plc_ams_port": 801}, ("same", "differs")),
        (STORED, None, ("same", None)),
        (None, TARGET, (None, "same")),
        ({}, {}, ("differs", "differs")),
    ],
)
def test_each_side_is_judged_alone_and_not_observed_is_none(stored, target, said) -> None:
    rows = differences(WANTED, stored, target)
    assert (agreement(rows, "stored", stored), agreement(rows, "target", target)) == said


def test_a_correction_keeps_all_the_rest_of_the_entry() -> None:
    wrong = {**STORED, "ams_port": 801, "ip_address": None}
    assert merged(wrong, WANTED) == STORED
    assert wrong["ams_port"] == 801
    assert merged({}, WANTED) == {name: WANTED[name] for name in ("ams_net_id", "ams_port", "ip_address")}
