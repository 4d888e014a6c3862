#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# inline-tree.t - processes in inline mode: what cannot be served says so, once, and ends.
#
#   phone: a python3 process has the stack       server: echoes on port 7 (host kernel)
#     wlan0 (packet)  10.1.0.2 ================= ap0  10.1.0.1
#       └─ forked, spawned and executed children: no network, and no host's either
#
# Each case is a child that uses a socket of its parent, or wants one. It must end within
# seconds (nothing blocks for ever), with ENETDOWN (EACCES for static programs), and with
# exactly one line on stderr, which names the remedy. What needs no network works.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need socat python3 busybox cat
persona_only
testbed_up --unshaped

cat >"$TMP/tree.py" <<'END'
import ctypes, errno, fcntl, os, resource, select, signal, socket, subprocess, sys

SERVER, SECONDS = ("10.1.0.1", 7), 5
REMEDY = b"use persona run --mode shadow"
libc = ctypes.CDLL(None, use_errno=True)
libc.fdopen.restype = ctypes.c_void_p
s = socket.create_connection(SERVER)
l = socket.create_server(("0.0.0.0", 0))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("0.0.0.0", 0))
ep = select.epoll()
ep.register(s, select.EPOLLIN)
po = select.poll()
po.register(s, select.POLLIN)

def stdio():
    f = ctypes.c_void_p(libc.fdopen(s.fileno(), b"r"))
    ctypes.set_errno(0)
    libc.fgetc(f)
    raise OSError(ctypes.get_errno(), "fgetc")

def both():
    for what in lambda: s.recv(1), socket.socket:
        try:
            what()
        except OSError as e:
            last = e
    raise last

IN_CHILD = dict(
    read=lambda: os.read(s.fileno(), 1), recv=lambda: s.recv(1), recvfrom=lambda: u.recvfrom(1),
    write=lambda: os.write(s.fileno(), b"x"), send=lambda: s.send(b"x"),
    sendto=lambda: u.sendto(b"x", SERVER), accept=lambda: l.accept(), connect=lambda: u.connect(SERVER),
    poll=lambda: po.poll(), select=lambda: select.select([s], [], []), epoll=lambda: ep.poll(),
    epoll_modify=lambda: ep.modify(s, select.EPOLLOUT), listen=lambda: l.listen(),
    getpeername=lambda: s.getpeername(), dup=lambda: os.read(os.dup(s.fileno()), 1),
    getsockopt=lambda: s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), shutdown=lambda: s.shutdown(2),
    fcntl=lambda: fcntl.fcntl(s, fcntl.F_GETFL), ioctl=lambda: fcntl.ioctl(s, 0x541b, b"1234"),
    sendfile=lambda: os.sendfile(s.fileno(), os.open("/etc/hosts", 0), 0, 9), stdio=stdio,
    stdin=lambda: (os.dup2(s.fileno(), 0), sys.stdin.readline()), socket=lambda: socket.socket(),
    netlink=lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    interfaces=lambda: socket.if_nameindex(), proc=lambda: open("/proc/net/tcp"), both=both)

def child(body):
    """body() in a forked child: (status, what it wrote on 1 and 2)"""
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        os.dup2(w, 1)
        os.dup2(w, 2)
        try:
            body()
            os._exit(0)
        except OSError as e:
            os._exit(e.errno)
    os.close(w)
    text = b""
    while part := os.read(r, 4096):
        text += part
    os.close(r)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), text

def report(name, got, wanted, text, lines=1):
    ours = [x for x in text.split(b"\n") if x.startswith(b"persona: ")]
    good = got == wanted and len(ours) == lines and all(REMEDY in x for x in ours)
    print("good" if good else "bad", name)
    if not good:
        print("note status %s, wanted %s: %r" % (got, wanted, text))
    sys.stdout.flush()

def spawned(argv, stdin=None, env=os.environ):
    """posix_spawn(): exit status, or -errno; and its stderr"""
    r, w = os.pipe()
    keep = os.dup(2)
    actions = [(os.POSIX_SPAWN_DUP2, w, 1), (os.POSIX_SPAWN_DUP2, w, 2)]
    if stdin is not None:
        actions.append((os.POSIX_SPAWN_DUP2, stdin, 0))
    os.dup2(w, 2)
    try:
        pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
        got = None
    except OSError as e:
        got = -e.errno
    os.dup2(keep, 2)
    os.close(keep)
    os.close(w)
    text = b""
    while part := os.read(r, 4096):
        text += part
    os.close(r)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if got is None else got, text

for name, body in IN_CHILD.items():
    got, text = child(body)
    report("forked child: " + name, got, errno.ENETDOWN, text)

def in_grandchild():
    pid = os.fork()
    if not pid:
        try:
            s.recv(1)
        except OSError as e:
            os._exit(e.errno)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
got, text = child(in_grandchild)
report("grandchild: recv", got, errno.ENETDOWN, text)

def as_daemon():
    if libc.daemon(1, 1):
        os._exit(1)
    try:
        s.recv(1)
    except OSError as e:
        print("errno", e.errno, flush=True)
got, text = child(as_daemon)
report("daemon(): recv", (got, b"errno %d\n" % errno.ENETDOWN in text), (0, True), text)

# Without the network, a child is as ever; closing its copies says nothing.
got, text = child(lambda: (s.close(), l.close(), u.close(), ep.close(), os.stat("/")))
report("forked child: closes all", got, 0, text, 0)
got, text = child(lambda: os.execv("/bin/echo", ["echo", "fine"]))
report("executed child without sockets", (got, text), (0, b"fine\n"), text, 0)

# inetd's way: the connection is the child's stdin and stdout.
def with_stdin(*argv):
    def body():
        os.dup2(s.fileno(), 0)
        os.execv(argv[0], argv)
    return body
got, text = child(with_stdin("/bin/cat"))
report("exec, stdin is a socket: cat", got, 1, text)
report("the errno that cat says", b"Network is down" in text, True, text)
got, text = child(with_stdin("/bin/sh", "-c", "read x; echo status $?"))
report("exec, stdin is a socket: sh", (got, b"status 2\n" in text or b"status 1\n" in text), (0, True), text)
got, text = child(with_stdin(sys.executable, "-c", """
import os, select
p = select.poll(); p.register(0, select.POLLIN)
for what in p.poll, lambda: select.select([0], [], []), lambda: os.read(0, 1), lambda: os.write(0, b"x"):
    try: print("served", what())
    except OSError as e: print(e.errno)"""))
report("exec, stdin is a socket: poll, select, read, write", text.split(b"\n").count(b"100"), 4, text)
def with_high_number():
    os.dup2(s.fileno(), 700)
    os.execv(sys.executable, [sys.executable, "-c",
        "import os, sys\ntry: os.read(700, 1)\nexcept OSError as e: sys.exit(e.errno)"])
got, text = child(with_high_number)
report("exec, number 700 is a socket: read", got, errno.ENETDOWN, text)
got, text = spawned(["/bin/cat"], s.fileno())
report("posix_spawn, stdin is a socket: cat", got, 1, text)

# A second process with sockets of its own: refused, while this one has the stack; never the host's.
NEW = [sys.executable, "-c", "import socket, sys\ntry: socket.socket()\nexcept OSError as e: sys.exit(e.errno)"]
got, text = spawned(NEW)
report("posix_spawn: socket", got, errno.ENETDOWN, text)
got, text = spawned(NEW, env={})
report("posix_spawn, empty environment: socket", got, errno.ENETDOWN, text)
p = subprocess.run(NEW, env={}, stderr=subprocess.PIPE)
report("subprocess, empty environment: socket", p.returncode, errno.ENETDOWN, p.stderr)

def shell(call):
    def body():
        os.environ["SCRIPT"] = NEW[2]
        call(b'"%s" -c "$SCRIPT" || echo status $?' % sys.executable.encode())
    return body
got, text = child(shell(libc.system))
report("system(): socket", b"status %d\n" % errno.ENETDOWN in text, True, text)
libc.popen.restype = ctypes.c_void_p
got, text = child(shell(lambda c: libc.pclose(ctypes.c_void_p(libc.popen(c, b"w")))))
report("popen(): socket", b"status %d\n" % errno.ENETDOWN in text, True, text)

# Static programs
got, text = child(lambda: os.execv("/bin/busybox", ["busybox", "true"]))
report("exec of a static program", got, errno.EACCES, text)
got, text = spawned(["/bin/busybox", "true"])
report("posix_spawn of a static program", got, -errno.EACCES, text)
got, text = child(lambda: libc.system(b"exec busybox true"))
report("system() of a static program", got, 0, text)

# What would not load the library
def execs(*argv):
    return child(lambda: os.execv(argv[0], list(argv)))

def file(name, mode, data):
    with open(name, "wb") as f:
        f.write(data)
    os.chmod(name, mode)
    return name

tmp = os.path.dirname(sys.argv[0])
elf = open("/bin/true", "rb").read()
identity = b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0"		# the note of a build identity
gopher = file(tmp + "/gopher", 0o755, elf.replace(identity, identity[:8] + b"\4\0\0\0Go\0\0"))
got, text = execs(gopher)
report("exec of a program linked by Go", got, errno.EACCES, text)
report("... and a line says why", b"linked by Go" in text, True, text)
got, text = execs(file(tmp + "/static.sh", 0o755, b"#!/bin/busybox sh\ntrue\n"))
report("exec of a static interpreter's script", got, errno.EACCES, text)
got, text = execs(file(tmp + "/narrow", 0o755, elf[:4] + b"\1" + elf[5:]))
report("exec of a program of 32 bits", got, errno.EACCES, text)
name = file(tmp + "/uid", 0o755, elf)
os.chown(name, 65534, 65534)
os.chmod(name, 0o4755)
got, text = execs(name)
report("exec of a set-user-ID program", got, errno.EACCES, text)
report("... and a line says why", b"gains privileges" in text, True, text)

def differs():
    os.setresuid(65534, 0, 0)
    os.execv("/bin/true", ["true"])
got, text = child(differs)
report("exec while real and effective user differ", got, errno.EACCES, text)
def unread():
    os.setresuid(65534, 65534, 65534)
    os.execv(unreadable, ["true"])
unreadable = file("/tmp/persona-unreadable.%d" % os.getpid(), 0o711, elf)
got, text = child(unread)
os.unlink(unreadable)
report("exec of a file that may not be read", got, errno.EACCES, text)

# Limits of memory with which the loader leaves the library out
def told(failed):
    if failed:
        raise OSError(ctypes.get_errno(), "")
for limit, what in (resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA"):
    for way, call in {
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "system()": lambda: told(libc.system(b"true") < 0),
        "popen()": lambda: told(not libc.popen(b"true", b"r")),
    }.items():
        def cramped():
            resource.setrlimit(limit, (30 << 20, 30 << 20))
            call()
        got, text = child(cramped)
        report("%s with a small %s" % (way, what), got, errno.EACCES, text)
        report("... and a line says why", b"too little memory" in text, True, text)

# The same program where the library is not
root = tmp + "/root"
for path in ["/bin/true"] + sys.argv[1:]:
    os.makedirs(root + os.path.dirname(path), exist_ok=True)
    file(root + path, 0o755, open(path, "rb").read())
def behind():
    os.chroot(root)
    os.execv("/bin/true", ["true"])
got, text = child(behind)
report("exec behind chroot()", got, errno.EACCES, text)
report("... and a line says why", b"another root directory" in text, True, text)

# system(), popen() and wordexp() of a program that has emptied its environment
def emptied(call):
    def body():
        os.environ.clear()
        libc.clearenv()
        call(b"""%s -c 'import socket, sys
try: socket.socket()
except OSError as e: print("errno", e.errno)' >&2""" % sys.executable.encode())
    return body
got, text = child(emptied(libc.system))
report("system(), empty environment: socket", b"errno %d\n" % errno.ENETDOWN in text, True, text)
got, text = child(emptied(lambda c: libc.pclose(ctypes.c_void_p(libc.popen(c, b"w")))))
report("popen(), empty environment: socket", b"errno %d\n" % errno.ENETDOWN in text, True, text)

class Words(ctypes.Structure):
    _fields_ = ("count", ctypes.c_size_t), ("list", ctypes.POINTER(ctypes.c_char_p)), ("offsets", ctypes.c_size_t)
got, text = child(emptied(lambda c: libc.wordexp(b"$(" + c + b")", ctypes.byref(Words()), 16)))	# WRDE_SHOWERR
report("wordexp(), empty environment: socket", b"errno %d\n" % errno.ENETDOWN in text, True, text)

# Plugins
curl = ctypes.CDLL("libcurl.so.4", mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
curl.curl_easy_init.restype = ctypes.c_void_p
handle = ctypes.c_void_p(curl.curl_easy_init())
curl.curl_easy_setopt(handle, 10002, b"telnet://10.1.0.1:7")	# URL
curl.curl_easy_setopt(handle, 141, ctypes.c_long(1))		# CONNECT_ONLY
got = curl.curl_easy_perform(handle)
print("bad" if got else "good", "a plugin bound to libc first (RTLD_DEEPBIND) is on the stack")
libc.dlmopen.restype = libc.dlerror.restype = ctypes.c_void_p
got, text = child(lambda: os._exit(libc.dlmopen(ctypes.c_long(-1), b"libcurl.so.4", 2) is not None))
report("dlmopen() into another namespace", got, 0, text)
report("... and a line says why", b"another namespace" in text, True, text)

# And the parent's connection has not noticed.
s.send(b"hello")
print("good" if s.recv(9) == b"hello" else "bad", "the parent's connection is alive")
print("good end")
END

background server socat TCP-LISTEN:7,fork,reuseaddr EXEC:cat
wait_for 5 listens 7
mapfile -t LIBRARIES < <(ldd /bin/true | grep -o '/[^ ]*')
on wlan -- timeout 60 "$PYTHON" "$TMP/tree.py" "${LIBRARIES[@]}" >"$TMP/out" 2>"$TMP/err" </dev/null
is "status" $? 0
while read -r verdict name; do
	case $verdict in
	good) ok "$name" ;;
	bad) not_ok "$name" ;;
	*) note "$name" ;;
	esac
done <"$TMP/out"
is "the last case was reached" "$(tail -n 1 "$TMP/out")" "good end"
on wlan -- "$TMP/gopher" >"$TMP/out" 2>&1
is "a program linked by Go does not begin: status" $? 125
matches "... and a line says why" "$(cat "$TMP/out")" '^persona: .*gopher was linked by Go.*it would run on the host'
is "the parent had nothing to say" "$(grep -c '^persona: ' "$TMP/err")" 0
head -n 10 "$TMP/err" | sed 's/^/# | /'
done_testing
