// SPDX-License-Identifier: GPL-2.0-only
/*
 * nft_owner.c - a table with `flags owner` is gone when `nft -i`, which made it, is killed.
 *
 * So a filter that keeps the host off our flows cannot outlive us.
 */
#include <signal.h>
#include <sys/wait.h>

#include "tap.h"

static bool has_table(void)
{
	return !system("nft list tables netdev 2>/dev/null | grep -q persona");
}

static bool within_a_second(bool there)
{
	for (int i = 0; i < 100; i++) {
		if (has_table() == there)
			return true;
		usleep(10000);
	}
	return false;
}

int main(void)
{
	static const char script[] =
		"add table netdev persona { flags owner; }\n"
		"add chain netdev persona in { type filter hook ingress device lo priority 0; }\n"
		"add rule netdev persona in tcp dport 9 counter drop\n";
	int fds[2];
	pid_t pid;

	fresh_netns();
	if (system("nft list tables >/dev/null 2>&1"))
		skip_all("nft does not work here");
	if (pipe(fds) || (pid = fork()) < 0)
		return 1;
	if (!pid) {
		dup2(fds[0], 0);
		close(fds[1]);
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		setenv("HOME", "/dev/null", 1); /* no history */
		execlp("nft", "nft", "-i", (char *)NULL);
		_exit(127);
	}
	if (write(fds[1], script, strlen(script)) != (ssize_t)strlen(script))
		return 1;
	ok(within_a_second(true), "nft -i makes a table that it owns, with an ingress chain");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(within_a_second(false), "killed, its table is gone");
	return done();
}
