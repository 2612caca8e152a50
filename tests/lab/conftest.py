# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests that run the playbooks on a lab."""

from __future__ import annotations

import disks
import plants

new_lab = plants.new_lab
may_mount = disks.may_mount
