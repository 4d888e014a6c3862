#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-clients.t - well-known clients in shadow mode: web, ssh, rsync, git, apt, psql.
#
#   phone: CLIENT on the stack                       server: SERVER on the host kernel
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms======== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,2ms======== cell0  10.2.0.1 fd02::1
#
# The phone's kernel has no address there, so whatever arrives came by the stack.
# All servers have their own configuration, keys and data in $TMP.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl wget nc jq
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
chmod 711 "$TMP" # servers and clients that give up root read below it
httpd
random_file "$FILES/blob" 3000000
BLOB=$(sum "$FILES/blob")

# httpd knows no directories.
background server "$PYTHON" -m http.server --bind 10.1.0.1 --directory "$FILES" 8080
wait_for 10 listens 8080

last_record() { tail -n 1 "$HTTP_LOG" | jq -c '[.mptcp, (.subflows | length)]'; }

web() { # VERSION SERVER
	local url out=$TMP/out
	url=http://$(bracket "$2")
	rm -f "$out"
	check "curl, IPv$1" on both -- timeout 20 curl -q -sS --fail -o "$out" "$url/blob"
	is "its file" "$(sum "$out")" "$BLOB"
	sleep 0.5
	is "the server saw MPTCP, two subflows" "$(last_record)" "[true,2]"
	rm -f "$out"
	check "curl --no-mptcp, IPv$1" on both --no-mptcp -- timeout 20 curl -q -sS --fail -o "$out" "$url/blob"
	is "its file" "$(sum "$out")" "$BLOB"
	sleep 0.5
	is "the server saw TCP" "$(last_record)" "[false,1]"
	is "curl uploads, IPv$1" "$(on wlan -- timeout 20 curl -q -sS -T "$FILES/blob" "$url/up")" "$BLOB"
	check "curl: 30 requests, 10 at once, IPv$1" on wlan -- timeout 30 curl -q -sS --fail \
		--parallel --parallel-max 10 -o "$TMP/p#1" "$url/blob?[1-30]"
	is "their files" "$(sha256sum "$TMP"/p[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 30 $BLOB"
	rm -f "$TMP"/p[0-9]* "$out"
	check "wget, IPv$1" on rmnet -- timeout 20 wget -q -O "$out" "$url/blob"
	is "its file" "$(sum "$out")" "$BLOB"
	have "busybox wget" busybox || return
	rm -f "$out"
	check "busybox wget, IPv$1" on wlan -- timeout 20 busybox wget -q -O "$out" "$url/blob"
	is "its file" "$(sum "$out")" "$BLOB"
}

refused() {
	on wlan -- timeout 20 curl -q -sS http://10.1.0.1:81/ >"$TMP/out" 2>&1
	is "connection refused: curl's status" $? 7
	on wlan -- timeout 20 curl -q -sS --connect-timeout 1 http://10.1.0.77/ >"$TMP/out" 2>&1
	is "no such host: curl's status" $? 28
	WLAN_IF=packet:wlan0,ip=10.1.0.2/24 on wlan -- timeout 20 curl -q -sS http://192.0.2.1/ >"$TMP/out" 2>&1
	is "no gateway: curl's status" $? 7
}

names() {
	have "names" dnsmasq || return
	background server dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--pid-file= --user=root --bind-interfaces --listen-address=10.1.0.1 \
		--address=/web.test/10.1.0.1 --address=/six.test/fd01::1
	local pid=$LAST
	wait_for 5 sh -c "ip netns exec persona-server-$ID ss -Hlun 'sport = :53' | grep -q ."
	echo page >"$FILES/page"
	is "curl asks the name server" "$(on wlan -- timeout 20 curl -q -sS http://web.test/page 2>&1)" page
	is "IPv6 only" "$(on wlan -- timeout 20 curl -q -sS http://six.test/page 2>&1)" page
	is "getent" "$(on wlan -- timeout 20 getent ahostsv4 web.test 2>&1 | head -n 1 | cut -d' ' -f1)" 10.1.0.1
	stop "$pid"
}

# ---- ssh ----

start_sshd() {
	local d=$TMP/ssh
	mkdir -p "$d"
	ssh-keygen -q -t ed25519 -N '' -f "$d/hostkey"
	ssh-keygen -q -t ed25519 -N '' -f "$d/key"
	cp "$d/key.pub" "$d/authorized"
	cat >"$d/sshd_config" <<-END
	Port 22
	HostKey $d/hostkey
	PidFile none
	AuthorizedKeysFile $d/authorized
	StrictModes no
	UsePAM no
	PermitRootLogin prohibit-password
	PasswordAuthentication no
	AllowTcpForwarding yes
	Subsystem sftp internal-sftp
	END
	cat >"$d/config" <<-END
	Host *
		IdentityFile $d/key
		IdentitiesOnly yes
		StrictHostKeyChecking no
		UserKnownHostsFile $d/known
		LogLevel ERROR
		ConnectTimeout 10
		BatchMode yes
		User root
	END
	# Its directory for privilege separation, in a /run of its own
	background server sh -c '
		mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd
		exec "$1" -D -e -f "$2"' sh "$(command -v sshd)" "$d/sshd_config"
	SSHD=$LAST
	SSH=(timeout 20 ssh -F "$d/config")
	wait_for 10 listens 22
}

secure_shell() { # VERSION SERVER
	local got=$TMP/got
	is "ssh, IPv$1" "$(on both -- "${SSH[@]}" "$2" 'echo here; exit' 2>&1)" here
	on wlan -- "${SSH[@]}" "$2" 'exit 7' >/dev/null 2>&1
	is "ssh: status of the command over there" $? 7
	on both -- "${SSH[@]}" "$2" sha256sum <"$FILES/blob" >"$TMP/out" 2>&1
	is "ssh: 3 MB by standard input" "$(cut -d' ' -f1 "$TMP/out")" "$BLOB"
	on both --no-mptcp -- "${SSH[@]}" "$2" "cat $FILES/blob" >"$got" 2>"$TMP/err"
	is "ssh: 3 MB by standard output" "$(sum "$got")" "$BLOB"
	rm -f "$got"
	check "scp there, IPv$1" on both -- timeout 20 scp -q -F "$TMP/ssh/config" "$FILES/blob" "$(bracket "$2"):$got"
	is "its file" "$(sum "$got")" "$BLOB"
	rm -f "$got"
	check "scp back, IPv$1" on both -- timeout 20 scp -q -F "$TMP/ssh/config" "$(bracket "$2"):$FILES/blob" "$got"
	is "its file" "$(sum "$got")" "$BLOB"
	is "ssh -L: a forwarded port" "$(on wlan -- timeout 20 sh -c '
		ssh -F "$1/ssh/config" -N -L 127.0.0.1:9080:10.1.0.1:80 "$2" & pid=$!
		for i in 1 2 3 4 5 6 7 8 9 10; do nc -z 127.0.0.1 9080 && break; sleep 0.2; done
		curl -q -sS http://127.0.0.1:9080/blob | sha256sum | cut -d" " -f1
		kill $pid' sh "$TMP" "$2" 2>&1)" "$BLOB"
}

# ---- rsync ----

make_tree() { # DIRECTORY: 200 files in 10 directories
	local i
	for i in {0..9}; do
		mkdir -p "$1/d$i"
		split -a 2 -d -n 20 "$FILES/blob" "$1/d$i/part"
	done
}

remote_sync() {
	local d=$TMP/rsync
	mkdir -p "$d"
	make_tree "$d/tree"
	cat >"$d/conf" <<-END
	port = 873
	use chroot = no
	uid = root
	gid = root
	[tree]
	path = $d/tree
	[in]
	path = $d/in
	read only = no
	END
	mkdir -p "$d/in"
	background server rsync --daemon --no-detach --config="$d/conf"
	local pid=$LAST
	wait_for 10 listens 873
	check "rsync from a daemon, 200 files" on both -- timeout 20 rsync -a rsync://10.1.0.1/tree/ "$d/got/"
	check "the same tree" diff -r "$d/tree" "$d/got"
	check "rsync to a daemon, IPv6" on both -- timeout 20 rsync -a "$d/tree/" "rsync://[fd01::1]/in/"
	check "the same tree" diff -r "$d/tree" "$d/in"
	stop "$pid"
	[ -n "${SSHD:-}" ] || return
	rm -rf "$d/got"
	check "rsync over ssh" on both -- timeout 20 rsync -a -e "ssh -F $TMP/ssh/config" "10.1.0.1:$d/tree/" "$d/got/"
	check "the same tree" diff -r "$d/tree" "$d/got"
}

# ---- git ----

version_control() {
	local d=$TMP/git repo=$FILES/repo.git
	local env=(env HOME="$d" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
		GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t)
	mkdir -p "$d"
	printf '[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n' >"$d/.gitconfig"
	make_tree "$d/work"
	"${env[@]}" sh -c 'cd "$1/work" && git init -q && git add . && git commit -q -m one && git tag v1 &&
		git clone -q --bare . "$2" && cd "$2" && git update-server-info' sh "$d" "$repo" >"$TMP/out" 2>&1
	check "git clone over HTTP" on both -- "${env[@]}" timeout 30 git clone -q http://10.1.0.1:8080/repo.git "$d/dumb"
	check "the same tree" diff -r -x .git "$d/work" "$d/dumb"
	# Smart HTTP: git http-backend as CGI
	mkdir -p "$d/www/cgi-bin"
	printf '#!/bin/sh\nexport HOME=%s GIT_PROJECT_ROOT=%s GIT_HTTP_EXPORT_ALL=1\nexec git http-backend\n' \
		"$d" "$FILES" >"$d/www/cgi-bin/git"
	chmod 755 "$d/www/cgi-bin/git"
	background server "$PYTHON" -m http.server --cgi --bind fd01::1 --directory "$d/www" 8081
	local pid=$LAST
	wait_for 10 listens 8081
	check "git clone over smart HTTP, IPv6" on both -- "${env[@]}" timeout 30 \
		git clone -q "http://[fd01::1]:8081/cgi-bin/git/repo.git" "$d/smart"
	check "the same tree" diff -r -x .git "$d/work" "$d/smart"
	stop "$pid"
	background server "${env[@]}" git daemon --export-all --base-path="$FILES" --listen=10.1.0.1 --reuseaddr
	pid=$LAST
	wait_for 10 listens 9418
	check "git clone from git daemon" on both --no-mptcp -- "${env[@]}" timeout 30 \
		git clone -q git://10.1.0.1/repo.git "$d/native"
	check "the same tree" diff -r -x .git "$d/work" "$d/native"
	stop "$pid"
	[ -n "${SSHD:-}" ] || return
	echo more >"$d/dumb/more"
	check "git push over ssh" on both -- "${env[@]}" GIT_SSH_COMMAND="ssh -F $TMP/ssh/config" timeout 30 sh -c '
		cd "$1/dumb" && git add . && git commit -q -m two && git push -q "ssh://10.1.0.1$2" main' sh "$d" "$repo"
	is "it has arrived" "$("${env[@]}" git --git-dir="$repo" log -1 --format=%s main)" two
}

# ---- apt ----

packages() {
	local d=$TMP/apt deb=$TMP/apt/deb
	mkdir -p "$deb/DEBIAN" "$deb/usr/share/persona-test" "$FILES/apt" "$d/lists/partial" "$d/cache/archives/partial" \
		"$d/empty" "$d/down"
	cp "$FILES/blob" "$deb/usr/share/persona-test/"
	printf 'Package: persona-test\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n' \
		>"$deb/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$deb" "$FILES/apt/persona-test_1_all.deb" >"$TMP/out" 2>&1
	(
		cd "$FILES/apt" || exit
		cat "$deb/DEBIAN/control"
		printf 'Filename: ./persona-test_1_all.deb\nSize: %d\nSHA256: %s\n' \
			"$(stat -c %s persona-test_1_all.deb)" "$(sum persona-test_1_all.deb)"
	) >"$FILES/apt/Packages"
	printf 'Date: %s\nSHA256:\n %s %d Packages\n' "$(date -Ru)" "$(sum "$FILES/apt/Packages")" \
		"$(stat -c %s "$FILES/apt/Packages")" >"$FILES/apt/Release"
	echo "deb [trusted=yes] http://10.1.0.1:8080/apt ./" >"$d/sources.list"
	cat >"$d/apt.conf" <<-END
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "$d/empty";
	Dir::Etc::sourcelist "$d/sources.list";
	Dir::Etc::sourceparts "$d/empty";
	Dir::State::lists "$d/lists";
	Dir::Cache "$d/cache";
	Acquire::Languages "none";
	Acquire::Retries "0";
	END
	chmod 777 "$d/down"
	check "apt-get update" on both -- timeout 30 env APT_CONFIG="$d/apt.conf" apt-get -q update --error-on=any
	is "the package is known" \
		"$(APT_CONFIG=$d/apt.conf apt-cache policy persona-test 2>&1 | sed -n 's/^ *Candidate: //p')" 1
	check "apt-get download" on wlan --no-mptcp -- timeout 30 env APT_CONFIG="$d/apt.conf" \
		sh -c 'cd "$1" && apt-get -q download persona-test' sh "$d/down"
	is "its file" "$(sum "$d/down/persona-test_1_all.deb")" "$(sum "$FILES/apt/persona-test_1_all.deb")"
}

# ---- PostgreSQL ----

database() {
	local d=$TMP/pg bin as=(runuser -u postgres --)
	bin=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
	if [ -z "$bin" ] || ! id -u postgres >/dev/null 2>&1; then
		skip psql "postgresql (the server) is not installed"
		return
	fi
	bin=$(dirname "$bin")
	install -d -m 700 -o postgres "$d"
	(cd / && "${as[@]}" "$bin/initdb" -D "$d/data" -A trust --no-sync) >"$TMP/out" 2>&1
	echo 'host all all all trust' >>"$d/data/pg_hba.conf"
	background server "${as[@]}" "$bin/postgres" -D "$d/data" -k "$d" -h '10.1.0.1,fd01::1' -F
	local pid=$LAST psql=(timeout 20 psql -X -q -A -t -U postgres)
	wait_for 15 server "${as[@]}" psql -h 10.1.0.1 -U postgres -c 'select 1'
	is "psql" "$(on both -- "${psql[@]}" -h 10.1.0.1 -c 'select 6 * 7' postgres 2>&1)" 42
	is "psql, IPv6" "$(on both -- "${psql[@]}" -h fd01::1 -c 'select 6 * 7' postgres 2>&1)" 42
	seq 50000 | on wlan --no-mptcp -- "${psql[@]}" -h 10.1.0.1 -c 'create table t (n int)' -c '\copy t from stdin' \
		postgres >"$TMP/out" 2>&1
	is "psql: 50000 rows there" "$(on wlan -- "${psql[@]}" -h 10.1.0.1 -c 'select sum(n) from t' postgres 2>&1)" 1250025000
	is "psql: and back" "$(on wlan -- "${psql[@]}" -h 10.1.0.1 -c 'select n from t order by n' postgres 2>&1 |
		sha256sum)" "$(seq 50000 | sha256sum)"
	server kill -INT "$pid"
	stop "$pid"
}

web 4 10.1.0.1
web 6 fd01::1
refused
names
if have ssh sshd ssh scp ssh-keygen; then
	start_sshd
	secure_shell 4 10.1.0.1
	secure_shell 6 fd01::1
fi
if have rsync rsync; then remote_sync; fi
if have git git; then version_control; fi
if have apt-get apt-get dpkg-deb; then packages; fi
if have psql psql runuser; then database; fi
done_testing
