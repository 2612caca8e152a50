# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in of the plant supervisor: its HTTP answers, timings and quirks as observed (SUPERVISOR_API.md).

It is a real small web service. What it says about a PLC it learned from that PLC by ADS, and its quirks follow from
the same mechanisms as the observed one's wherever that is possible. It has no control channel: it is changed by its
API, its files, its environment and signals only.
"""
