MODE=shadow
. /persona/tests/netns/lib.sh
testbed_up --unshaped
FILES=$TMP/files; mkdir $FILES; random_file $FILES/blob 3000000; chmod -R a+rX $TMP $FILES; chmod 755 $TMP
cat >"$TMP/parent.py" <<'END'
import fcntl, os, struct, subprocess, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"vpn0", 0x1001))
for c in ("link set vpn0 mtu 1400 up", "addr add 10.6.0.1/24 dev vpn0", "addr add fd06::1/64 dev vpn0 nodad"):
    subprocess.check_call(["ip"] + c.split())
os.set_inheritable(fd, True)
os.execv(sys.argv[1], [a.replace("@", str(fd)) for a in sys.argv[1:]])
END
background phone busybox httpd -f -p 80 -h $FILES
background phone build/tests/programs/pattern serve 7
parent() { phone python3 "$TMP/parent.py" "$@"; }
A=/persona/build/tests/programs/appfilter
parent /usr/bin/strace -f -o $TMP/st $PERSONA run -i fd:@,ip=10.6.0.2/24 -- /persona/build/tests/programs/pattern-static both 10.6.0.1 7 2
echo rc $?
grep -oE "^[0-9]+ +[a-z0-9_]+\(" $TMP/st | grep -oE "[a-z0-9_]+\(" | tr -d '(' | sort | uniq -c > $TMP/calls
$A list 14 | sort >$TMP/l14
awk '{print $2}' $TMP/calls | sort | comm -23 - $TMP/l14 
echo ---
for r in 14 10; do
parent $A $r 10123 $PERSONA run -i fd:@,ip=10.6.0.2/24 -- /persona/build/tests/programs/pattern-static both 10.6.0.1 7 2
echo rc $r $?
dmesg | grep audit | tail -3
done
