# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server on loopback: speaks SMTP (RFC 5321) as far as tests need it, with STARTTLS or TLS from the start."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage


class Mailbox:
    """tls: "starttls", "implicit" or "none"; login: name and password that it wants. mails: what it took; talk: what it was told."""

    def __init__(self, tls: str, context: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, *, mute: bool = False) -> None:
        self._tls, self._context, self._login, self._mute = tls, context, login, mute
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.talk: list[str] = []
        self.refused_recipients: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Mailbox:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *dummy: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def _run(self) -> None:
        at_once = self._context if self._tls == "implicit" else None
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=at_once))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mute:
            await asyncio.sleep(3600)
        secure, known = self._tls == "implicit", self._login is None
        sender, recipients = "", []

        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 mailbox.example ESMTP")
        while line := (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            self.talk.append(("secure: " if secure else "clear: ") + line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["mailbox.example", "8BITMIME", "SMTPUTF8", *(["STARTTLS"] if self._tls == "starttls" and not secure else []),
                          *(["AUTH PLAIN"] if self._login else [])]
                for number, offer in enumerate(offers):
                    say(f"250{' ' if number == len(offers) - 1 else '-'}{offer}")
            elif verb == "STARTTLS":
                say("220 go ahead")
                await writer.drain()
                await writer.start_tls(self._context)
                secure = True
            elif verb == "AUTH":
                given = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
                known = tuple(given) == self._login
                say("235 good" if known else "535 5.7.8 authentication failed")
            elif verb == "MAIL":
                sender, recipients = line.split("<")[1].split(">")[0], []
                say("250 ok" if known else "530 5.7.0 authentication required")
            elif verb == "RCPT":
                address = line.split("<")[1].split(">")[0]
                if address in self.refused_recipients:
                    say("550 5.1.1 no such user")
                else:
                    recipients.append(address)
                    say("250 ok")
            elif verb == "DATA":
                say("354 go ahead")
                content = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                self.mails.append(message_from_bytes(content, policy=policy.default))
                self.envelopes.append((sender, recipients))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok" if verb in ("RSET", "NOOP") else "502 5.5.1 not known")
            await writer.drain()
        writer.close()
