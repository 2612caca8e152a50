# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# All of a host that a look must leave alone, as the automation user sees it: the unit's process, and every file of the
# supervisor, of systemd and of our own state with owner, rights, size and time. The supervisor's own logs move with each call.
# usage: sh snapshot.sh SUPERVISOR_DIR STATE_DIR UNIT
systemctl show "$3" --property=ActiveState,UnitFileState,MainPID,NRestarts,ExecMainStartTimestampMonotonic
find "$1" "$2" /etc/systemd/system ! -type d ! -path '*/static/hls/*' ! -name '*.log' ! -name 'system_logs.db*' \
    ! -name 'auth_keys.db*' -printf '%p %y %u:%g %m %s %T@ %l\n' | sort
