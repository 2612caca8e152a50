#!/usr/bin/env bash
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# web_server_ctl.sh {start|stop|restart|status}: the supervisor's control script (SUPERVISOR_API section 6). It knows
# nothing of systemd, only of 0.0.0.0:5000 and of the shipped directory. Its mistakes are the observed ones: what it
# does to a unit follows from them (SUPERVISOR_SYSTEMD section 3, quirk 11).
# Exit status 0, 1 on failure, 2 on usage.

HOST=0.0.0.0
PORT=5000
PYTHON=/usr/bin/python3
SCRIPT=start_web_hmi.py
PID_FILE=/tmp/smarthome-web.pid
LOG_FILE=/tmp/smarthome-web.log
# In another directory than the shipped one this does not match what the unit has started.
PATTERN="^[^ ]*python[0-9.]* (/opt/Smarthome-Web/)?$SCRIPT --host $HOST --port $PORT"
STOP_WAIT_S=15
START_WAIT_S=30

cd "$(dirname "$0")/.." || exit 1

alive() { [ -n "$1" ] && [ -d "/proc/$1" ] && [ "$(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null)" != Z ]; }

is_ours() {
    local line
    line=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") && [[ $line =~ $PATTERN ]]
}

by_pattern() {
    local entry
    for entry in /proc/[0-9]*; do
        if is_ours "${entry#/proc/}"; then
            echo "${entry#/proc/}"
            return
        fi
    done
}

# A pid file is believed, also one that is stale.
target() {
    local pid
    if [ -f "$PID_FILE" ]; then
        pid=$(cat "$PID_FILE")
        if alive "$pid" && is_ours "$pid"; then echo "$pid"; fi
    else
        by_pattern
    fi
}

healthy() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$PORT" || return 1
    printf 'GET /api/system/versioning HTTP/1.0\r\n\r\n' >&3
    IFS= read -r -t 2 line <&3
    exec 3>&-
    [[ $line == HTTP/*" 200 "* ]]
} 2>/dev/null

stop() {
    local pid tenths
    pid=$(target)
    if [ -z "$pid" ]; then
        echo "not running"
        return 0
    fi
    kill -TERM "$pid" 2>/dev/null
    for ((tenths = 0; tenths < STOP_WAIT_S * 10; tenths++)); do
        if ! alive "$pid"; then break; fi
        sleep 0.1
    done
    if alive "$pid"; then kill -KILL "$pid" 2>/dev/null; fi
    rm -f "$PID_FILE"
    echo "stopped ($pid)"
}

start() {
    local pid tenths
    pid=$(cat "$PID_FILE" 2>/dev/null)
    alive "$pid" || pid=$(by_pattern)
    if [ -n "$pid" ]; then
        echo "already running ($pid)"
        return 0
    fi
    if [ -r .env ]; then
        set -a
        . ./.env
        set +a
    fi
    nohup "$PYTHON" "$SCRIPT" --host "$HOST" --port "$PORT" >"$LOG_FILE" 2>&1 </dev/null &
    echo $! >"$PID_FILE"
    for ((tenths = 0; tenths < START_WAIT_S * 10; tenths++)); do
        if healthy; then
            echo "started"
            return 0
        fi
        sleep 0.1
    done
    echo "not healthy after $START_WAIT_S s"
    return 1
}

status() {
    local pid
    pid=$(target)
    if [ -z "$pid" ]; then
        echo "not running"
        return 1
    fi
    echo "running ($pid)"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    restart) stop && start ;;
    status) status ;;
    *)
        echo "usage: $0 {start|stop|restart|status}" >&2
        exit 2
        ;;
esac
