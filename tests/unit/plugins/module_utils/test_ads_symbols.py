# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values from the bytes a PLC sends."""

from __future__ import annotations

import struct
import sys
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._ads_symbols import NUMBERS, value_of
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError


@pytest.mark.parametrize(
    ("type_name", "data", "expected"),
    [
        ("BOOL", b"\x01", True),
        ("bool", b"\x00", False),
        ("BYTE", b"\xff", 255),
        ("SINT", b"\xff", -1),
        ("INT", b"\xfe\xff", -2),
        ("UINT", b"\xfe\xff", 65534),
        ("DWORD", b"\xff\xff\xff\xff", 0xFFFFFFFF),
        ("LINT", b"\xff" * 8, -1),
        ("REAL", struct.pack("<f", 1.5), 1.5),
        ("LREAL", struct.pack("<d", -2.25), -2.25),
        ("STRING(80)", b"gr\xfcn\0old text", "gr\xfcn"),
    ],
)
def test_a_value_of_each_kind(type_name, data, expected) -> None:
    pytest.importorskip("pyads", reason="the types are those of pyads")
    found = value_of(type_name, data)
    assert (found, type(found)) == (expected, type(expected))


def test_every_type_is_one_pyads_knows() -> None:
    pyads = pytest.importorskip("pyads", reason="the types are those of pyads")
    assert all(hasattr(pyads, f"PLCTYPE_{name}") for name in NUMBERS)


@pytest.mark.parametrize(
    ("type_name", "data", "code"),
    [("DINT", b"\0\0", "ads.garbled"), ("BOOL", b"", "ads.garbled"), ("ST_Press", b"\0" * 8, "ads.type_unknown")],
)
def test_what_is_no_such_value_is_one_sentence(type_name, data, code) -> None:
    pytest.importorskip("pyads", reason="the types are those of pyads")
    with pytest.raises(AdsError) as caught:
        value_of(type_name, data)
    assert caught.value.code == code


@pytest.mark.parametrize("broken", [ImportError, OSError, RuntimeError])
def test_a_library_that_cannot_be_loaded_is_one_sentence_with_the_command(broken, monkeypatch) -> None:
    class Finder:
        """Fails as pyads does without its shared library (ADS_FACTS §4 trap 13)."""

        @staticmethod
        def find_spec(name: str, *dummy: t.Any) -> None:
            if name == "pyads":
                raise broken("no AdsLib.so")

    monkeypatch.delitem(sys.modules, "pyads", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(AdsError) as caught:
        value_of("BOOL", b"\1")
    assert caught.value.code == "ads.library"
    assert "pip install pyads" in caught.value.hint
