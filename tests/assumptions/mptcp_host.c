// SPDX-License-Identifier: GPL-2.0-only
/*
 * mptcp_host.c - the host's kernel speaks MPTCP: the peer of the tests and the demo.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tap.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define SOL_MPTCP_     284
#define MPTCP_INFO_    1
#define MPTCP_TCPINFO_ 2
#define INFO_SIZE      256

int main(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint32_t head[4 + INFO_SIZE / 4] = {[0] = 16, [3] = INFO_SIZE};
	socklen_t len = sizeof(sa);
	char info[INFO_SIZE];
	int server, client, conn = -1;

	fresh_netns();
	server = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	if (server < 0)
		skip_all("no MPTCP in the host's kernel");
	bind(server, (void *)&sa, sizeof(sa));
	ok(!listen(server, 1) && !getsockname(server, (void *)&sa, &len), "an MPTCP server");
	client = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	ok(!connect(client, (void *)&sa, sizeof(sa)) && (conn = accept(server, NULL, NULL)) >= 0,
	   "an MPTCP connection over loopback");
	ok(write(client, "x", 1) == 1 && read(conn, info, 1) == 1, "carries data");
	len = sizeof(info);
	ok(!getsockopt(conn, SOL_MPTCP_, MPTCP_INFO_, info, &len), "and is MPTCP (MPTCP_INFO)");
	len = sizeof(head);
	ok(!getsockopt(conn, SOL_MPTCP_, MPTCP_TCPINFO_, head, &len) && head[1] == 1,
	   "MPTCP_TCPINFO tells of one subflow");
	return done();
}
