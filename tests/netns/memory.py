# SPDX-License-Identifier: GPL-2.0-only
"""memory.py - what a run holds in memory, for tests that look for growth.

Pages of the stack's memory stay once Linux has touched them: the RSS tells the highest use so
far, and grows by chance. So the stack is asked what it uses (the answer to "show",
src/control/wire.h), and the RSS of the process is counted without that memory.
"""
import json
import re
import socket


def show(pid):
    """The report of the stack of process pid."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(20)
        s.connect("\0persona/%d" % pid)
        s.send(b"show")
        text = b""
        while (packet := s.recv(1 << 16))[:1] == b"+":
            text += packet[1:]
    return json.loads(text + packet[1:])


def stack_kb(pid):
    """What the stack of process pid uses of its memory."""
    memory = show(pid)["memory"]
    return (memory["total"] - memory["free"]) >> 10


def rest_kb(pid):
    """The RSS of process pid without the stack's memory: that is not for children (MADV_DONTFORK)."""
    with open("/proc/%d/smaps" % pid) as f:
        maps = re.findall(r"^Rss:\s*(\d+).*?^VmFlags:([^\n]*)", f.read(), re.M | re.S)
    return sum(int(rss) for rss, flags in maps if " dc" not in flags)


def grown(first, now, key, share, spare):
    """What of a measurement has grown by more than a share and some spare, as text."""
    most = first[key] * (1 + share) + spare
    return ["%s %d to %d" % (key, first[key], now[key])] if now[key] > most else []
