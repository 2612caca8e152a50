# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for a person in English and German, filled from tables. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

#: Key -> the sentence in English and German; {name} is filled in. What is filled in is never read as a template.
Words = t.Mapping[str, tuple[str, str]]


def say(words: Words, key: str, language: str, **names: t.Any) -> str:
    """Return one sentence of a table; any language that is not "de" is English."""
    return words[key][language == "de"].format(**names)
