# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes secrets out of everything that leaves the collection (private to this collection, DESIGN §7.11)."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import typing as t
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

MASK = "***"

# Shorter secrets would mask half of every text ("1" is a real TwinCAT default password).
_MIN_LENGTH = 4
# Deeper data is no answer of a supervisor; what lies below is dropped rather than shown unchecked.
_MAX_DEPTH = 100

# User names are no secrets, and masking one like "line3" would break host names.
_USER_KEY = re.compile(r"(^|_)user(_?name)?$")
_SECRET_KEY = re.compile(
    r"(^|_)(password|passwd|passwort|kennwort|pwd|pass|passphrase|authorization|cookie|credentials?|secrets?|token"
    r"|(api|operator|admin|master|raw|private|secret|access)_?key)$"
)
_CAMEL_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# A camera URL that is a whole leaf: its password may hold blanks and quotes.
_CAMERA_URL = re.compile(r"\A(rtsps?://)[^\n]*@", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"'<>]+")
_SCHEME_END = re.compile(r":(?:\\?/){2}")

_SECRET_WORD = (
    r"(?:password|passwd|passwort|kennwort|pwd|passphrase|(?<![a-z])pass|token|secret"
    r"|(?:api|operator|admin|master|raw|private|secret|access)[_-]?key)"
)
# Base64 text of fewer letters is also found by accident.
_MIN_BASE64 = 6
# (what to look for, what stays). Quantifiers are bounded, so that hostile text costs linear time.
_ASSIGNMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    # api_key=K in a query, password=K in a command line
    (re.compile(r"(" + _SECRET_WORD + r"=)[^\s&\"'<>#;,]+", re.IGNORECASE), r"\1" + MASK),
    # --password K in a command line
    (re.compile(r"((?<!\S)--?[a-z-]{0,40}" + _SECRET_WORD + r"\s{1,5})(?!-)\S+", re.IGNORECASE), r"\1" + MASK),
    # "password": "K" in a text that holds JSON (also escaped once more) or a Python dictionary
    (
        re.compile(
            r"((?P<q>\\{0,3}[\"'])[a-z_-]{0,40}" + _SECRET_WORD + r"(?P=q)\s{0,5}:\s{0,5}(?P=q))"
            r"(?:(?!(?<!\\)(?P=q)).){1,4000}",
            re.IGNORECASE | re.DOTALL,
        ),
        r"\1" + MASK,
    ),
    # headers as HTTP libraries print them; what Digest and cookies hold is a list
    (re.compile(r"(Authorization['\"]?\s{0,5}:\s{0,5}['\"]?Digest\s)[^\r\n]+", re.IGNORECASE), r"\1" + MASK),
    (re.compile(r"(Cookie['\"]?\s{0,5}:\s{0,5}['\"]?)[^\r\n'\"=]{1,200}=[^\r\n'\"]*", re.IGNORECASE), r"\1" + MASK),
    (
        re.compile(
            r"((?:X-API-Key|Authorization)['\"]?\s{0,5}:\s{0,5}['\"]?(?:Bearer\s|Basic\s)?)[^\s'\",]+", re.IGNORECASE
        ),
        r"\1" + MASK,
    ),
    (re.compile(r"(\bBearer\s{1,5})[\w.~+/=-]{16,}", re.IGNORECASE), r"\1" + MASK),
    # managed keys of the supervisor (SUPERVISOR_API §1); their prefix with dots, as it lists them, is no secret
    (re.compile(r"(?<![A-Za-z0-9])(shk_)[\w-]{8,}"), r"\1" + MASK),
    # JSON in base64: what a Ring refresh token and every JSON web token begin with
    (re.compile(r"(?<![\w+/-])eyJ[\w+/-]{17,}={0,2}(?:\.[\w+/=-]+)*"), MASK),
)


def secrets_in(*trees: t.Any) -> frozenset[str]:
    """Collect the secret values of ``lineops_secrets``-like mappings.

    :arg trees: nested mappings and lists; every text or number of at least 4 characters in them is a secret, except
        values of keys that name a user. YAML text has to be parsed by the caller first.
    :returns: the values as text. Shorter ones are left out: masking them would make every output unreadable.
    """
    found: set[str] = set()
    for tree in trees:
        _collect(tree, found, 0)
    return frozenset(found)


def scrub(value: t.Any, secrets: t.Iterable[str] = ()) -> t.Any:
    """Return ``value`` in the same shape, without secrets.

    Masked are: the given secrets in every text and dictionary key, also URL-encoded, JSON-, YAML- or HTML-escaped, in
    hexadecimal or base64; ``user:password@`` in any URL (SUPERVISOR_API quirk 19); values of keys named like password,
    api_key, token, raw_key, refresh_token or secret, also inside texts that hold JSON, a query, a command line or HTTP
    headers; the supervisor's managed keys and JSON in base64 (Ring and web tokens) anywhere.

    What no rule can know stays: a secret that was not given and stands in plain words, or one that is compressed,
    encrypted or split over lines.

    :arg value: JSON-like data. Mappings come back as ``dict``; what is neither container, text, bytes nor number is
        returned as it is.
    :arg secrets: the values from :func:`secrets_in`; those under 4 characters are ignored.
    """
    return _Scrubber(frozenset(secret for secret in secrets if len(secret) >= _MIN_LENGTH)).walk(value, False, 0)


def _collect(tree: t.Any, found: set[str], depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if not _USER_KEY.search(_key_name(key)):
                _collect(value, found, depth + 1)
    elif isinstance(tree, (list, tuple, set, frozenset)):
        for value in tree:
            _collect(value, found, depth + 1)
    elif isinstance(tree, (str, int, float)) and not isinstance(tree, bool):
        found.update(form for form in (str(tree), str(tree).strip()) if len(form) >= _MIN_LENGTH)


class _Scrubber:
    """One walk over a tree: knows the secrets and the pattern that finds all their written forms."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets
        self._pattern = _pattern(secrets)

    def walk(self, value: t.Any, hide: bool, depth: int) -> t.Any:
        """``hide``: a key above said that everything in here is secret."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return MASK if hide and value else self._text(value)
        if isinstance(value, (int, float)):
            return MASK if hide or str(value) in self._secrets else value
        if isinstance(value, (bytes, bytearray)):
            text = self.walk(value.decode("utf-8", "surrogateescape"), hide, depth)
            return type(value)(text.encode("utf-8", "surrogateescape"))
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return value
        if depth >= _MAX_DEPTH:
            return MASK
        if isinstance(value, Mapping):
            return self._mapping(value, hide, depth)
        kind = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
        return kind(self.walk(item, hide, depth + 1) for item in value)

    def _mapping(self, value: Mapping[t.Any, t.Any], hide: bool, depth: int) -> dict[t.Any, t.Any]:
        result: dict[t.Any, t.Any] = {}
        for key, item in value.items():
            clean = self.walk(key, False, depth + 1) if isinstance(key, (str, int, float)) else key
            # Two keys may become the same: keep both entries.
            while clean != key and clean in result:
                clean = f"{clean}*"
            result[clean] = self.walk(item, hide or bool(_SECRET_KEY.search(_key_name(key))), depth + 1)
        return result

    def _text(self, text: str) -> str:
        """An unchanged text comes back as the same object, so that Ansible's tags on it survive."""
        clean = self._pattern.sub(MASK, text) if self._pattern else text
        if "@" in clean:
            clean = _WORD.sub(_mask_user_info, _CAMERA_URL.sub(r"\1" + MASK + "@", clean))
        for pattern, replacement in _ASSIGNMENTS:
            clean = pattern.sub(replacement, clean)
        return text if clean == text else clean


def _mask_user_info(match: re.Match[str]) -> str:
    """Mask up to the last ``@`` of a word that holds a URL: camera passwords hold "@", "/" and "?" unescaped."""
    word = match.group()
    scheme_end = _SCHEME_END.search(word)
    at = word.rfind("@")
    if scheme_end is None or at < scheme_end.end():
        return word
    return word[: scheme_end.end()] + MASK + word[at:]


def _key_name(key: t.Any) -> str:
    return _CAMEL_BORDER.sub("_", str(key)).lower().replace("-", "_")


@functools.lru_cache(maxsize=32)
def _pattern(secrets: frozenset[str]) -> t.Optional[re.Pattern[str]]:
    """One expression for every written form, longest first, so that no form leaves the tail of a longer one."""
    forms = {form for secret in secrets for form in _forms(secret)}
    if not forms:
        return None
    return re.compile("|".join(sorted(forms, key=lambda form: (-len(form), form))))


def _forms(secret: str) -> set[str]:
    """Expressions for the ways a secret is written; hexadecimal digits of URLs in either case."""
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    plain = {secret, repr(secret)[1:-1], secret.replace("'", "''"), html.escape(secret), *escaped}
    plain |= {json.dumps(form)[1:-1] for form in escaped}
    # A lone surrogate cannot be written in a URL.
    text = secret.encode("utf-8", "replace").decode("utf-8")
    encoded = {quote(text, ""), quote(text), quote_plus(text)}
    any_case = {re.sub("%([0-9A-F]{2})", r"%(?i:\1)", re.escape(form)) for form in encoded}
    any_case.add(f"(?i:{text.encode().hex()})")
    return {*map(re.escape, plain | _base64_forms(text.encode())), *any_case}


def _base64_forms(secret: bytes) -> set[str]:
    """The letters that only the secret decides, wherever it begins within base64 (``user:password``)."""
    found = set()
    for before in range(3):
        letters = base64.b64encode(bytes(before) + secret).decode()
        own = letters[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6]
        if len(own) >= _MIN_BASE64:
            found |= {own, own.replace("+", "-").replace("/", "_")}
    return found
