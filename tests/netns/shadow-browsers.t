#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-browsers.t - Firefox and Chromium in shadow mode show a page as on the host's stack.
#
#   phone: browser, all its processes on the stack   server: httpd on the host kernel, and
#     wlan0  10.1.0.2 fd01::2 ===100mbit,5ms======== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,5ms======== cell0  10.2.0.1 fd02::1
#                                                     the same browser for the picture wanted
#
# The page has 50 resources: 44 images, two style sheets, two scripts, and two more that the
# scripts ask for. Both screenshots must be the same to the pixel.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need python3
testbed_up --wlan 100mbit,5ms --rmnet 100mbit,5ms
chmod 711 "$TMP"
IMAGES=44
RESOURCES=50

# ---- the page ----

mkdir "$TMP/www"
cat >"$TMP/make.py" <<'END'
import os, random, struct, sys, zlib

def png(seed, width, height):
    """Noise, so that it is of some size, in a colour of its own."""
    r = random.Random(seed)
    base = [r.randrange(192) for _ in range(3)]
    rows = b"".join(b"\0" + bytes(base[i % 3] + r.randrange(64) for i in range(3 * width))
                    for _ in range(height))
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

os.chdir(sys.argv[1])
n = int(sys.argv[2])
for i in range(n):
    open("i%d.png" % i, "wb").write(png(i, 100, 80))
open("a.css", "w").write("body { margin: 4px; background: #def; font: 16px monospace }\n")
open("b.css", "w").write("img { border: 1px solid #039; margin: 1px } #more { color: #900 }\n")
for name in "a", "b":
    open(name + ".txt", "w").write("text %s came by a script\n" % name)
    open(name + ".js", "w").write("""
var x = new XMLHttpRequest();
x.open("GET", "%s.txt", false);
x.send();
document.getElementById("more").textContent += x.responseText;
""" % name)
open("index.html", "w").write(
    "<!doctype html><meta charset=utf-8><title>page</title><link rel=icon href=data:,>"
    "<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css><body><p id=more></p><div>" +
    "".join("<img src=i%d.png>" % i for i in range(n)) +
    "</div><script src=a.js></script><script src=b.js></script>")
END
"$PYTHON" "$TMP/make.py" "$TMP/www" $IMAGES

# Says in its log who asked for what.
cat >"$TMP/serve.py" <<'END'
import functools, http.server, socket, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, form, *args):
        with open(sys.argv[2], "a") as f:
            f.write("%s %s\n" % (self.client_address[0], form % args))

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 100

Server(("::", 8080), functools.partial(Handler, directory=sys.argv[1])).serve_forever()
END
background server "$PYTHON" "$TMP/serve.py" "$TMP/www" "$TMP/log"
wait_for 10 listens 8080

# same FILE FILE: two PNG files with the same pixels
cat >"$TMP/same.py" <<'END'
import struct, sys, zlib

def pixels(name):
    data = open(name, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", name + " is no PNG file"
    at, head, body = 8, None, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            head = struct.unpack_from(">IIBBBBB", data, at + 8)
        if kind == b"IDAT":
            body += data[at + 8:at + 8 + size]
        at += size + 12
    width, height, depth, colour = head[:4]
    n = {2: 3, 6: 4}[colour] * depth // 8
    raw, rows, above = zlib.decompress(body), [], bytes(width * n)
    for y in range(height):
        kind, row = raw[y * (width * n + 1)], bytearray(raw[y * (width * n + 1) + 1:(y + 1) * (width * n + 1)])
        for x in range(len(row) if kind else 0):
            a, b, c = x >= n and row[x - n], above[x], x >= n and above[x - n]
            p = a + b - c
            pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
            paeth = a if pa <= pb and pa <= pc else b if pb <= pc else c
            row[x] = row[x] + (0, a, b, (a + b) // 2, paeth)[kind] & 255
        rows.append(bytes(p for x in range(0, len(row), n) for p in row[x:x + 3]) if n != 3 else bytes(row))
        above = row
    return width, height, rows

a, b = pixels(sys.argv[1]), pixels(sys.argv[2])
assert a[:2] == b[:2], "sizes %s and %s" % (a[:2], b[:2])
colours = {row[i:i + 3] for row in a[2] for i in range(0, len(row), 3)}
assert len(colours) > 1000, "an empty picture, %d colours" % len(colours)
differ = sum(x != y for p, q in zip(a[2], b[2]) for x, y in zip(p, q))
assert not differ, "%d bytes differ" % differ
print("same: %d x %d, %d colours" % (a[0], a[1], len(colours)))
END

# ---- the browsers ----

firefox() { # PICTURE URL
	local home
	home=$(mktemp -d "$TMP/firefox.XXXXXX")
	mkdir "$home/profile"
	# No business of its own with the network; no proxy of the machine's
	cat >"$home/profile/user.js" <<-'END'
	user_pref("network.proxy.type", 0);
	user_pref("network.captive-portal-service.enabled", false);
	user_pref("network.connectivity-service.enabled", false);
	user_pref("datareporting.policy.dataSubmissionEnabled", false);
	user_pref("browser.safebrowsing.update.enabled", false);
	user_pref("app.normandy.enabled", false);
	user_pref("services.settings.server", "data:,");
	user_pref("dom.push.enabled", false);
	END
	# shellcheck disable=SC2054 # the comma is the option's
	COMMAND=(timeout -k 5 40 env HOME="$home" XDG_RUNTIME_DIR="$home" MOZ_CRASHREPORTER_DISABLE=1
		firefox-esr --headless --no-remote --profile "$home/profile" --window-size=1000,900
		--screenshot "$1" "$2")
}

chromium() { # PICTURE URL
	local home
	home=$(mktemp -d "$TMP/chromium.XXXXXX")
	# shellcheck disable=SC2054 # the comma is the option's
	COMMAND=(timeout -k 5 40 env HOME="$home" chromium --headless --no-sandbox --disable-gpu
		--disable-dev-shm-usage --no-first-run --no-proxy-server --disable-background-networking
		--disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$home/data"
		--window-size=1000,900 --virtual-time-budget=10000 --screenshot="$1" "$2")
}

# asked ADDRESS-PATTERN: how many different resources that client has got
asked() { grep -E "^(::ffff:)?$1 .*\"GET /[a-z0-9]+\.[a-z]+ .* 200" "$TMP/log" | cut -d' ' -f3 | sort -u | wc -l; }

browse() { # NAME TOOL
	have "$1" "$2" || return
	local got=$TMP/got.png wanted=$TMP/wanted.png url
	for url in http://10.1.0.1:8080/ 'http://[fd01::1]:8080/'; do
		rm -f "$got" "$wanted"
		"$1" "$wanted" "$url"
		server "${COMMAND[@]}" >"$TMP/native.out" 2>&1
		if [ ! -s "$wanted" ]; then
			skip "$1, $url" "it takes no picture on the host's stack: $(tail -n 1 "$TMP/native.out")"
			continue
		fi
		: >"$TMP/log"
		"$1" "$got" "$url"
		check "$1 loads $url" on both -- "${COMMAND[@]}"
		is "all resources of the page" "$(asked '(10\.[12]\.0\.[23]|fd0[12]::[23])')" $RESOURCES
		check "its picture is that of the host's stack" "$PYTHON" "$TMP/same.py" "$wanted" "$got"
	done
}

browse firefox firefox-esr
browse chromium chromium
done_testing
