# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System and monitoring answers: what the supervisor says about itself (SUPERVISOR_API §2)."""

from __future__ import annotations

import collections
import platform
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
from flask import Blueprint, Response, jsonify

from .adslib import IS_LOADED
from .clock import iso_utc
from .settings import read_json
from .streams import ffmpeg

if TYPE_CHECKING:
    from .app import Supervisor

DEAD_LETTER = {"dropped_total": 0, "enqueued_total": 0, "queued": 0, "reprocess_failed_total": 0,
               "reprocessed_total": 0, "limits": {"max_attempts": 5, "max_entries": 1000, "reprocess_batch": 50}}
LIMITS = {"blob_cache_limit_bytes": 536870912, "max_subscribed_variables_per_poll": 2000,
          "telemetry_cache_limit_entries": 10000, "telemetry_prune_batch": 5000}
BLOBS = {"cache_limit": 536870912, "count": 0, "evictions": 0, "hits": 0, "misses": 0, "total_size": 0,
         "utilization": 0.0}
DEPENDENCIES = (("flask", "Webserver", True), ("flask_socketio", "WebSocket-Support", True),
                ("paho.mqtt", "MQTT-Integration", False), ("pyads", "PLC-Kommunikation", IS_LOADED))
TARGETS = {"api_availability_ratio": 0.995, "api_p95_latency_ms": 500.0, "stream_health_ratio": 0.99}
SLO_WINDOW_S = 3600


class SloWindow:
    """Every answer below /api/ of the last hour. Our own failed tests and writes count too (quirk 20)."""

    def __init__(self) -> None:
        self._answers: collections.deque[tuple[float, bool, float]] = collections.deque()
        self._lock = threading.Lock()

    def count(self, status: int, seconds: float) -> None:
        """Account one answer."""
        with self._lock:
            self._answers.append((time.monotonic(), status >= 500, seconds * 1000))

    def sli(self) -> dict[str, Any]:
        """The indicators; ratios are null before any request."""
        oldest = time.monotonic() - SLO_WINDOW_S
        with self._lock:
            while self._answers and self._answers[0][0] < oldest:
                self._answers.popleft()
            answers = list(self._answers)
        errors, times = sum(failed for dummy, failed, ms in answers), sorted(ms for *dummy, ms in answers)
        return {"window_seconds": SLO_WINDOW_S, "total_requests": len(answers), "errors_5xx": errors,
                "availability_ratio": round(1 - errors / len(answers), 6) if answers else None,
                "p95_latency_ms": round(times[int(len(times) * 0.95)], 2) if times else None}


def slo_answer(api: dict[str, Any], streams: dict[str, Any]) -> dict[str, Any]:
    """GET monitor/slo. A ratio that is null is never an alert."""
    availability, latency, health = api["availability_ratio"], api["p95_latency_ms"], streams["health_ratio"]
    checks = (
        ("api_availability_below_target", "critical", availability, TARGETS["api_availability_ratio"],
         availability is not None and availability < TARGETS["api_availability_ratio"]),
        ("api_latency_above_target", "warning", latency, TARGETS["api_p95_latency_ms"],
         latency is not None and latency > TARGETS["api_p95_latency_ms"]),
        ("stream_health_below_target", "critical", health, TARGETS["stream_health_ratio"],
         health is not None and health < TARGETS["stream_health_ratio"]),
    )
    alerts = [{"name": name, "severity": severity, "value": value, "target": target}
              for name, severity, value, target, broken in checks if broken]
    return {"status": "degraded" if alerts else "ok", "alerts": alerts, "targets": TARGETS, "timestamp": time.time(),
            "timestamp_utc": iso_utc(), "sli": {"api": api, "streams": streams}}


def status_answer(sup: Supervisor) -> dict[str, Any]:
    """GET system/status. ``status`` and plc.connected are the same flag and say nothing about the PLC (quirk 3)."""
    container = sup.settings.container_runtime
    now = time.time()
    return {
        "status": "connected" if sup.link.connected else "disconnected", "plc": {"connected": sup.link.connected},
        "circuit_breakers": sup.gateway.breaker_states(), "dead_letter": DEAD_LETTER, "limits": LIMITS,
        "blob_stats": BLOBS, "polling_backpressure_skips": 0,
        "telemetry_count": sup.gateway.telemetry_count(), "telemetry_evictions": 0,
        "capabilities": {"gpu_available": False, "gpu_vendor": None, "has_nvenc": False, "has_quicksync": False,
                         "has_vaapi": False, "is_docker": container, "mode": "Linux (CPU)", "platform": "linux"},
        "timestamp_utc": iso_utc(), "uptime": now - time.time(),  # always about 0: useless, as observed
    }


def dataflow_answer(sup: Supervisor) -> dict[str, Any]:
    """GET monitor/dataflow; measuring the CPU takes its 0.1 s."""
    cpu, memory = psutil.cpu_percent(interval=0.1), psutil.virtual_memory()
    return {
        "active_connections": 0, "total_throughput": 0, "timestamp": time.time(), "timestamp_utc": iso_utc(),
        "hardware": {"cpu_percent": cpu, "memory_percent": memory.percent,
                     "memory_used_mb": round(memory.used / 2**20, 2), "platform": platform.system()},
        "subscriptions": {"by_sid": {}, "items": [], "total": 0},
        "protocols": {
            "gateway": {"name": "Data Gateway", "dead_letter": DEAD_LETTER, "limits": LIMITS,
                        "polling_backpressure_skips": 0, "telemetry_count": sup.gateway.telemetry_count(),
                        "telemetry_evictions": 0},
            "plc": {"name": "TwinCAT ADS", "connected": sup.link.connected, "reads": sup.link.reads,
                    "writes": sup.link.writes},
            "websocket": {"name": "WebSocket", "active_clients": 0, "messages_sent": 0}},
    }


def dependencies_answer() -> dict[str, Any]:
    """GET system/dependencies."""
    path = ffmpeg()
    return {"ffmpeg": {"available": path is not None, "description": "FFmpeg (Streams)", "path": path},
            **{name: {"available": there, "description": text} for name, text, there in DEPENDENCIES}}


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file; none of them needs a key."""
    web = Blueprint("monitor", __name__)

    def get(path: str, answer: Any) -> None:
        web.add_url_rule(path, path, lambda: jsonify(answer()))

    get("/api/system/status", lambda: status_answer(sup))
    get("/api/system/versioning", lambda: {
        "current_major": 1, "current_namespace": "/api", "compatibility_model": "major-path",
        "policy_document": "docs/06_api_lifecycle_policy.md", "deprecation_min_days": 90, "deprecated_endpoints": []})
    get("/api/system/dependencies", dependencies_answer)
    get("/api/monitor/slo", lambda: slo_answer(sup.slo.sli(), sup.streams.sli()))
    get("/api/monitor/streams", sup.streams.answer)
    get("/api/monitor/latency", lambda: {  # a constant, as observed
        "latency_ms": 0.5, "timestamp": time.time(), "timestamp_utc": iso_utc()})
    get("/api/monitor/dataflow", lambda: dataflow_answer(sup))
    get("/api/monitor/dlq", lambda: {"entries": [], "stats": DEAD_LETTER, "success": True})
    get("/api/telemetry", sup.gateway.telemetry)

    @web.get("/api/debug/config")
    def debug_config() -> Response:
        """The whole app config, to anybody (quirk 19)."""
        config = read_json(sup.settings.app_config, {})
        return jsonify(config=config, config_file=str(sup.settings.app_config), has_widgets=True,
                       widgets=config.get("widgets", {}))

    @web.get("/")
    def index() -> str:
        """The user interface's page."""
        return "<!doctype html>\n<html lang=de>\n<title>Supervisor</title>\n"

    return web
