#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""httpd.py - HTTP/1.1 file server on MPTCP sockets that says which path carried what.

usage: httpd.py [--port N] [--log FILE] DIRECTORY

GET and HEAD serve the directory's files by sendfile, PUT stores into it and
answers with the SHA-256. After each transfer one line of JSON is appended to
the log: bytes, seconds, and for every MPTCP subflow its two addresses and the
byte counts of its tcp_info, as this side's kernel counted them.

Theory of operation. One thread per connection. Listening sockets, one for IPv4
and one for IPv6, are IPPROTO_MPTCP; a client that speaks plain TCP gets plain
TCP from the kernel. The counters come from getsockopt(SOL_MPTCP, MPTCP_TCPINFO
and MPTCP_SUBFLOW_ADDRS). A client that exits at once may take its subflows down
before the last count, so counts are taken all along, and the last one that saw
a subflow is kept.

Limits: a tool for the testbed. No directories, no ranges, no TLS.
"""
import argparse
import ctypes
import fcntl
import hashlib
import http.server
import json
import os
import socket
import struct
import sys
import termios
import threading
import time

IPPROTO_MPTCP = 262
SOL_MPTCP = 284
MPTCP_TCPINFO = 2
MPTCP_SUBFLOW_ADDRS = 3

MAX_SUBFLOWS = 16
TCP_INFO_SIZE = 256         # bytes; the kernel fills what it has
SOCKADDR_SIZE = 128         # struct sockaddr_storage
ADDRS_SIZE = 2 * SOCKADDR_SIZE
CHUNK = 1 << 20             # bytes between two looks at the counters
DRAIN_SECONDS = 3           # how long to wait for the last acknowledgement

libc = ctypes.CDLL(None, use_errno=True)


def subflow_array(sock, option, item_size):
    """The items of a SOL_MPTCP option that has a struct mptcp_subflow_data in front."""
    head = struct.pack("=IIII", 16, 0, 0, item_size)
    size = len(head) + MAX_SUBFLOWS * item_size
    buf = ctypes.create_string_buffer(head, size)
    length = ctypes.c_uint32(size)
    if libc.getsockopt(sock.fileno(), SOL_MPTCP, option, buf, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), "getsockopt(SOL_MPTCP)")
    _, count, kernel_size, _ = struct.unpack_from("=IIII", buf.raw)
    count = min(count, MAX_SUBFLOWS)
    item_size = min(item_size, kernel_size)     # the items lie as close as the kernel's are large
    return [buf.raw[16 + i * item_size:16 + (i + 1) * item_size] for i in range(count)]


def address(raw):
    """Text of a struct sockaddr, as ADDRESS:PORT."""
    family, = struct.unpack_from("=H", raw)
    port, = struct.unpack_from("!H", raw, 2)
    if family == socket.AF_INET:
        return "%s:%d" % (socket.inet_ntop(family, raw[4:8]), port)
    if family == socket.AF_INET6:
        text = socket.inet_ntop(family, raw[8:24])
        if text.startswith("::ffff:"):
            return "%s:%d" % (text[7:], port)
        return "[%s]:%d" % (text, port)
    return "?"


def tcp_counters(info):
    """The fields of struct tcp_info that we want; offsets are the kernel's ABI."""
    return {
        "rtt_ms": struct.unpack_from("=I", info, 68)[0] / 1000,
        "cwnd": struct.unpack_from("=I", info, 80)[0],
        "bytes_acked": struct.unpack_from("=Q", info, 120)[0],
        "bytes_received": struct.unpack_from("=Q", info, 128)[0],
        "bytes_sent": struct.unpack_from("=Q", info, 200)[0],
        "bytes_retrans": struct.unpack_from("=Q", info, 208)[0],
    }


def snapshot(sock):
    """{(local, remote): counters} of the connection's subflows, and whether it is MPTCP."""
    try:
        addrs = subflow_array(sock, MPTCP_SUBFLOW_ADDRS, ADDRS_SIZE)
        infos = subflow_array(sock, MPTCP_TCPINFO, TCP_INFO_SIZE)
    except OSError:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        key = tuple(("[%s]:%d" if ":" in a[0] else "%s:%d") % a[:2]
                    for a in (sock.getsockname(), sock.getpeername()))
        return {key: tcp_counters(info.ljust(TCP_INFO_SIZE, b"\0"))}, False
    return {(address(a[:SOCKADDR_SIZE]), address(a[SOCKADDR_SIZE:])): tcp_counters(i)
            for a, i in zip(addrs, infos)}, True


def unacknowledged(sock):
    """Bytes in the socket that the peer has not acknowledged."""
    return struct.unpack("=i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]


class Transfer:
    """Counts of one transfer; the connection may carry several, so differences."""

    def __init__(self, handler):
        self.handler = handler
        self.sock = handler.connection
        self.start = time.monotonic()
        self.subflows = {}
        self.before, self.mptcp = snapshot(self.sock)

    def look(self):
        try:
            self.subflows.update(snapshot(self.sock)[0])
        except OSError:
            pass                # already disconnected: the last look counts

    def drain(self):
        end = time.monotonic() + DRAIN_SECONDS
        try:
            while unacknowledged(self.sock) and time.monotonic() < end:
                time.sleep(0.005)
                self.look()
        except OSError:
            pass

    def log(self, nbytes, complete):
        self.look()
        rows = []
        for key, now in sorted(self.subflows.items()):
            old = self.before.get(key, {})
            row = {"local": key[0], "remote": key[1], "rtt_ms": now["rtt_ms"], "cwnd": now["cwnd"]}
            for name in "bytes_acked", "bytes_received", "bytes_sent", "bytes_retrans":
                row[name] = now[name] - old.get(name, 0)
            rows.append(row)
        self.handler.server.append({
            "method": self.handler.command, "path": self.handler.path, "bytes": nbytes,
            "complete": complete, "seconds": round(time.monotonic() - self.start, 4),
            "mptcp": self.mptcp, "subflows": rows})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def local_path(self):
        name = self.path.split("?")[0].lstrip("/")
        if not name or "/" in name or name.startswith("."):
            return None
        return os.path.join(self.server.directory, name)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.local_path()
        if not path or not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as f:
            size = os.fstat(f.fileno()).st_size
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.flush()
            transfer = Transfer(self)
            sent = 0
            try:
                while sent < size:
                    n = os.sendfile(self.connection.fileno(), f.fileno(), sent,
                                    min(CHUNK, size - sent))
                    if not n:
                        break
                    sent += n
                    transfer.look()
            except OSError:
                self.close_connection = True
            transfer.drain()
            transfer.log(sent, sent == size)

    def do_PUT(self):
        path = self.local_path()
        size = int(self.headers.get("Content-Length", "-1"))
        if not path or size < 0:
            self.send_error(400)
            self.close_connection = True
            return
        transfer = Transfer(self)
        digest = hashlib.sha256()
        left = size
        with open(path + ".part", "wb") as f:
            while left:
                data = self.rfile.read1(min(CHUNK, left))
                if not data:
                    break
                left -= len(data)
                digest.update(data)
                f.write(data)
                transfer.look()
        if left:
            os.unlink(path + ".part")
            self.close_connection = True
        else:
            os.rename(path + ".part", path)
        transfer.log(size - left, not left)
        if not left:
            body = (digest.hexdigest() + "\n").encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family, port, directory, log):
        self.address_family = family
        super().__init__(("", port), Handler, bind_and_activate=False)
        self.socket.close()
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP)
        except OSError:
            self.socket = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.directory = directory
        self.log = log
        self.server_bind()
        self.server_activate()

    def server_bind(self):          # without the base class's look-up of our own name
        self.allow_reuse_address = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("", self.server_address[1]))
        self.server_name, self.server_port = "testbed", self.server_address[1]

    def append(self, record):
        if self.log:
            os.write(self.log, (json.dumps(record) + "\n").encode())

    def handle_error(self, request, client_address):
        pass                        # a client that went away is no news


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--log", help="append a line of JSON per transfer")
    parser.add_argument("directory")
    args = parser.parse_args()
    log = os.open(args.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if args.log else None
    servers = [Server(f, args.port, args.directory, log)
               for f in (socket.AF_INET, socket.AF_INET6)]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    try:
        servers[0].serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
