# SPDX-License-Identifier: GPL-2.0-only
"""memory.py - what a run holds in memory, for tests that look for growth.

The stack's memory is one mapping, whose pages stay once Linux has touched them: its RSS tells the
highest use so far, and grows by chance. So the stack is asked what it uses (the answer to "show",
src/control/wire.h), and the RSS of the process is counted without that mapping, the largest one.
"""
import json
import re
import socket


def stack_kb(pid):
    """What the stack of process pid uses of its memory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(20)
        s.connect("\0persona/%d" % pid)
        s.send(b"show")
        text = b""
        while (packet := s.recv(1 << 16))[:1] == b"+":
            text += packet[1:]
        memory = json.loads(text + packet[1:])["memory"]
    return (memory["total"] - memory["free"]) >> 10


def rest_kb(pid):
    """The RSS of process pid without its largest mapping."""
    with open("/proc/%d/smaps" % pid) as f:
        maps = re.findall(r"^Size:\s*(\d+).*?^Rss:\s*(\d+)", f.read(), re.M | re.S)
    size, rss = max((int(size), int(rss)) for size, rss in maps)
    return sum(int(r) for _, r in maps) - rss


def grown(first, now, key, share, spare):
    """What of a measurement has grown by more than a share and some spare, as text."""
    most = first[key] * (1 + share) + spare
    return ["%s %d to %d" % (key, first[key], now[key])] if now[key] > most else []
