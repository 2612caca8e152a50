# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exception family: what modules and other processes see of it."""

from __future__ import annotations

import pickle

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError, LineopsError, SupervisorError


@pytest.mark.parametrize("kind", [LineopsError, SupervisorError, AdsError])
def test_one_sentence_and_a_structured_failure(kind) -> None:
    error = kind("x.y", "It is off.", "Switch it on.", status=404)
    assert str(error) == "It is off."
    assert error.as_failure() == {"code": "x.y", "message": "It is off.", "hint": "Switch it on."}
    assert error.details == {"status": 404}
    assert isinstance(error, LineopsError)


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(SupervisorError("x.y", "It is off.", status=404)))
    assert (type(error), error.code, error.message, error.hint, error.details) == (
        SupervisorError,
        "x.y",
        "It is off.",
        "",
        {"status": 404},
    )
