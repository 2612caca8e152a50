# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of what is sent to a webhook (docs/tickets.md). Private to this collection."""

from __future__ import annotations

import hashlib
import hmac
import time

#: Names the recipe: HMAC-SHA256 over the timestamp, a dot and the bytes of the body.
RECIPE = "v1"


def signed_headers(secret: str, body: bytes, key: str) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent a body and when, and that it got it before."""
    timestamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Lineops-Timestamp": timestamp,
        "X-Lineops-Signature": f"{RECIPE}={signature}",
    }
