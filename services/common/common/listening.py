"""Ceasing to listen without resetting anybody.

A listening socket that is closed resets the connections that the kernel has made and nobody has accepted
yet. A proxy has sent its request by then, and may not send a POST twice. So first no new connection is made
(the peer's SYN gets no answer, and it turns to another replica), then what is waiting is accepted, and only
then the socket is closed.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterable

SETTLE_SECONDS = 0.2  # for what was being made to arrive, and for the loop to accept it
SO_ATTACH_FILTER = 26  # Linux, socket(7); Python has no name for it
RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)  # classic BPF: `ret #0`, take no packet


async def cease(listeners: Iterable[int]) -> None:
    """Make no further connection on these file descriptors, and let the loop accept the last ones."""
    program = ctypes.create_string_buffer(RETURN_NOTHING)
    attached = struct.pack("HP", 1, ctypes.addressof(program))
    for descriptor in listeners:
        # Where there is no such filter (not Linux), closing is as abrupt as ever.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, attached)
    await asyncio.sleep(SETTLE_SECONDS)
