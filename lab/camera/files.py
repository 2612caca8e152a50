# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.camera.files CONFIG.json``: what ``rtsp.py`` does, on machines without GStreamer's packages.

RTSP and RTP are those of the PyPI package aio-rtsp-toolkit, which can be had without root. ffmpeg makes a short film beside
CONFIG.json, and every viewer is shown it round and round from its beginning. The troubles and signals are the same: "ready"
is printed when all sources listen, SIGHUP lets them look at their trouble files again, SIGSTOP stalls them.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGHUP, signal.SIG_IGN)  # one that comes while this starts must not end it

# pylint: disable=wrong-import-position
import asyncio  # noqa: E402
import base64  # noqa: E402
import itertools  # noqa: E402
import logging  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from contextlib import suppress  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

import av  # noqa: E402
from aio_rtsp_toolkit.server import RtspServer  # noqa: E402
from aio_rtsp_toolkit.server_session import RtspServerSession  # noqa: E402
from aio_sockets import TCPSocket  # noqa: E402

from ..supervisor.streams import ffmpeg  # noqa: E402
from .trouble import FRAMES_PER_S, HEIGHT, WIDTH, Trouble, cannot_listen, sources  # noqa: E402

FILM_S = 20
#: Its frames come in the order they are shown in, and the first of each second is a key frame: so round can follow round.
_ENCODER = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "200k", "-bf", "0",
            "-g", str(FRAMES_PER_S), "-keyint_min", str(FRAMES_PER_S), "-sc_threshold", "0")


def make_film(path: Path) -> None:
    """Write the picture that all sources show."""
    picture = f"testsrc=size={WIDTH}x{HEIGHT}:rate={FRAMES_PER_S}:duration={FILM_S}"
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i", picture, *_ENCODER, str(path)]
    subprocess.run(command, executable=ffmpeg(), stdin=subprocess.DEVNULL, check=True)


class Viewer(RtspServerSession):
    """Somebody who is connected to a source."""

    server: Source

    async def _handle_describe(self, uri: str, req_headers: dict[str, str]) -> None:
        if self.server.admits(req_headers.get("authorization", "")):
            await super()._handle_describe(uri, req_headers)
        else:
            await self._send_response(
                req_headers, 401, "Unauthorized", {"WWW-Authenticate": f'Basic realm="{self.server.session_name}"'})

    async def _stream_media(self) -> None:
        """Show the film without end, its time stamps going on from round to round.

        In place of the library's, which takes a thread per viewer out of the few there are and reads the file by polling.
        """
        (state,) = self.track_states.values()
        trouble = self.server.trouble
        with suppress(ConnectionError):
            # From 1 on: to ffmpeg, an RTP time stamp of 0 is none, and it gives the next one the same time.
            for number, frame in zip(itertools.count(1), itertools.cycle(self.server.frames)):
                if number % FRAMES_PER_S == 0:
                    await asyncio.sleep(trouble.pause_s)
                time_s = number / FRAMES_PER_S
                if number > 1 and trouble.now.get("frozen"):
                    await self._sleep_until_media_time(state, time_s)
                else:
                    await self._send_video_packet(state, frame, time_s, 0.0, number % FRAMES_PER_S == 1)

    def cut_off(self) -> None:
        """End the connection now, also that of one who does not read what is sent."""
        self.sock.writer.transport.abort()


class Source(RtspServer):
    """A camera that serves one path."""

    def __init__(self, config: dict[str, Any], film: Path, frames: list[bytes]) -> None:
        super().__init__(str(film.parent), config["address"], config["port"], "camera")
        self.logger = logging.getLogger("camera")  # warnings only; the library's prints every request
        self.config, self.frames, self.trouble = config, frames, Trouble(config)
        self.told = asyncio.Event()  #: the trouble file is to be looked at again
        self._film = film
        self._viewers: set[Viewer] = set()

    def admits(self, authorization: str) -> bool:
        """May one who says this watch?"""
        login = self.trouble.login
        return login is None or authorization == "Basic " + base64.b64encode(":".join(login).encode()).decode()

    def resolve_request_path(self, uri: str) -> Path:
        """The film, if the address is this camera's; FileNotFoundError is the library's 404."""
        if urlsplit(uri).path.rstrip("/") != self.config["path"]:
            raise FileNotFoundError(uri)
        return self._film

    async def _handle_client(self, sock: TCPSocket) -> None:
        viewer = Viewer(self, sock)
        if self._server is None:  # it came as the camera went
            viewer.cut_off()
            return
        self._viewers.add(viewer)
        try:
            with suppress(ConnectionError):
                await viewer.run()
        finally:
            self._viewers.discard(viewer)

    async def follow(self) -> None:
        """Be as the trouble file says, from each look at it to the next."""
        while True:
            try:
                await asyncio.wait_for(self.told.wait(), self.trouble.now.get("flap_s"))
            except TimeoutError:
                await self._listen(self._server is None)
            else:
                self.told.clear()
                await self.look_again()

    async def look_again(self) -> None:
        """Be as the trouble file says now."""
        if self.trouble.look_again():
            await self._listen(not self.trouble.now.get("gone"))
            if self.trouble.parts:
                self._part()

    async def _listen(self, on: bool) -> None:
        if on and self._server is None:
            await self.start()
        elif not on and self._server is not None:
            server, self._server = self._server, None
            for listening in server.sockets:
                asyncio.get_running_loop().remove_reader(listening)
            await asyncio.sleep(0)  # what is being accepted gets to _handle_client; asyncio would forget it, open, after close()
            server.close()
            self._part()

    def _part(self) -> None:
        """End all connections."""
        for viewer in self._viewers:
            viewer.cut_off()


async def serve(film: Path) -> None:
    """Serve until a signal; the program ends if a port cannot be had."""
    with av.open(str(film)) as container:
        frames = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    cameras = [Source(config, film, frames) for config in sources()]

    def look_again() -> None:
        for camera in cameras:
            camera.told.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look_again)
    for camera in cameras:
        try:
            await camera.start()
        except OSError:
            sys.exit(cannot_listen(camera.config))
        await camera.look_again()
    print("ready", flush=True)
    await asyncio.gather(*(camera.follow() for camera in cameras))


def main() -> None:
    """Make the film and show it."""
    film = Path(sys.argv[1]).with_suffix(".mp4")
    make_film(film)
    asyncio.run(serve(film))


if __name__ == "__main__":
    main()
