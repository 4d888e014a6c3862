#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gdb.t - gdb stops in an extension, and shows its lines, variables and the way there.
#
#   phone: a shell on the stack of `persona`, which gdb attaches to    (docs/debugging.md)
#     wlan0  10.1.0.2
#
# The Makefile of the extension planted/ has ccflags-y += -g; the kernel around it has names only.
#
# image: linux-6.12-debug mptcp ./tests/personalities/planted
# runs: waits
# shellcheck source=tests/personalities/debug.sh
. "$(dirname "$0")/debug.sh"

need gdb
testbed_up --unshaped
mkfifo "$TMP/go"
background on wlan -- sh -c 'read -r _ <"$1/go"; echo 1 >/proc/sys/net/planted/fault' sh "$TMP"
has_stack() { grep -q "$PERSONALITY" "/proc/$LAST/maps" && pgrep -P "$LAST" >/dev/null; }
wait_for 20 has_stack || note "the stack did not start"
sleep 1
{
	cat <<-'END'
	set pagination off
	handle SIGSEGV SIGBUS nostop noprint pass
	END
	echo "eval \"add-symbol-file $TOP/build/kernel/${PERSONALITY}/vmlinux -o %p\", engine.image.base"
	cat <<-'END'
	break planted_write
	shell echo >"$GO"
	continue
	next
	next
	print planted_fault
	backtrace
	END
} >"$TMP/commands"
GO=$TMP/go timeout 60 gdb -q -batch -p "$LAST" -x "$TMP/commands" >"$TMP/out" 2>&1
got=$(tail -n 60 "$TMP/out")
matches "it stops in the extension" "$got" 'hit Breakpoint 1.*, planted_write \(table=.*, write=1'
matches "a line of its source" "$got" 'planted\.c:[0-9]+'
matches "a variable of it" "$got" '\$1 = 1$'
matches "the way there: the system call" "$got" '(vfs_write|ksys_write|__do_sys_write|sys_write)'
matches "the way there: the engine" "$got" 'lkl_do_call|lkl_user_loop|run_call'
done_testing
