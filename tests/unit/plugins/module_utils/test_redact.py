# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redaction: canaries in every place and every written form a secret can take."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._redact import MASK, scrub, secrets_in

CANARY = 'c@n/a"r\\y ü&<+%\'1'
WRITTEN = {
    "plain": CANARY,
    "url": urllib.parse.quote(CANARY, safe=""),
    "url path": urllib.parse.quote(CANARY),
    "url small hex": urllib.parse.quote(CANARY, safe="").replace("%C3%BC", "%c3%bc").replace("%2F", "%2f"),
    "form": urllib.parse.urlencode({"x": CANARY})[2:],
    "json": json.dumps(CANARY)[1:-1],
    "json utf-8": json.dumps(CANARY, ensure_ascii=False)[1:-1],
    "json in json": json.dumps(json.dumps({"x": CANARY})),
    "python": repr(CANARY)[1:-1],
    "yaml": CANARY.replace("'", "''"),
    "html": html.escape(CANARY),
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "base64 of user and password": base64.b64encode(f"admin:{CANARY}".encode()).decode(),
    "base64 within more": base64.b64encode(f"{{'k': '{CANARY}'}}".encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(f"x{CANARY}".encode()).decode(),
    "hexadecimal": CANARY.encode().hex(),
    "hexadecimal in capitals": CANARY.encode().hex().upper(),
}


# Six letters in the middle of the secret, wherever it begins within base64.
INNER_BASE64 = [base64.b64encode(bytes(before) + CANARY.encode())[8:14].decode() for before in range(3)]


def spellings(secret: str) -> set[str]:
    """Every fragment of a few characters that would give the secret away."""
    return {secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}


# --- secrets_in ------------------------------------------------------------------------------------------------------


def test_every_leaf_is_a_secret_but_short_ones_user_names_and_flags() -> None:
    tree = {
        "line3": {"operator_key": "opkey", "plc_username": "line3", "plc_password": 123456, "enabled": True, "x": None},
        "line1": [{"admin_key": "adkey", "username": "Administrator", "plc_password": "1"}, ("tuple", 1.25)],
    }
    assert secrets_in(tree, " padded ", None, 5) == {
        "opkey", "123456", "adkey", "tuple", "1.25", " padded ", "padded"
    }  # fmt: skip


# --- known secrets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_secret_is_found_in_every_written_form(written) -> None:
    clean = scrub(f"before {written} after", {CANARY})
    assert MASK in clean
    traces = ("612272", "a\"r", "a%22r", "a\\\"r", "a&quot;r", "%FC", "c%40n", "c@n")
    assert not any(form in clean for form in (*INNER_BASE64, *traces))
    assert clean.startswith("before ") and clean.endswith(" after")


def test_nested_structures_keep_their_shape() -> None:
    tree = {
        "a": [("x canary", {"deep": {"canary-key": 1}}), {"canary"}, frozenset(["canary"])],
        "canary": b"\xffcanary",
        "n": [1, 1.5, True, None],
    }
    assert scrub(tree, {"canary"}) == {
        "a": [("x ***", {"deep": {"***-key": 1}}), {"***"}, frozenset(["***"])],
        "***": b"\xff***",
        "n": [1, 1.5, True, None],
    }


def test_two_keys_that_become_the_same_are_both_kept() -> None:
    assert sorted(scrub({"canary1": "a", "canary2": "b"}, {"canary1", "canary2"}).values()) == ["a", "b"]


def test_numbers_that_are_secrets() -> None:
    assert scrub([123456, 12345, 1.25, True], {"123456", "1.25", "True"}) == [MASK, 12345, MASK, True]


def test_a_longer_secret_leaves_no_tail() -> None:
    assert scrub("canary-long canary", {"canary", "canary-long"}) == "*** ***"


def test_short_secrets_do_not_destroy_the_output() -> None:
    assert scrub("1 line of 10", {"1", ""}) == "1 line of 10"


def test_an_unchanged_text_is_the_same_object() -> None:
    class Tagged(str):
        """As Ansible marks where a text comes from."""

    text = Tagged("nothing here")
    assert scrub([text], {"canary"})[0] is text


def test_data_deeper_than_any_answer_is_dropped_rather_than_shown() -> None:
    tree: object = "canary"
    for dummy in range(5000):
        tree = [tree]
    assert "canary" not in repr(scrub(tree, {"canary"}))


# --- secrets nobody told us ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:canary@10.0.0.9:554/s1",
        "rtsp://admin:can@ry/canary?@10.0.0.9/s1",
        "http://admin:can@ry/canary?@10.0.0.9/s1",
        "rtsp://admin:can ary'\"canary@10.0.0.9/s1",
        "Stream failed for rtsp://admin:canary@10.0.0.9/s1, retry",
        "two: http://u:canary@h1/ and RTSPS://u:canary@h2/",
        '{"url": "rtsp:\\/\\/admin:canary@10.0.0.9\\/s1"}',
        "ffmpeg -i rtsp://canary@10.0.0.9/s1 -c copy",
    ],
)
def test_user_and_password_in_any_url(text) -> None:
    clean = scrub({"leaf": text})["leaf"]
    assert not any(part in clean for part in ("canary", "can@", "ry/"))
    assert MASK + "@" in clean


@pytest.mark.parametrize("text", ["http://10.0.0.1:5000/a?b=c", "mail ops@plant.example", "see rtsp://10.0.0.9/s1", "a@b:c"])
def test_urls_and_addresses_without_credentials_stay(text) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "password", "Password", "plc_password", "rtspPassword", "api_key", "apiKey", "X-API-Key", "token", "refresh_token",
        "refreshToken", "raw_key", "secret", "client_secret", "operator_key", "admin_key", "Authorization", "lineops_secrets",
        "passwort", "rtsp_pass", "Cookie", "credentials", "SECRET_KEY", "SMARTHOME_ADMIN_API_KEY", "accessKey",
    ],
)  # fmt: skip
def test_values_of_telling_keys(key) -> None:
    assert scrub({key: "canary"}) == {key: MASK}
    assert scrub({key: 1234}) == {key: MASK}
    assert scrub({key: {"a": ["canary", 12, True, None]}}) == {key: {"a": [MASK, MASK, True, None]}}
    assert scrub({key: ""}) == {key: ""}


@pytest.mark.parametrize("key", ["key", "idempotency_key", "key_prefix", "tokens_left", "password_set", "monkey", "username"])
def test_values_of_harmless_keys_stay(key) -> None:
    assert scrub({key: "value"}) == {key: "value"}


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/admin/logs?api_key=canary&limit=1",
        "GET /x?a=b&token=canary",
        "tool --password=canary -v",
        '{"action": "login", "refresh_token": "canary", "n": 1}',
        "{'api_key': 'canary', 'n': 1}",
        json.dumps({"message": json.dumps({"raw_key": 'can\\"canary'})}),
        '{"password": "a\\"canary"}',
        "X-API-Key: canary",
        "{'Authorization': 'Bearer canary'}",
        "Proxy-Authorization: Digest username=\"a\", realm=\"b\", response=\"canary\"",
        "Set-Cookie: session=canary; Path=/; id=canary",
        "{'Cookie': 'a=canary; b=canary', 'n': 1}",
        "sent with Bearer canary-0123456789abcdef",
        "SECRET_KEY=canary",
        "SMARTHOME_ADMIN_API_KEY=canary",
        "http://10.0.0.9/cgi?usr=admin&pass=canary&ch=1",
        "Kennwort=canary",
        "/usr/bin/bridge --ring-token canary --port 8554",
        "new key shk_canaryCANARY0123_-x was made",
        "token of Ring: eyJydCI6ImNhbmFyeSJ9canary+/== ok",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjYW5hcnkifQ.canary-_canary",
    ],
)
def test_secrets_inside_texts(text) -> None:
    clean = scrub([text])[0]
    assert "canary" not in clean.lower()
    assert MASK in clean


@pytest.mark.parametrize(
    "text",
    [
        "The password: set plc_password in lineops_secrets, then the token is not needed (api_key missing).",
        "The cookie: none was set. Bearer tokens are not used here.",
        "tests: bypass=1 compass=2, 3 pass",
        "shk_...XXXX is the prefix of a key, eyJ is none",
        "tool --password --verbose",
    ],
)
def test_sentences_about_passwords_stay_readable(text) -> None:
    assert scrub(text) == text


def test_short_secrets_are_not_looked_for_in_base64() -> None:
    """Four letters of base64 stand in every hash and every picture."""
    assert scrub("x" + base64.b64encode(b"abcd").decode()[:5] + "x", {"abcd"}) == "x" + "YWJjZ" + "x"


# --- properties ------------------------------------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner))


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {"dict": [_shape(item) for item in value.values()]}
    if isinstance(value, (list, tuple)):
        return type(value)(_shape(item) for item in value)
    return "leaf"


@given(TREES, st.sets(st.text(min_size=4), max_size=3))
def test_any_tree_keeps_its_shape_and_loses_its_secrets(tree, secrets) -> None:
    clean = scrub(tree, secrets)
    assert _shape(clean) == _shape(tree)


@given(st.text(min_size=5, alphabet=st.characters(exclude_characters="*", exclude_categories=("Cs",))), st.text())
def test_any_secret_disappears_in_its_common_forms(secret, around) -> None:
    around = around.replace(secret, "")
    for written in spellings(secret):
        clean = scrub({"k": [around + " " + written + " " + around]}, {secret})
        assert written not in repr(clean) or written in repr(around + MASK + around)


@pytest.mark.parametrize(
    "text",
    ["a://" * 200_000, "a://" * 200_000 + "@", '"' * 500_000, "token" * 100_000, '"token":"' * 60_000,
     "password=" * 60_000, "Cookie:" * 60_000, " --" * 100_000, " -token" * 60_000,
     "eyJ" * 100_000, " eyJ" * 100_000, "a.eyJ." * 60_000],
    ids=["schemes", "schemes and at", "quotes", "words", "json", "assignments",
         "cookies", "dashes", "options", "base64", "base64 words", "dots"],
)
def test_hostile_text_costs_linear_time(text) -> None:
    began = time.monotonic()
    scrub(text, {"canary"})
    # Measured below 1 s; a quadratic rule takes minutes.
    assert time.monotonic() - began < 30
