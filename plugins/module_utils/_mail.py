# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one mail (smtplib), within one time limit. Private to this collection."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
import typing as t
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from ._errors import LineopsError

PORTS = {"starttls": 587, "implicit": 465, "none": 25}


def mail_of(sender: str, recipients: t.Sequence[str], subject: str, text: str, key: str) -> EmailMessage:
    """Return a mail. key: the same for a mail that is sent again, so that a mailbox can tell.

    Raises LineopsError (delivery.address): the email package refuses a header with a line end, and an address that is none.
    """
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"], mail["To"] = sender, ", ".join(recipients)
        mail["Subject"], mail["Date"] = subject, formatdate()
        mail["Message-ID"] = f"<{re.sub('[^A-Za-z0-9-]+', '.', key).strip('.')}@lineops.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError) as error:
        raise LineopsError("delivery.address", "Sender, recipients and subject of the mail cannot be its headers.") from error
    mail.set_content(text)
    return mail


class Mailer:
    """A mail server.

    tls: "starttls", "implicit" or "none"; a name and password are never sent without TLS. timeout_s: for all of it.
    """

    def __init__(
        self, server: str, port: int | None, tls: str, *, username: str | None = None, password: str | None = None,
        ca: str | None = None, timeout_s: float = 10.0,
    ) -> None:
        self._address = (server, port or PORTS[tls])
        self._tls, self._login = tls, (username, password) if username else None
        self._ca, self._timeout_s = ca, timeout_s
        if self._login and tls == "none":
            raise LineopsError("delivery.clear_text", "A password is not sent to a mail server without TLS.", "Set tls to starttls or implicit.")

    def send(self, mail: EmailMessage) -> None:
        """Send it; all recipients must be taken. Raises LineopsError: delivery.unreachable, .refused, .rejected, .failed."""
        where = f"The mail server {self._address[0]}:{self._address[1]}"
        try:
            with self._connected() as server, _ended_after(server, self._timeout_s):
                if self._tls == "starttls":
                    server.starttls(context=self._context())
                if self._login:
                    server.login(*self._login)
                refused = server.send_message(mail)
        except ssl.SSLError as error:
            raise LineopsError("delivery.unreachable", f"{where} has a certificate or TLS that is not accepted.") from error
        except smtplib.SMTPAuthenticationError as error:
            raise LineopsError("delivery.refused", f"{where} does not accept name and password.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise LineopsError("delivery.refused", f"{where} does not offer what is asked for (STARTTLS, login or UTF-8).") from error
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise LineopsError("delivery.rejected", f"{where} does not take this mail for these recipients.") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:  # also an address that cannot be encoded
            raise LineopsError("delivery.unreachable", f"{where} {_words_of(error)}.") from error
        if refused:
            raise LineopsError("delivery.rejected", f"{where} took the mail for some recipients only.")

    def _connected(self) -> smtplib.SMTP:
        if self._tls == "implicit":
            return smtplib.SMTP_SSL(*self._address, timeout=self._timeout_s, context=self._context())
        return smtplib.SMTP(*self._address, timeout=self._timeout_s)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca)


@contextlib.contextmanager
def _ended_after(server: smtplib.SMTP, seconds: float) -> t.Iterator[None]:
    """End the connection when its time is up: smtplib's limit is for each piece that arrives."""

    def end() -> None:
        with contextlib.suppress(OSError, AttributeError):
            server.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words_of(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(error, socket.gaierror):
        return "has a name that cannot be resolved"
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    if isinstance(error, (smtplib.SMTPServerDisconnected, ConnectionError)):
        return "dropped the connection or did not answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"failed itself (status {error.smtp_code})"
    return "does not speak SMTP as expected"
