# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: which plant operations reach a state, and which recordings are replayed in it.

A scenario is a plant and a sequence of states. A state is first what is done to the plant (methods of ``bench.Bench``:
processes, the PLC's own faults, ordinary calls), then the recordings replayed. Nothing else tells the supervisor what
to answer.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bench import CAMERAS, RING_CAMERA, Bench, Plant


@dataclass(frozen=True)
class Do:
    """One plant operation."""

    operation: Callable[..., None]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


def do(operation: Callable[..., None], *arguments: Any, **keywords: Any) -> Do:
    """A plant operation in the table."""
    return Do(operation, arguments, keywords)


@dataclass(frozen=True)
class Scenario:
    """A plant and what happens there: operations, and names of recordings to replay."""

    plant: Plant
    steps: tuple[Do | str, ...]

    @property
    def recordings(self) -> tuple[str, ...]:
        """The recordings replayed here."""
        return tuple(step for step in self.steps if isinstance(step, str))


def on_plc(op: str, **arguments: Any) -> Do:
    """An operation on the main PLC."""
    return do(Bench.on_plc, op, **arguments)


def killed(camera_id: str, times: int) -> tuple[Do, Do]:
    """A stream is killed and recovered for the so-many-th time."""
    return (do(Bench.signal_stream, signal.SIGKILL, camera_id),
            do(Bench.stream_shows, camera_id, metrics__recovery_success_total=times))


KEYLESS = {"master_key": None}
QUICK_BREAKER = {"env": {"SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS": "3"}}
STREAMING = Plant(plc=None, target=False, cameras=CAMERAS, media=True)
#: As the recorder's supervisor was set up; the breaker stays open for longer, so that a slow machine gets by.
HASTY = replace(STREAMING, env={
    "LINEOPS_LAB_RECOVERY_MAX_RETRIES": "2", "LINEOPS_LAB_RECOVERY_COOLDOWN_SECONDS": "20",
    "SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS": "300"})
DISCONNECT = do(Bench.post, "/api/plc/disconnect")

SCENARIOS: dict[str, Scenario] = {
    "after a start with the PLC up": Scenario(Plant(cameras=RING_CAMERA), (
        "monitor_slo_ok", "admin_logs_default", "system_versioning", "system_status_connected",
        "system_status_cache_hit", "monitor_streams_never_started", "monitor_latency", "monitor_dataflow",
        "monitor_dlq", "telemetry", "system_dependencies", "system_feature_flags", "cameras_list", "plc_config_get",
        "plc_ads_route_status", "debug_config", "variables_search", "variables_search_gateway", "variables_statistics",
        "admin_service_info_native", "admin_plcs", "not_found", "method_not_allowed", "index_html_head",
        "request_id_echo", "request_id_generated", "plc_ads_route_status_later", "admin_backup_list",
        "admin_backup_create", "admin_backup_list_one", "admin_logs_verify", "admin_plcs_post_missing",
        "admin_plcs_post", "admin_plcs_after_post", "service_info_before_daemon_restart",
    )),
    "keys and levels": Scenario(Plant(), (
        "apikey_create_viewer", "apikey_create_operator", "apikey_create_admin", "apikey_create_bad_level",
        "apikey_list", "apikey_create_expiring", "auth_bearer_ok", "auth_query_ok", "auth_post_no_key",
        "auth_post_wrong_key", "auth_admin_get_wrong_key", "admin_logs_no_key", "auth_viewer_operator_endpoint",
        "auth_viewer_admin_endpoint", "auth_operator_operator_endpoint", "auth_operator_admin_endpoint",
        "auth_admin_operator_endpoint", "auth_admin_admin_endpoint", do(Bench.key_expired), "auth_expired_key",
        "apikey_disable", "auth_disabled_key", "apikey_delete", "apikey_delete_unknown", "plc_config_post_no_key",
        "plc_connect_no_key", "route_test_no_key", "route_add_no_key", "camera_start_no_key",
        "ring_webrtc_stop_no_key",
    )),
    "what is refused before a handler": Scenario(Plant(), (
        "payload_broken_json", "payload_empty_json", "payload_empty_post_no_ct", "payload_empty_restart_no_ct",
        "payload_invalid_before_auth", "payload_json_array", "payload_no_content_type", "payload_string_too_long",
        "payload_too_large_413", "origin_foreign_403", "origin_foreign_before_auth", "origin_foreign_on_get",
        "origin_own_ok", "referer_foreign_403",
    )),
    "idempotency keys": Scenario(Plant(), (
        "idem_first", "idem_conflict_409", "idem_replay", "idem_x_header_alias", "idem_no_key_means_401_not_stored",
        "idem_400_is_stored", "idem_400_replayed", "idem_unsupported_endpoint",
        do(Bench.idempotency_window_over),
        "idem_after_window",
    )),
    "rate limit of 5": Scenario(Plant(env={"SMARTHOME_CONTROL_RATE_LIMIT_MAX_REQUESTS": "5",
                                           "SMARTHOME_CONTROL_RATE_LIMIT_EXEMPT_LOOPBACK": "false"}), (
        "rate_limit_1", *[do(Bench.service_info)] * 4, "rate_limit_6", "rate_limit_7", "rate_limit_no_key",
        "rate_limit_other_path",
    )),
    "no master key in the environment": Scenario(Plant(**KEYLESS, cameras=RING_CAMERA), (
        "nokey_env_admin", "nokey_env_post_loopback", "nokey_env_wrong_key", "backup_many", "backup_verify_missing",
        "backup_verify_unknown", "ring_flag_default_start", "ring_webrtc_stop_unknown_session", "ring_status",
        "ring_feature_flags_set", "ring_start_no_token", "ring_webrtc_start_no_offer", "ring_webrtc_start_no_token",
        "ring_webrtc_stop_missing", "ring_webrtc_stop_unknown_camera", "ring_webrtc_stop_unknown_session_with_flag",
        "ring_webrtc_keepalive_unknown",
    )),
    "in a container": Scenario(Plant(env={"SMARTHOME_CONTAINER_RUNTIME": "1"}), (
        "service_info_container", "restart_daemon_rejected_idem", "restart_daemon_rejected_container",
        "admin_logs_filter_restart_error_container", "restart_container", do(Bench.ended),
    )),
    "restarts of the app and their log": Scenario(Plant(), (
        do(Bench.post, "/api/variables/write", {"variable": "GATEWAY.keep", "value": 1}),
        "restart_no_key", "service_info_before_restart", "restart_ok", do(Bench.restarted),
        "service_info_after_restart", "system_status_after_restart", "monitor_streams_after_restart",
        "variables_read_gateway_after_restart", "restart_idem_first", "restart_idem_replay", do(Bench.restarted),
        "restart_idem_after_restart", do(Bench.restarted), "admin_logs_filter_restart",
        "admin_logs_filter_restart_app", "admin_logs_filter_restart_daemon", "admin_logs_filter_restart_error",
        "admin_logs_filter_restart_limit_2", "admin_logs_filter_unknown", "admin_logs_limit_0", "admin_logs_limit_1",
        "admin_logs_limit_9999", "admin_logs_limit_abc", "admin_logs_type_restart", "admin_logs_type_restart_error",
        "admin_logs_verify_after", "admin_logs_verify_limit", "restart_daemon_no_effect", do(Bench.unchanged_pid),
        "restart_daemon_after_restart", do(Bench.unchanged_pid),
    )),
    "pending restarts: the earliest wins": Scenario(Plant(), (
        "restart_delay_99", "restart_delay_abc", do(Bench.restarted),
    )),
    "restart by the control script, asked for": Scenario(Plant(), (
        do(Bench.post, "/api/admin/service/restart-daemon", {"delay": 1}), "admin_logs_filter_restart_daemon_hit",
        do(Bench.unchanged_pid),
    )),
    "control script missing": Scenario(Plant(), (
        do(Bench.remove_ctl_script), "restart_daemon_rejected_no_script", "admin_logs_filter_restart_error_hit",
        "admin_logs_type_restart_error_ignored",
    )),
    "log retention": Scenario(Plant(plc=None, target=False), (
        do(Bench.denied_calls, 111), "logs_clear_real", "admin_logs_verify_after_retention",
    )),
    "cameras as data": Scenario(Plant(cameras=RING_CAMERA), (
        "camera_add_no_autostart", "camera_add_existing_overwrites", "camera_add_missing", "camera_put",
        "camera_put_unknown", "camera_delete", "camera_delete_unknown", "camera_start_unknown", "camera_stop_unknown",
        "camera_stop_not_running", "ring_stop_not_running", "feature_flag_ring_live_on", "camera_snapshot_ring_no_token",
        "camera_snapshot_unknown", "camera_alert_missing", "camera_diagnose_missing",
    )),
    "streams that run, hang and are changed": Scenario(STREAMING, (
        "camera_start_ok", "camera_start_ok_idempotent", "monitor_streams_just_started", "monitor_streams_running",
        do(Bench.stream_shows, hls__playlist_exists=True), do(Bench.playlist_moves),
        "monitor_streams_running_with_viewer",
        "camera_start_with_credentials", "monitor_streams_leaks_credentials", "cameras_list_leaks_credentials",
        do(Bench.stream_shows, "camcred", hls__playlist_exists=True),  # ffmpeg minds SIGTERM by then
        "camera_stop_ok", do(Bench.playlist_moves), "monitor_streams_after_stop", "cameras_list_running",
        do(Bench.signal_stream, signal.SIGSTOP), "hls_playlist_hung", "monitor_streams_hung", "camera_start_on_hung",
        "camera_stop_hung", "monitor_streams_after_stop_hung", "camera_start_again",
        do(Bench.signal_stream, signal.SIGKILL), do(Bench.stream_shows, metrics__recovery_success_total=1),
        do(Bench.stream_shows, hls__playlist_exists=True), do(Bench.playlist_moves),
        "camera_start_substream_fallback", "monitor_streams_substream", "camera_start_bad_resolution",
        do(Bench.stream_shows, recovery__retries_in_window=1), "monitor_streams_after_bad_resolution",
        do(Bench.signal_source, signal.SIGSTOP),  # no playlist, however long the rest takes
        do(Bench.stream_alive_after, camfile=60, camhttp=0.01),
        do(Bench.stream_shows, metrics__recovery_success_total=2), do(Bench.just_checked),
        "camera_start_http_url", "camera_start_file_url", do(Bench.stream_ends, "camhttp"),
        "monitor_streams_after_failed_start", do(Bench.not_checked_since, "camhttp", "camfile"),
        do(Bench.signal_source, signal.SIGCONT), do(Bench.stream_shows, running=True),
        "st", "camera_stop_final", "camera_add_ok",
    )),
    "a stream in order": Scenario(STREAMING, (
        do(Bench.writes, 2), "camera_start_ok", do(Bench.stream_shows, hls__playlist_exists=True),
        "camera_snapshot_ok", "monitor_streams_healthy", do(Bench.playlist_moves), "hls_playlist",
        "monitor_streams_healthy_with_viewer",
        "monitor_streams_cache_hit", "monitor_slo_stream_running",
    )),
    "a killed stream, then a frozen source": Scenario(STREAMING, (
        "camera_start_ok", do(Bench.stream_shows, hls__playlist_exists=True), do(Bench.kill_stream_between_checks),
        "monitor_slo_degraded_stream", "monitor_streams_killed", do(Bench.not_checked_since, "cam1"),
        do(Bench.stream_shows, metrics__recovery_success_total=1), do(Bench.stream_shows, hls__playlist_exists=True),
        "monitor_streams_recovered", do(Bench.signal_source, signal.SIGSTOP), do(Bench.stream_ends),
        "monitor_streams_source_frozen", do(Bench.not_checked_since, "cam1"),
        do(Bench.stream_shows, running=True, metrics__recovery_success_total=2), "monitor_streams_source_frozen_later",
    )),
    "a stop that recovery undoes": Scenario(STREAMING, (
        "camera_start_ok", do(Bench.signal_stream, signal.SIGKILL),
        do(Bench.stream_shows, recovery__retries_in_window=1), "camera_stop_during_recovery",
        do(Bench.stream_shows, hls__playlist_exists=True), "monitor_streams_resurrected",
    )),
    "a source that is not there": Scenario(replace(STREAMING, env={"LINEOPS_LAB_ALIVE_AFTER_S": "8"}), (
        "camera_start_dead_source", "camera_stop_dead_source", "camera_snapshot_dead",
        *[do(Bench.post, "/api/cameras/camdead/start")] * 2, "camera_start_in_cooldown", "camera_start_file_url",
    )),
    "recovery that gives up, and streams that it brings back": Scenario(HASTY, (
        do(Bench.writes, 40), do(Bench.slow_file), do(Bench.stream_alive_after, camdead=60, camfile=0.01),
        "camera_start_dead_source", do(Bench.stream_shows, "camdead", recovery__in_cooldown=True),
        "monitor_streams_in_cooldown", "camera_start_in_cooldown", "monitor_streams_after_start_in_cooldown",
        "camera_stop_dead_source", "camera_start_success_reported_for_dying_source",
        *[do(Bench.post, "/api/cameras/camfile/start")] * 4, "monitor_streams_stream_breaker_open",
        # Its recovery fails, counts as done, fails, and is still starting while the other stream is killed.
        do(Bench.stream_alive_after, camfile=60), do(Bench.file_fails), do(Bench.post, "/api/cameras/cam1/start"),
        do(Bench.file_fails), do(Bench.stream_alive_after, camfile=0.01), *killed("cam1", 1),
        do(Bench.stream_shows, "camfile", metrics__recovery_success_total=1),
        do(Bench.stream_alive_after, camfile=60), do(Bench.file_fails), *killed("cam1", 2), do(Bench.file_fails),
        do(Bench.stream_shows, "camfile", metrics__starts_total=5), *killed("cam1", 3),
        do(Bench.file_fails), do(Bench.stream_shows, "camfile", metrics__recovery_failed_total=3),
        do(Bench.signal_stream, signal.SIGKILL), "slo_stream_killed", "monitor_streams_cam1_after_kills",
        do(Bench.not_checked_since, "cam1", "camfile"),
    )),
    "a hung stream after a slow call": Scenario(replace(STREAMING, plc="2"), (
        "camera_start_ok", do(Bench.signal_stream, signal.SIGSTOP), on_plc("hang"), "route_test_plc_silent",
        "monitor_slo_stream_hung",
    )),
    "a restart leaves its streams behind": Scenario(STREAMING, (
        "camera_start_ok", do(Bench.stream_processes, 1), do(Bench.post, "/api/admin/service/restart", {"delay": 1}),
        do(Bench.restarted), do(Bench.stream_processes, 1), "camera_start_after_restart",
        do(Bench.stream_processes, 2), "camera_stop_after_restart", do(Bench.stream_processes, 1),
    )),
    "variables": Scenario(Plant(), (
        "variables_write_bool_ok", do(Bench.plc_holds, "MAIN.bTest", True), "variables_read_cached",
        "variables_read_uncached", "variables_read_cached_after_uncached", "variables_read_other_uncached",
        "variables_read_never_written", "variables_read_never_written_2nd", "variables_read_unknown_symbol",
        "variables_read_missing_field", "variables_write_nCounter", "variables_write_nTotal", "variables_write_rTemp",
        "variables_write_lrEnergy", "variables_write_sText", do(Bench.plc_holds, "MAIN.sText", "abc"),
        "variables_write_gateway", "variables_read_gateway", "variables_read_gateway_unknown",
        "variables_write_missing_field", "variables_write_unknown_symbol", "variables_write_wrong_plc_id",
        "variables_write_wrong_type", "variables_write_alias",
        "variables_write_out_of_range", do(Bench.plc_holds, "MAIN.nCounter", -31073),
        "variables_write_null", do(Bench.plc_holds, "MAIN.bTest", False), "variables_write_back", "slo_dead_source",
    )),
    "connecting": Scenario(Plant(), (
        "plc_connect_ok", "plc_connect_ok_again", "plc_connect_missing", "plc_config_get_after_connect",
        "plc_config_post", "plc_config_get_after_post", "plc_connect_bad_port_value", "plc_connect_unknown_runtime",
        "plc_connect_tc2", "plc_connect_back",
        do(Bench.post, "/api/variables/write", {"variable": "GATEWAY.a", "value": 1}),
        do(Bench.post, "/api/variables/write", {"variable": "GATEWAY.b", "value": 1}),
        do(Bench.post, "/api/variables/write", {"variable": "MAIN.bTest", "value": 1, "plc_id": "plc_999"}),
        DISCONNECT, do(Bench.writes, 1), do(Bench.connect),  # a failure that is over
        do(Bench.writes, 1), "plc_connect_wrong_port", "system_status_after_wrong_port", "variables_write_wrong_port",
        "plc_connect_refused", "system_status_after_refused", "debug_config_after_refused", "plc_connect_bad_netid",
        "plc_connect_garbage_netid", "plc_connect_ip_ignored", "variables_write_after_ip_ignored",
        "plc_connect_wrong_netid_same_ip", "variables_write_wrong_netid", "plc_disconnect", "plc_disconnect_again",
    )),
    "never connected, then a silent PLC and an ADS error": Scenario(Plant(target=False), (
        "system_status_disconnected", "variables_write_disconnected", "variables_read_disconnected", do(Bench.connect),
        "system_status_after_connect", "variables_write_bool_ok",
        on_plc("hang"), "variables_write_plc_silent", on_plc("heal"),
        on_plc("state", value="CONFIG"), "variables_write_ads_error", on_plc("state", value="RUN"),
        "variables_read_after_failed_write", "admin_logs_after_plc_errors",
        on_plc("hang"), "route_test_plc_silent", on_plc("heal"), "variables_write_after_silent",
    )),
    "route tests": Scenario(Plant(), (
        "route_test_ok", "variables_write_after_route_test", "route_test_missing_ip", "route_test_missing_netid",
        "route_test_bad_netid_syntax", "route_test_refused", "route_test_netid_bound_to_other_ip",
        "variables_write_after_route_tests",
    )),
    "route tests with the wrong port or NetId": Scenario(Plant(plc="3"), (
        "route_test_wrong_port", "route_test_wrong_netid", "write_after_wrong_tests",
    )),
    "route test without a port, PLC of TwinCAT 2": Scenario(Plant(runtime_type="TC2"), ("route_test_default_port",)),
    "PLC without our route": Scenario(Plant(plc="3", route=False, target=False), (
        "route_missing_test", "route_missing_connect", "route_missing_status", "route_missing_write",
        "route_add_missing_local_ams_net_id", "route_add_missing_plc_ams_net_id", "route_add_missing_plc_ip",
        "route_add_missing_username", "route_add_missing_password", "route_add_bad_netid",
        "route_add_wrong_password", do(Bench.plc_routes), "route_add_ok", do(Bench.plc_routes, "127.0.0.1.1.1"),
        "route_add_again", "route_status_after_add", "route_test_after_add", "connect_after_add", "write_after_add",
    )),
    "adding routes where nobody answers": Scenario(Plant(plc="3", target=False), (
        "route_add_unreachable_plc", "route_add_no_local_ip",
        on_plc("hang"), "route_add_plc_silent", on_plc("heal"),
        "route_add_other_local_netid", "route_status_after_other_local_netid",
    )),
    "PLC gone after a route was added": Scenario(Plant(plc="3", **QUICK_BREAKER), (
        do(Bench.add_route), do(Bench.connect), do(Bench.kill_plc), do(Bench.writes, 6),
        do(Bench.breaker_state, "half_open"),
        "plc_gone_system_status", "plc_gone_write", "plc_gone_system_status_after_write", "plc_gone_connect",
        "plc_gone_status_after_connect", "plc_gone_route_test", "plc_gone_read",
        do(Bench.start_plc), "plc_back_connect", "plc_back_write", "plc_back_write2", "plc_back_route_test",
    )),
    "seq1 and seq2: add in the safe order, then the PLC restarts": Scenario(Plant(plc="3", route=False, target=False), (
        DISCONNECT, "seq1_2_route_add", "seq1_3_route_test", "seq1_4_connect", "seq1_5_write",
        do(Bench.kill_plc), do(Bench.start_plc), "seq2_1_write_after_plc_restart", "seq2_2_connect", "seq2_3_write",
        "seq2_4_route_test", DISCONNECT, "seq2_6_connect_after_disconnect", "seq2_7_write",
    )),
    "seq3: the PLC dies and comes back, no add before": Scenario(Plant(plc="3", **QUICK_BREAKER), (
        do(Bench.writes, 1), do(Bench.kill_plc), "seq3_2_status", "seq3_3_write", "seq3_4_connect", "seq3_5_status",
        "seq3_5b_route_test", do(Bench.start_plc), "seq3_6_connect", "seq3_7_write",
    )),
    "seq4: the PLC restarts, no add before": Scenario(Plant(plc="3"), (
        do(Bench.writes, 1), do(Bench.kill_plc), do(Bench.start_plc), "seq4_1_write", "seq4_2_write_again",
        "seq4_3_route_test_while_dead", "seq4_4_connect", "seq4_5_write", "seq4_6_route_test",
    )),
    "write breaker": Scenario(Plant(**QUICK_BREAKER), (
        DISCONNECT, "breaker_fail_1", do(Bench.writes, 3), "breaker_fail_5", "variables_write_breaker_open",
        "system_status_breaker_open", do(Bench.connect), "variables_write_breaker_open_after_connect",
        do(Bench.breaker_state, "half_open"), "system_status_breaker_half_open", "variables_write_breaker_recovers",
        "system_status_breaker_closed",
        DISCONNECT, do(Bench.writes, 5), do(Bench.connect), do(Bench.breaker_state, "half_open"),
        "breaker_half_open_unknown_symbol", "breaker_wedged_write", "breaker_wedged_status",
        do(Bench.recovery_time_over), "breaker_wedged_write_later",
    )),
}

#: Takes the kernel's two minutes; runs in a file of its own.
BLACKHOLE = Scenario(Plant(plc="4", more_plcs=("77",), **KEYLESS), (
    "route_test_ip_blackholed", "during_blackhole_status", "during_blackhole_connect", "during_blackhole_write",
    "during_blackhole_route_status",
))
