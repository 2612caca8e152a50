# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decodes a segment of a stream in a program of its own: ffmpeg, or Python with PyAV. Private to this collection.

A segment is data of the plant, and decoders are large: it goes in by a pipe and may open nothing else; what comes out is
limited, and so is the time; the program runs at low priority, in a process group that is killed as a whole. Only whole pictures
count, up to the first with an error in it: from there on gaps are painted over. What the program says of errors is thrown away.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import typing as t
from dataclasses import dataclass

#: Where programs are that a service's short PATH leaves out.
_PATH = "/usr/local/bin:/usr/bin:/bin"
#: Pixels of the largest picture that is decoded (8K), so that a few bytes cannot claim all memory.
_MAX_PIXELS = 7680 * 4320
#: Width of the picture that is kept, and bytes that it may have; bytes that a program may write in all.
PICTURE_WIDTH, _PICTURE_MAX, _OUTPUT_MAX = 320, 65536, 16 * 1024 * 1024
#: Below everything that a plant host has to do.
_NICE = 10
#: Seconds for a program to say its version.
_VERSION_S = 5.0

_INPUT = (
    "-nostdin", "-hide_banner", "-loglevel", "quiet", "-threads", "1", "-max_pixels", str(_MAX_PIXELS), "-xerror",
    "-protocol_whitelist", "pipe", "-f", "mpegts", "-i", "pipe:0", "-map", "0:v:0", "-an", "-sn", "-dn", "-flush_packets", "1")
#: A line for each picture, and one that tells their size.
_COUNT = ("-f", "framecrc", "pipe:1")
#: All pictures as JPEGs, one after the other.
_SHOW = (
    "-vf", f"scale=w='min({PICTURE_WIDTH},iw)':h=-2:out_range=full,format=yuvj420p", "-c:v", "mjpeg", "-q:v", "5",
    "-f", "image2pipe", "pipe:1")
#: The same with PyAV, in a Python that loads nothing else: folder of the package, what to write, most pixels, width.
_SCRIPT = """
import io, sys
sys.path.append(sys.argv[1])
import av
show, most, width = sys.argv[2] == "show", int(sys.argv[3]), int(sys.argv[4])
out = sys.stdout.buffer
with av.open(io.BytesIO(sys.stdin.buffer.read()), format="mpegts", options={"protocol_whitelist": "pipe"}) as segment:
    stream = segment.streams.video[0]
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(most)}
    first, jpeg = True, None
    for frame in segment.decode(stream):
        if frame.is_corrupt:
            break
        if first and not show:
            out.write(b"#dimensions 0: %dx%d\\n" % (frame.width, frame.height))
        first = False
        if show:
            wide = min(width, frame.width) // 2 * 2
            small = frame.reformat(wide, max(2, round(frame.height * wide / frame.width / 2) * 2), "yuvj420p", dst_color_range=2)
            if jpeg is None:
                jpeg = av.CodecContext.create("mjpeg", "w")
                jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = small.width, small.height, "yuvj420p", stream.time_base
                jpeg.options = {"qmin": "5", "qmax": "5"}
            small.pts = None
            for packet in jpeg.encode(small):
                out.write(bytes(packet))
        else:
            out.write(b"0, a picture\\n")
        out.flush()
"""
_VERSION = re.compile(r"ffmpeg version (\S{1,60})")
_SIZE = re.compile(rb"^#dimensions 0: ([1-9][0-9]{0,5})x([1-9][0-9]{0,5})$", re.MULTILINE)
_PICTURE = re.compile(rb"^0, .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Decoder:
    """A program that decodes. name: with its version; count, show: its commands, which read the segment from their input."""

    name: str
    count: tuple[str, ...]
    show: tuple[str, ...]


def find_decoder(choice: str) -> t.Optional[Decoder]:
    """Return the first decoder that runs here.

    choice: auto, ffmpeg (the program, or that of imageio-ffmpeg), python (PyAV) or none.
    """
    return next(filter(None, (candidate() for candidate in _CANDIDATES[choice])), None)


def decode(decoder: Decoder, segment: bytes, limit_s: float, picture: bool = False) -> dict[str, t.Any]:
    """Decode a segment.

    limit_s: seconds that it may take; picture: whether the last picture is wanted.
    Returns pictures (number of whole ones before the first with an error), width and height (None without one), in_time, and
    jpeg (b"" without one).
    """
    told, in_time = _run(decoder.count, segment, limit_s)
    size, number = _SIZE.search(told), len(_PICTURE.findall(told))
    if not size or not number:
        return {"pictures": 0, "width": None, "height": None, "in_time": in_time, "jpeg": b""}
    width, height = map(int, size.groups())
    jpeg = _last_jpeg(_run(decoder.show, segment, limit_s)[0]) if picture else b""
    return {"pictures": number, "width": width, "height": height, "in_time": in_time, "jpeg": jpeg}


def _last_jpeg(shown: bytes) -> bytes:
    """Return the last whole one of JPEGs in a row."""
    end = shown.rfind(b"\xff\xd9") + 2
    begin = shown.rfind(b"\xff\xd8\xff", 0, end)
    return shown[begin:end] if 0 <= begin and end - begin <= _PICTURE_MAX else b""


def _of_ffmpeg(program: t.Optional[str], name: str) -> t.Optional[Decoder]:
    """Return a decoder if the program runs and says that it is ffmpeg."""
    if not program:
        return None
    said = _VERSION.match(_run((program, "-version"), b"", _VERSION_S)[0].decode("utf-8", "replace"))
    command = (program, *_INPUT)
    return Decoder(name.format(said.group(1)), (*command, *_COUNT), (*command, *_SHOW)) if said else None


def _ffmpeg() -> t.Optional[Decoder]:
    return _of_ffmpeg(shutil.which("ffmpeg", path=f"{os.environ.get('PATH', '')}:{_PATH}"), "ffmpeg {0}")


def _imageio_ffmpeg() -> t.Optional[Decoder]:
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    except Exception:  # not installed, or without a program for this machine
        return None
    return _of_ffmpeg(program, f"imageio-ffmpeg {_version_of('imageio-ffmpeg')} (ffmpeg {{0}})")


def _pyav() -> t.Optional[Decoder]:
    """The package is not loaded here: it would stay in a process that has other things to do."""
    spec = importlib.util.find_spec("av")
    if spec is None or not spec.origin:
        return None
    folder = os.path.dirname(os.path.dirname(spec.origin))
    command = (sys.executable, "-I", "-c", _SCRIPT, folder)
    limits = (str(_MAX_PIXELS), str(PICTURE_WIDTH))
    return Decoder(f"av {_version_of('av')}", (*command, "count", *limits), (*command, "show", *limits))


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


_CANDIDATES: dict[str, tuple[t.Callable[[], t.Optional[Decoder]], ...]] = {
    "auto": (_ffmpeg, _imageio_ffmpeg, _pyav),
    "ffmpeg": (_ffmpeg, _imageio_ffmpeg),
    "python": (_pyav,),
    "none": (),
}


def _run(command: t.Sequence[str], given: bytes, limit_s: float) -> tuple[bytes, bool]:
    """Return what a program wrote until it ended or was killed, and whether it was done in time; (b"", True) if it cannot run."""
    # An environment of its own: ffmpeg would write a log where FFREPORT says.
    environment = {"PATH": _PATH, "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
            start_new_session=True)
    except OSError:
        return b"", True
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    feeder = threading.Thread(target=_feed, args=(process, given), daemon=True)
    try:
        _be_nice(process)
        feeder.start()
        out = t.cast(t.IO[bytes], process.stdout).read(_OUTPUT_MAX)
    finally:
        timer.cancel()
        timer.join()
        _kill(process)
        process.wait()
        t.cast(t.IO[bytes], process.stdout).close()
    feeder.join()
    return out, not late.is_set()


def _feed(process: subprocess.Popen[bytes], given: bytes) -> None:
    try:
        with t.cast(t.IO[bytes], process.stdin) as stream:
            stream.write(given)
    except OSError:
        pass  # it ended before it had read all


def _be_nice(process: subprocess.Popen[bytes]) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    except OSError:
        pass  # it has ended already


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started. Its id is ours until it was waited for, so no other group can be meant."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
