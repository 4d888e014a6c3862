// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_opener.c - the real persona-opener over its connection, the asking side being anybody.
 *
 * Each test starts one beside this program, in a network namespace with a veth pair, and a
 * /run of our own. Whatever it was asked, it must end by itself with status 0 when the
 * connection does (a system call that its filter does not know would be SIGSYS), and leave
 * neither a rule nor a reserved port.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "opener/opener.h"
#include "unit.h"

static char path[4096];

static int set_up(void **state)
{
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	int err = enter_netns(state);

	if (err || !in_netns)
		return err;
	path[n > 0 ? n : 0] = '\0';
	strcpy(strrchr(path, '/') + 1, "persona-opener");
	if (access(path, X_OK) || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL)) {
		fprintf(stderr, "SKIP: %s or a /run of our own: %s\n", path, strerror(errno));
		in_netns = false;
		return 0;
	}
	return system("ip link add oa type veth peer name ob && ip link set oa up && "
		      "ip link set ob up && ip addr add 10.9.0.3/24 dev oa");
}

struct opener {
	pid_t pid;
	int fd;
};

/* @gone: what the opener has of persona's pipe, or -1 */
static struct opener start_with(int gone)
{
	struct opener o;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	o.pid = fork();
	assert_true(o.pid >= 0);
	if (!o.pid) {
		/* A copy, since dup2() of a number to itself leaves it CLOEXEC. */
		gone = gone < 0 ? -1 : fcntl(gone, F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1);
		dup2(fcntl(pair[1], F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1), OPENER_FD);
		if (gone < 0)
			close(OPENER_GONE_FD);
		else
			dup2(gone, OPENER_GONE_FD);
		execl(path, "persona-opener", NULL);
		_exit(127);
	}
	close(pair[1]);
	o.fd = pair[0];
	return o;
}

static struct opener start(void)
{
	return start_with(-1);
}

/* The connection ends, so does it: with status 0. */
static void leave(struct opener *o)
{
	int status;

	close(o->fd);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	if (WIFSIGNALED(status))
		fail_msg("ended by signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* It was the only one: all is as it was. */
static void finish(struct opener *o)
{
	leave(o);
	sh("[ -z \"$(cat /proc/sys/net/ipv4/ip_local_reserved_ports)\" ]");
	sh("[ ! -e /run/persona ]");
	sh("! command -v nft >/dev/null || [ -z \"$(nft list ruleset)\" ]");
	sh("[ -z \"$(ip -br link show type macvtap)\" ]");
}

static struct opener_reply reply;

/* Send @len bytes; the reply is in `reply`. Return: the descriptor that came, or -1. */
static int send_bytes(const struct opener *o, const void *bytes, size_t len)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {&reply, sizeof(reply)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = o->fd, .events = POLLIN};
	int fd = -1;

	assert_int_equal(send(o->fd, bytes, len, MSG_NOSIGNAL), len);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(recvmsg(o->fd, &m, MSG_CMSG_CLOEXEC), sizeof(reply));
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	assert_true(memchr(reply.why, '\0', sizeof(reply.why)) != NULL);
	assert_int_equal(reply.err != 0, reply.why[0] != '\0');
	assert_true(!reply.err || fd < 0);
	return fd;
}

static int ask(const struct opener *o, const struct opener_request *q)
{
	struct opener_request copy = *q;
	int fd;

	copy.magic = OPENER_MAGIC;
	fd = send_bytes(o, &copy, sizeof(copy));
	if (fd >= 0)
		close(fd);
	return reply.err;
}

static int ask_open(const struct opener *o, const char *backend, const char *ifname)
{
	struct opener_request q = {.op = OPENER_OPEN};

	strncpy(q.backend, backend, sizeof(q.backend));
	strncpy(q.ifname, ifname, sizeof(q.ifname));
	return ask(o, &q);
}

static int ask_range(const struct opener *o, uint16_t ports)
{
	return ask(o, &(struct opener_request){.op = OPENER_RANGE, .ports = ports});
}

static int ask_reserve(const struct opener *o, uint16_t proto, uint16_t port, uint16_t family)
{
	return ask(o,
		   &(struct opener_request){
			   .op = OPENER_RESERVE, .proto = proto, .port = port, .family = family});
}

/* Flows on @ifname: an own and a shared address, the range, one port (0: none). */
static int ask_flows(const struct opener *o, const char *ifname, uint16_t first, uint16_t last,
		     uint16_t port)
{
	struct opener_request q = {.op = OPENER_FLOWS,
				   .flows = {.naddrs = 2,
					     .addr = {{AF_INET, FLOWS_OWN, {10, 9, 0, 2}},
						      {AF_INET, FLOWS_SHARED, {10, 9, 0, 3}}},
					     .first = first,
					     .last = last,
					     .nports = port != 0,
					     .port = {{IPPROTO_TCP, port}}}};

	strncpy(q.ifname, ifname, sizeof(q.ifname));
	return ask(o, &q);
}

/* ---- malformed ---- */

static void test_sizes(void **state)
{
	static uint8_t bytes[sizeof(struct opener_request) + 100];
	static const size_t sizes[] = {1,
				       4,
				       8,
				       sizeof(struct opener_request) - 1,
				       sizeof(struct opener_request) + 1,
				       sizeof(bytes)};
	const uint32_t magic = OPENER_MAGIC;
	struct opener o;

	NEED_NETNS();
	o = start();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		memcpy(bytes, &magic, sizeof(magic));
		send_bytes(&o, bytes, sizes[i]);
		assert_int_equal(reply.err, -EPROTO);
	}
	memset(bytes, 0xff, sizeof(bytes));
	send_bytes(&o, bytes, sizeof(struct opener_request));
	assert_int_equal(reply.err, -EPROTO);
	assert_int_equal(ask_open(&o, "packet", "oa"), 0); /* and still serves */
	finish(&o);
}

static void test_operations(void **state)
{
	static const uint32_t ops[] = {OPENER_OPS, 77, UINT32_MAX};
	struct opener o;

	NEED_NETNS();
	o = start();
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		assert_int_equal(ask(&o, &(struct opener_request){.op = ops[i]}), -EINVAL);
	finish(&o);
}

static void test_names(void **state)
{
	static const char *const names[] = {
		"",    ".",    "..",  "-oa",	  "oa\" drop", "../oa", "o a",
		"oa;", "oa\n", "o%s", "\xc3\xa4", "oa\\",      "{oa}",	"0123456789abcdef"};
	struct opener o;

	NEED_NETNS();
	o = start();
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (ask_open(&o, "packet", names[i]) != -EINVAL)
			fail_msg("'%s': %d", names[i], reply.err);
	}
	assert_int_equal(ask_open(&o, "packet", "nope"), -ENODEV);
	assert_int_equal(ask_open(&o, "nope", "oa"), -EINVAL);
	assert_int_equal(ask_open(&o, "0123456789abcdef", "oa"), -EINVAL);
	finish(&o);
}

/* ---- order, and what was not taken ---- */

static void test_too_late(void **state)
{
	struct opener o;

	NEED_NETNS();
	o = start();
	assert_int_equal(ask_open(&o, "packet", "oa"), 0);
	assert_int_equal(ask_range(&o, 0), 0);
	assert_int_equal(ask_open(&o, "packet", "ob"), -EBUSY);
	assert_int_equal(ask_range(&o, 0), 0);
	finish(&o);
	o = start();
	assert_int_equal(ask_reserve(&o, IPPROTO_TCP, 8080, AF_INET), 0);
	assert_int_equal(ask_open(&o, "packet", "oa"), -EBUSY);
	finish(&o);
}

static void test_too_many(void **state)
{
	struct opener o;

	NEED_NETNS();
	o = start();
	for (unsigned int i = 0; i < OPENER_SLOTS; i++)
		assert_int_equal(ask_open(&o, "packet", i & 1 ? "oa" : "ob"), 0);
	assert_int_equal(ask_open(&o, "packet", "oa"), -EBUSY);
	finish(&o);
}

static void test_flows_refused(void **state)
{
	struct opener_request q = {.op = OPENER_FLOWS, .ifname = "oa"};
	uint16_t first, last;
	struct opener o;

	NEED_NETNS();
	o = start();
	assert_int_equal(ask_open(&o, "packet", "oa"), 0);
	assert_int_equal(ask_range(&o, 256), 0);
	first = reply.first;
	last = reply.last;
	assert_int_equal(last - first, 255);
	/* Again: it grows, and its beginning stays its own. */
	assert_int_equal(ask_range(&o, 256), 0);
	assert_int_equal(reply.last - reply.first, 511);
	assert_true(reply.first <= first && last <= reply.last);
	assert_int_equal(ask_flows(&o, "oa", first, last, 0), 0);
	first = reply.first;
	last = reply.last;
	assert_int_equal(ask_flows(&o, "ob", first, last, 0), -EINVAL); /* not opened */
	assert_int_equal(ask_flows(&o, "", first, last, 0), -EINVAL);
	assert_int_equal(ask_flows(&o, "0123456789abcdef", first, last, 0), -EINVAL);
	assert_int_equal(ask_flows(&o, "oa", first, last, 8080), -EINVAL); /* not reserved */
	assert_contains(reply.why, "port 8080 was not taken");
	assert_int_equal(ask_flows(&o, "oa", first, (uint16_t)(last + 1), 0), -EINVAL);
	assert_int_equal(ask_flows(&o, "oa", 1, 65535, 0), -EINVAL);
	assert_int_equal(ask_flows(&o, "oa", 0, 65535, 0), -EINVAL);
	q.flows.naddrs = UINT32_MAX;
	assert_int_equal(ask(&o, &q), -EINVAL);
	q.flows.naddrs = 0;
	q.flows.nports = FLOWS_MAX_PORTS + 1;
	assert_int_equal(ask(&o, &q), -EINVAL);
	finish(&o);
}

static void test_single_ports(void **state)
{
	struct opener o;

	NEED_NETNS();
	o = start();
	assert_int_equal(ask_reserve(&o, IPPROTO_TCP, 0, AF_INET), -EINVAL);
	assert_int_equal(ask_reserve(&o, IPPROTO_ICMP, 8080, AF_INET), -EINVAL);
	assert_int_equal(ask_reserve(&o, IPPROTO_TCP, 8080, AF_UNIX), -EINVAL);
	assert_int_equal(ask_reserve(&o, IPPROTO_TCP, 80, AF_INET), 0);
	assert_int_equal(ask_reserve(&o, IPPROTO_UDP, 53, AF_INET), 0);
	assert_int_equal(ask_reserve(&o, IPPROTO_TCP, 81, AF_INET6), 0);
	assert_int_equal(ask(&o, &(struct opener_request){.op = OPENER_RELEASE,
							  .proto = IPPROTO_TCP,
							  .port = 80}),
			 0);
	assert_int_equal(ask(&o, &(struct opener_request){.op = OPENER_RELEASE}), 0);
	assert_int_equal(
		ask(&o, &(struct opener_request){.op = OPENER_RELEASE, .proto = 77, .port = 77}),
		0);
	finish(&o);
}

/* ---- addresses of one run at a time ---- */

/* Claim 10.9.0.@last and fd09::@last, which are @owner's. */
static int ask_claim(const struct opener *o, const char *ifname, uint16_t owner, uint8_t last)
{
	struct opener_request q = {.op = OPENER_CLAIM,
				   .flows = {.naddrs = 2,
					     .addr = {{AF_INET, owner, {10, 9, 0, last}},
						      {AF_INET6, owner, {0xfd, 9, [15] = last}}}}};

	strncpy(q.ifname, ifname, sizeof(q.ifname));
	return ask(o, &q);
}

static void test_claims(void **state)
{
	struct opener a, b;

	NEED_NETNS();
	a = start();
	b = start();
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 2), -EINVAL); /* not opened */
	assert_int_equal(ask_open(&a, "packet", "oa"), 0);
	assert_int_equal(ask_open(&b, "packet", "oa"), 0);
	assert_int_equal(ask_open(&b, "packet", "ob"), 0);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 2), 0);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 2), 0); /* its own */
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), -EADDRINUSE);
	assert_contains(reply.why, "oa: 10.9.0.2 is in use by another run");
	assert_int_equal(ask_claim(&b, "oa", FLOWS_SHARED, 2), 0);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 4), 0);
	assert_int_equal(ask_claim(&b, "ob", FLOWS_OWN, 2), 0);
	/* Also once it is confined, which ends the time of opening alone. */
	assert_int_equal(ask_range(&b, 0), 0);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 5), 0);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), -EADDRINUSE);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 5), -EADDRINUSE);
	finish(&b);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 5), 0);
	finish(&a);
}

static int ask_stack(const struct opener *o)
{
	return ask(o, &(struct opener_request){.op = OPENER_STACK});
}

/* A process that starts the stack, and has it until it is killed. */
static pid_t start_stack(const struct opener *o)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		c = ask_stack(o) ? 'n' : 'y';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_stack(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What has the connection alone keeps no address when persona has ended; a stack does. */
static void test_claims_lapse(void **state)
{
	struct opener a, b;
	pid_t stack;
	int run[2];

	NEED_NETNS();
	assert_int_equal(pipe2(run, O_CLOEXEC), 0);
	a = start_with(run[1]);
	close(run[1]);
	b = start();
	assert_int_equal(ask_open(&a, "packet", "oa"), 0);
	assert_int_equal(ask_open(&b, "packet", "oa"), 0);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 2), 0);
	assert_int_equal(ask_range(&a, 0), 0); /* confined */

	/* A stack ends, and persona goes on. */
	end_stack(start_stack(&a));
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), -EADDRINUSE);

	/* Persona ends, and a stack goes on. */
	stack = start_stack(&a);
	close(run[0]);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), -EADDRINUSE);
	end_stack(stack);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), 0);

	/* The next stack of that run is refused, and served when the other run has ended. */
	assert_int_equal(ask_stack(&a), -EADDRINUSE);
	assert_contains(reply.why, "oa: 10.9.0.2 is in use by another run");
	leave(&b);
	stack = start_stack(&a);
	b = start();
	assert_int_equal(ask_open(&b, "packet", "oa"), 0);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), -EADDRINUSE);
	end_stack(stack);
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), 0);
	leave(&b);
	finish(&a);
}

/* A claim waits for an address that is about to be free, and gets it. */
static void test_claim_waits(void **state)
{
	struct opener a, b;
	int status;
	pid_t pid;

	NEED_NETNS();
	a = start();
	b = start();
	assert_int_equal(ask_open(&a, "packet", "oa"), 0);
	assert_int_equal(ask_open(&b, "packet", "oa"), 0);
	assert_int_equal(ask_claim(&a, "oa", FLOWS_OWN, 2), 0);
	pid = fork();
	if (!pid) {
		usleep(300000);
		kill(a.pid, SIGTERM);
		_exit(0);
	}
	assert_int_equal(ask_claim(&b, "oa", FLOWS_OWN, 2), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	finish(&a);
	finish(&b);
}

/* ---- all that it does, confined; and its end at every point ---- */

#define STEPS 9

static void step(const struct opener *o, unsigned int i, bool rules)
{
	static uint16_t first, last;
	int err = 0;

	switch (i) {
	case 0:
		err = ask_open(o, "packet", "oa");
		break;
	case 1:
		err = ask_open(o, "tap", "ot");
		break;
	case 2:
		err = ask_open(o, "packet", "ob");
		break;
	case 3:
		err = ask_range(o, rules ? 4096 : 0);
		first = reply.first;
		last = reply.last;
		break;
	case 4:
		err = ask_reserve(o, IPPROTO_TCP, 80, AF_INET);
		break;
	case 5:
		err = rules ? ask_flows(o, "oa", first, last, 80) : 0;
		break;
	case 6:
		err = rules ? ask_flows(o, "ob", first, last, 0) : 0;
		break;
	case 7:
		err = rules ? ask_flows(o, "oa", first, last, 0) : 0;
		break;
	case 8:
		err = ask(o, &(struct opener_request){
				     .op = OPENER_RELEASE, .proto = IPPROTO_TCP, .port = 80});
		break;
	}
	if (err)
		fail_msg("step %u: %s", i, reply.why);
}

static void test_every_end(void **state)
{
	bool rules = !system("command -v nft >/dev/null");

	NEED_NETNS();
	if (!rules)
		fprintf(stderr, "SKIP: nft is not installed: no rules\n");
	for (unsigned int n = 0; n <= STEPS; n++) {
		struct opener o = start();

		for (unsigned int i = 0; i < n; i++)
			step(&o, i, rules);
		finish(&o);
	}
}

static void test_rules(void **state)
{
	const char *rules;
	struct opener o;

	NEED_NETNS();
	if (system("command -v nft >/dev/null")) {
		fprintf(stderr, "SKIP: nft is not installed\n");
		skip();
	}
	o = start();
	for (unsigned int i = 0; i < 6; i++)
		step(&o, i, true);
	rules = output_of("nft list ruleset");
	assert_contains(rules, "device \"oa\"");
	assert_contains(rules, "ip daddr 10.9.0.2 drop");
	assert_contains(rules, "tcp dport 80 drop");
	finish(&o);
	/* An address that the host has is never taken from it. */
	o = start();
	assert_int_equal(ask_open(&o, "packet", "oa"), 0);
	assert_int_equal(
		ask(&o,
		    &(struct opener_request){
			    .op = OPENER_FLOWS,
			    .ifname = "oa",
			    .flows = {.naddrs = 1, .addr = {{AF_INET, FLOWS_OWN, {10, 9, 0, 3}}}}}),
		0);
	assert_null(strstr(output_of("nft list ruleset"), "10.9.0.3"));
	finish(&o);
}

/* By SIGKILL, after each step: its rules have gone with it, and its ports are the next one's. */
static void test_killed(void **state)
{
	bool rules = !system("command -v nft >/dev/null");

	NEED_NETNS();
	for (unsigned int n = 0; n <= STEPS; n++) {
		struct opener o = start();
		int status;

		for (unsigned int i = 0; i < n; i++)
			step(&o, i, rules);
		assert_int_equal(kill(o.pid, SIGKILL), 0);
		assert_int_equal(waitpid(o.pid, &status, 0), o.pid);
		if (rules)
			assert_string_equal(output_of("nft list ruleset"), "");
		close(o.fd);
		o = start();
		assert_int_equal(ask_open(&o, "packet", "oa"), 0);
		assert_int_equal(ask_range(&o, 256), 0);
		finish(&o);
	}
}

static void test_macvtap(void **state)
{
	struct opener o;

	NEED_NETNS();
	o = start();
	if (ask_open(&o, "macvtap", "oa")) {
		fprintf(stderr, "SKIP: %s\n", reply.why);
		finish(&o);
		skip();
	}
	assert_int_equal(ask_range(&o, 0), 0);
	finish(&o); /* the link is deleted by the confined one */
}

static void test_sigterm(void **state)
{
	struct opener o;

	NEED_NETNS();
	o = start();
	for (unsigned int i = 0; i < 5; i++)
		step(&o, i, !system("command -v nft >/dev/null"));
	assert_int_equal(kill(o.pid, SIGTERM), 0);
	finish(&o);
}

static void test_by_hand(void **state)
{
	char cmd[4200];

	NEED_NETNS();
	snprintf(cmd, sizeof(cmd), "%s 3</dev/null 2>&1 >/dev/null; [ $? = 125 ]", path);
	assert_string_equal(output_of(cmd),
			    "persona: persona-opener is started by persona run, not by hand\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	     cmocka_unit_test(test_operations),
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_too_many),     cmocka_unit_test(test_flows_refused),
		cmocka_unit_test(test_single_ports), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claims_lapse), cmocka_unit_test(test_claim_waits),
		cmocka_unit_test(test_every_end),    cmocka_unit_test(test_rules),
		cmocka_unit_test(test_killed),	     cmocka_unit_test(test_macvtap),
		cmocka_unit_test(test_sigterm),	     cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
