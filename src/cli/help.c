// SPDX-License-Identifier: GPL-2.0-only
/*
 * help.c - `persona help`: the whole command line on one screen.
 */
#include <stdio.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "launch/paths.h"

int cmd_help(int argc, char **argv)
{
	unsigned int i;

	puts("persona " PERSONA_VERSION
	     ": run an unmodified program on a network stack of its own\n"
	     "\n"
	     "usage: persona run [OPTION]... [-i SPEC]... [--] COMMAND [ARG]...");
	puts("       persona ps [--json]    list what runs in this network namespace\n"
	     "       persona show [--once] [--interval SECONDS] [--json] [ID]\n"
	     "                              interfaces and connections of a run, with rates\n"
	     "       persona exec ID [--] COMMAND [ARG]...\n"
	     "                              one more program on the stack of a run\n"
	     "       persona profile [--output FILE.svg] [--json] [--frequency HZ] [--stops]\n"
	     "                       [OPTION OF run]... [--] COMMAND [ARG]...\n"
	     "                              run it, and say where the time goes: table, flame "
	     "graph\n"
	     "       persona list [--json]  list personalities and back ends\n"
	     "       persona doctor [--json] [--mptcp HOST[:PORT]] [[-i] SPEC]...\n"
	     "                              check what this machine allows, and say what to do\n"
	     "       persona version        print the version\n"
	     "       persona help           print this text\n"
	     "\n"
	     "  -p, --personality NAME   network stack (default: " DEFAULT_PERSONALITY
	     "), or a path\n"
	     "  -i, --interface SPEC     interface of the host to use; may be repeated\n"
	     "                           (default: passt:, the host's sockets, for any user)\n"
	     "      --mode MODE          shadow: persona holds the stack, for whole trees of\n"
	     "                           programs (default); inline: the program holds it: "
	     "faster,\n"
	     "                           one process; auto: inline for programs known to fit\n"
	     "      --inline             the same as --mode inline\n"
	     "      --isolate            loopback addresses are the stack's, too\n"
	     "      --linger SECONDS     wait so long at the end for data to arrive (default: 30)\n"
	     "  -o, --sysctl KEY=VALUE   set a sysctl of the stack; may be repeated\n"
	     "      --no-mptcp           leave plain TCP sockets plain\n"
	     "      --pcap FILE          capture all interfaces into a pcapng file\n"
	     "  -v, --verbose            show the stack's kernel log and what is done\n"
	     "      --vcpus N            processors of the stack (default: 2, or 1)\n"
	     "      --mem SIZE           memory of the stack (default: 128M)\n"
	     "\n"
	     "SPEC = [BACKEND:]IFNAME[,ip=ADDR/LEN]...[,gw=ADDR]...[,mac=MAC][,mtu=N][,name=NAME]\n"
	     "       without ip= the host interface's addresses and gateways are taken over\n"
	     "       fd:N is an inherited TUN/TAP descriptor; passt: needs no IFNAME\n"
	     "\n"
	     "back ends:");
	for (i = 0; backend_at(i); i++)
		printf("  %-8s %s\n", backend_at(i)->name, backend_at(i)->help);
	puts("\n"
	     "exit status: COMMAND's; 128+N if signal N ended it; 125 Persona failed;\n"
	     "             126 COMMAND cannot be executed; 127 COMMAND not found\n"
	     "\n"
	     "example: persona run -i wlan0,ip=10.1.0.2/24,gw=10.1.0.1 -i rawip:rmnet0,"
	     "ip=10.2.0.2/24 -- \\\n"
	     "                     curl http://192.0.2.1/file");
	return 0;
}
