// SPDX-License-Identifier: GPL-2.0-only
/*
 * tun_vanishes.c - a TUN device that is not persistent goes with its holder, kill -9 too.
 *
 * So nothing has to be cleaned up after a killed Persona, nor a killed testbed.
 */
#include <signal.h>
#include <sys/wait.h>

#include "packet.h"

int main(void)
{
	int fds[2];
	char c;
	pid_t pid;

	fresh_netns();
	close(tun_device("probe", 0));
	if (pipe(fds) || (pid = fork()) < 0)
		return 1;
	if (!pid) {
		tun_device("tun0", 0);
		if (write(fds[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	ok(read(fds[0], &c, 1) == 1 && if_nametoindex("tun0"), "it is there with its holder");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(!if_nametoindex("tun0"), "and gone when the holder is killed");
	return done();
}
