# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4). Pure. Private."""

from __future__ import annotations

import typing as t

Labels = t.Mapping[str, str]
#: Suffix of the name ("" for most), labels and value.
Sample = t.Tuple[str, Labels, float]


class Family(t.NamedTuple):
    """One metric; kind: counter, gauge or summary."""

    name: str
    kind: str
    help: str
    samples: t.List[Sample]


def exposition(families: t.Iterable[Family]) -> str:
    """Return the metrics as text; a metric without a sample is left out, and samples stand in the order of their labels."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines += [f"# HELP {family.name} {_escaped(family.help)}", f"# TYPE {family.name} {family.kind}"]
            lines += sorted(_line(family.name, *sample) for sample in family.samples)
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, suffix: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
    return f"{name}{suffix}{{{told}}} {_number(value)}" if told else f"{name}{suffix} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(text: str) -> str:
    """Backslash, quote and line feed are escaped; half a character has no UTF-8, and the file is UTF-8."""
    return _escaped(text.encode("utf-8", "replace").decode("utf-8")).replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 3))
