# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lineops_secrets as it comes from a vault, from AWX, or from a typing mistake."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import plain_secrets

KEYS = {"line3": {"operator_key": "canary", "plc_password": "p"}}


class Encrypted:
    """A value under ``!vault`` as ansible-core 2.18 hands it over: an object that decrypts itself when printed."""

    __ENCRYPTED__ = True

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (KEYS, KEYS),
        ("line3: {operator_key: canary, plc_password: p}", KEYS),
        ('{"line3": {"operator_key": "canary", "plc_password": "p"}}', KEYS),
        ({"line3": {"operator_key": Encrypted("canary"), "plc_password": "p"}}, KEYS),
        (Encrypted("line3: {operator_key: canary, plc_password: p}"), KEYS),
        ({"line3": [Encrypted("canary")]}, {"line3": ["canary"]}),
        ("", None),
        ("just text", "just text"),
        ("line3: {operator_key: canary, ]", None),
        ("!!python/object/apply:os.system ['true']", None),
        (None, None),
        (5, 5),
    ],
)
def test_secrets_become_plain(given: t.Any, expected: t.Any) -> None:
    assert plain_secrets(given) == expected


def test_mapping_that_was_given_is_not_changed() -> None:
    given = {"line3": {"operator_key": Encrypted("canary")}}
    plain_secrets(given)
    assert isinstance(given["line3"]["operator_key"], Encrypted)
