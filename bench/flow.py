#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""flow - the two ends of a measurement: bulk, or small messages at a steady pace.

  flow.py listen|connect ADDRESS PORT send|receive KIND [WORD=VALUE]...

  KIND bulk       the receiver prints Mbit/s of each connection: {"mbit": [...]}
       messages   the receiver prints how late each message was, and when: {"ms": [...], "at": [...]}
  streams=N       connections (1)
  skip=S          seconds from the first byte that are left out (2); slow start is in them
  seconds=S       what counts, after that (3)
  every=MS size=N pace and size of messages (20 ms, 200 bytes)

An ordinary program: which stack carries it is its caller's choice. The listener says `ready` when
it listens. The receiver ends when its time is over, and the sender by the reset or by its caller.
The socket is what the program asks for, TCP; `mptcpize run` or Persona makes it MPTCP.
The sender says first which congestion control it has: {"congestion": NAME}.

Messages carry the sender's CLOCK_MONOTONIC: both ends must be of one machine. `ms` is from the
send call to the return of the receive call with the message's last byte, one way. `at` is seconds
of arrival from the first message's on. Messages are numbered, and one out of order is an error.
"""
import json
import selectors
import socket
import struct
import sys
import time

HEAD = struct.Struct("!QQ")     # number, time in ns
PIECE = 65536


def settings(words):
    given = {"streams": 1, "skip": 2.0, "seconds": 3.0, "every": 20.0, "size": 200}
    for word in words:
        name, value = word.split("=")
        given[name] = type(given[name])(value)
    return given


def sockets(role, address, port, streams):
    """(connections, made or accepted; the listener). Without a listener MPTCP's further subflows are refused."""
    if role == "connect":
        return [socket.create_connection((address, port), 10) for _ in range(streams)], None
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(streams)
    print("ready", flush=True)
    return [listener.accept()[0] for _ in range(streams)], listener


def watch(socks, event):
    selector = selectors.DefaultSelector()
    for i, s in enumerate(socks):
        s.setblocking(False)
        selector.register(s, event, i)
    return selector


def send_bulk(socks, _given):
    data = bytes(PIECE)
    with watch(socks, selectors.EVENT_WRITE) as selector:
        while True:
            for key, _events in selector.select():
                try:
                    key.fileobj.send(data)
                except BlockingIOError:
                    pass


def receive_bulk(socks, given):
    got = [0] * len(socks)
    buffer = bytearray(4 * PIECE)
    start = None
    with watch(socks, selectors.EVENT_READ) as selector:
        while start is None or time.monotonic() < start + given["skip"] + given["seconds"]:
            for key, _events in selector.select(0.2):
                try:
                    n = key.fileobj.recv_into(buffer)
                except BlockingIOError:
                    continue
                if not n:
                    raise ConnectionError("the sender ended")
                now = time.monotonic()
                start = now if start is None else start
                if start + given["skip"] <= now < start + given["skip"] + given["seconds"]:
                    got[key.data] += n
    return {"mbit": [n * 8e-6 / given["seconds"] for n in got]}


def send_messages(socks, given):
    (sock,) = socks
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = bytes(given["size"] - HEAD.size)
    start = time.monotonic()
    number = 0
    while True:
        time.sleep(max(0, start + number * given["every"] / 1e3 - time.monotonic()))
        sock.sendall(HEAD.pack(number, time.monotonic_ns()) + rest)
        number += 1


def receive_messages(socks, given):
    (sock,) = socks
    late, at = [], []
    start, data = None, b""
    while start is None or time.monotonic_ns() < start + given["seconds"] * 1e9:
        more = sock.recv(PIECE)
        now = time.monotonic_ns()
        if not more:
            raise ConnectionError("the sender ended")
        data += more
        while len(data) >= given["size"]:
            number, sent = HEAD.unpack_from(data)
            if number != len(late):
                raise ConnectionError("message %d is not the one after %d" % (number, len(late) - 1))
            data = data[given["size"]:]
            start = now if start is None else start
            late.append(round((now - sent) / 1e6, 2))
            at.append(round((now - start) / 1e9, 4))
    return {"ms": late, "at": at}


DO = {("send", "bulk"): send_bulk, ("receive", "bulk"): receive_bulk,
      ("send", "messages"): send_messages, ("receive", "messages"): receive_messages}


def main():
    role, address, port, way, kind = sys.argv[1:6]
    given = settings(sys.argv[6:])
    socks, _listener = sockets(role, address, int(port), given["streams"])
    if way == "send":
        name = socks[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
        print(json.dumps({"congestion": name}), flush=True)
    result = DO[way, kind](socks, given)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ConnectionError) as error:
        sys.exit("flow: %s" % error)
    except KeyboardInterrupt:
        sys.exit(130)
