"""Where we listen, and why we cannot: in the system's words, the same in every version of Python."""

from __future__ import annotations

import errno
import os
import socket


def place(host: str, port: int) -> str:
    """As in an address on the web: `127.0.0.1:80`, `[::1]:80`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def why_not(error: OSError | UnicodeError) -> str:
    """The reason in a few words, without the address, which whoever tells it names.

    asyncio makes sentences of its own round it, which differ between versions and repeat the address.
    """
    if isinstance(error, UnicodeError):
        return "That is no name of a host"
    if isinstance(error, socket.gaierror):  # Its numbers are the resolver's own.
        return error.strerror or "The name is not known"
    # Python 3.13 gives no number where a machine has none of the addresses.
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)
