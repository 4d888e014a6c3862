#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of `persona gateway --in fd:N` share: the parent, a server, a client's questions.

  gateway-fd.py pair KIND [SOCKETS] GATEWAY... --client CLIENT...
        A socket pair (KIND: seqpacket or dgram); GATEWAY has descriptor 9, CLIENT has 8. SOCKETS:
        interfaces, with commas; descriptors 10, 11 ... of GATEWAY are UDP sockets tied to them.
        CLIENT begins when GATEWAY has said that it is up. Then CLIENT's end is closed, which
        ends a gateway at a seqpacket pair; another one is ended by SIGTERM after a second. Prints
        "gateway: STATUS" and what GATEWAY has said, each line with "| " before it; the exit status
        is CLIENT's.
  gateway-fd.py serve HOST
        At that address: TCP port 8001 does what the first line asks for, UDP port 7000 sends back who asked, TCP
        and UDP ports 53 know one name.
  gateway-fd.py ask HOST WHAT...
        Prints what came of each: udp, name-udp, name-tcp, reset, refused, or abort, of which the
        server prints what it sees.
  gateway-fd.py garbage FROM TO
        Descriptor 8: messages that are no packets, then an ICMP echo request FROM, TO.
"""
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import time

ADDRESS = "192.0.2.7"  # of name.test
ABORT = struct.pack("ii", 1, 0)


# ---- the parent ----

def udp_bound(name):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    return s


def place(number, s):
    """s becomes that descriptor of ours."""
    high = fcntl.fcntl(s.fileno(), fcntl.F_DUPFD_CLOEXEC, 50)
    s.close()
    return high, number


def start(argv, numbers, err):
    """Start argv, which inherits these descriptors, and err as its standard error."""
    pid = os.fork()
    if pid:
        return pid
    for number in numbers:
        os.set_inheritable(number, True)
    os.dup2(err, 2)
    os.execvp(argv[0], argv)


def pair(kind, *argv):
    cut = argv.index("--client")
    gateway_argv, client_argv = argv[:cut], argv[cut + 1:]
    ours, theirs = socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_" + kind.upper()))
    placed = [place(8, ours), place(9, theirs)]
    if not argv[0].startswith("/"):
        gateway_argv = gateway_argv[1:]
        placed += [place(10 + i, udp_bound(name)) for i, name in enumerate(argv[0].split(","))]
    for high, number in placed:
        os.dup2(high, number, inheritable=False)
        os.close(high)
    theirs = range(9, 8 + len(placed))
    hear, say = os.pipe()
    gateway = start(gateway_argv, theirs, say)
    for number in (*theirs, say):
        os.close(number)
    said, piece = b"", b" "
    while piece and b"goes out by" not in said:
        piece = os.read(hear, 4096)
        said += piece
    status = 125
    if piece:
        status = os.waitstatus_to_exitcode(os.waitpid(start(client_argv, [8], 2), 0)[1])
    os.close(8)
    if not select.select([hear], [], [], 1)[0]:
        os.kill(gateway, signal.SIGTERM)
    while piece := os.read(hear, 4096):
        said += piece
    print("gateway:", os.waitstatus_to_exitcode(os.waitpid(gateway, 0)[1]))
    for line in said.decode().splitlines():
        print("|", line)
    sys.exit(status)


# ---- the server ----

def answer(question):
    """Of DNS: an address for name.test, else that there is none."""
    known = question[12:].startswith(b"\4name\4test\0")
    text = question[:2] + struct.pack(">5H", 0x8180 if known else 0x8183, 1, int(known), 0, 0)
    text += question[12:]
    if known:
        text += struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ADDRESS)
    return text


def serve_line(s):
    line = s.makefile("rb", 0).readline()
    if line == b"reset\n":  # some bytes, then a reset
        s.sendall(bytes(10000))
        time.sleep(0.3)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    elif line == b"watch\n":  # how does the client end?
        try:
            print("client", "sent" if s.recv(1) else "ended", flush=True)
        except ConnectionResetError:
            print("client reset", flush=True)
    s.close()


def serve_name(s):
    size = struct.unpack(">H", s.recv(2))[0]
    text = answer(s.recv(size))
    s.sendall(struct.pack(">H", len(text)) + text)
    s.close()


def serve(host):
    sockets = {}
    for kind, port, what in ((socket.SOCK_STREAM, 8001, serve_line), (socket.SOCK_STREAM, 53, serve_name),
                             (socket.SOCK_DGRAM, 53, answer), (socket.SOCK_DGRAM, 7000, None)):
        s = socket.socket(socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((host, port))
        if kind == socket.SOCK_STREAM:
            s.listen(16)
        sockets[s] = what
    while True:
        for s in select.select(list(sockets), [], [])[0]:
            if s.type == socket.SOCK_STREAM:
                sockets[s](s.accept()[0])  # one client at a time
                continue
            data, who = s.recvfrom(2000)
            s.sendto(answer(data) if sockets[s] else who[0].encode(), who)


# ---- a client ----

def ask(host, *questions):
    for what in questions:
        try:
            print(what + ":", ask_one(host, what), flush=True)
        except OSError as e:
            print(what + ": failed:", e, flush=True)


def ask_one(host, what):
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\4name\4test\0" + struct.pack(">HH", 1, 1)
    if what in ("udp", "name-udp"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.sendto(question, (host, 53 if what == "name-udp" else 7000))
        data = s.recv(2000)
        return data.decode() if what == "udp" else socket.inet_ntoa(data[-4:])
    try:
        s = socket.create_connection((host, {"name-tcp": 53, "refused": 9}.get(what, 8001)), 20)
        if what == "name-tcp":
            s.sendall(struct.pack(">H", len(question)) + question)
            return socket.inet_ntoa(s.recv(2000)[-4:])
        if what == "abort":
            s.sendall(b"watch\n")
            time.sleep(0.5)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            s.close()
            return "done"
        if what == "reset":
            s.sendall(b"reset\n")
        n = 0
        while data := s.recv(65536):
            n += len(data)
        return "an end after %d" % n
    except (ConnectionResetError, ConnectionRefusedError):
        return "reset"


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def garbage(ours, theirs):
    s = socket.socket(fileno=8)
    for message in (b"", b"E", b"\0" * 40, b"\x45" + bytes(19), b"\x60" + bytes(39), b"\xff" * 1500, os.urandom(1500),
                    b"\x45" * 20000):
        s.send(message)
    echo = struct.pack(">BBHHH", 8, 0, 0, 7, 1) + b"alive..."
    echo = echo[:2] + struct.pack(">H", checksum(echo)) + echo[4:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(echo), 1, 0, 64, 1, 0,
                       socket.inet_aton(ours), socket.inet_aton(theirs))
    s.send(head[:10] + struct.pack(">H", checksum(head)) + head[12:] + echo)
    s.settimeout(10)
    while True:
        data = s.recv(2000)
        if data[0] >> 4 == 4 and data[9] == 1 and data[20] == 0:
            return "answered " + data[28:].decode()


if __name__ == "__main__":
    role = {"pair": pair, "serve": serve, "ask": ask, "garbage": garbage}[sys.argv[1]]
    said = role(*sys.argv[2:])
    if said:
        print(said)
