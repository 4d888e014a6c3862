// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - persona-opener: the one process that holds privileges, for one run.
 *
 * Theory of operation
 *
 *	persona (any user)		persona-opener (file capabilities, or root)
 *	OPEN wlan0 ...		--->	may this user? open; pass the descriptor
 *	SLICE			--->	start nft; give up what opening needed (confine.c);
 *					reserve ports
 *	FLOWS, CLAIM, RELEASE	--->	rules for the host's kernel
 *	(ends, however)		--->	end of the connection: take everything back
 *
 * It starts the tool that holds the rules before it confines itself, and asks the
 * host nothing on behalf of the user that the kernel would not allow its two
 * capabilities. What comes from the connection is checked before it is believed: names
 * against what was opened, ports against what was taken, addresses against the host's own
 * (an address that the host has is shared, whatever the request says).
 *
 * No memory is allocated: all state is static, and libc functions that would
 * allocate are not used. One thread. Signals of a terminal do not come (a session of
 * its own); SIGTERM is taken as the end.
 *
 * Limits: OPENER_SLOTS interfaces; it trusts the kernel and nft.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backend/rawsys.h"
#include "backend/why.h"
#include "opener/confine.h"
#include "opener/opener.h"
#include "opener/policy.h"
#include "opener/hostports.h"
#include "opener/rules.h"

/**
 * struct slot - an interface that was opened
 * @undo: descriptor to take it back by, or -1
 */
static struct slot {
	const struct backend_ops *ops;
	char ifname[IF_NAMESIZE];
	int undo;
} slots[OPENER_SLOTS];

static unsigned int nslots;
static bool confined;
static char no_rules[OPENER_WHY]; /* why the host cannot be kept from our frames, or "" */
static struct opener_request request;

/* ---- what a request says is checked ---- */

static bool terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* A name that can stand in a rule. */
static bool plain_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.@-";

	return *s && *s != '-' && strspn(s, letters) == strlen(s) && strcmp(s, ".") &&
	       strcmp(s, "..");
}

/* Has the host's kernel this address? Then a socket can be bound to it. */
static bool is_local(const struct flows_addr *a)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	int fd, err;

	/* A link-local address cannot be bound without its interface; the host may have it. */
	if (a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80)
		return true;
	fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	memcpy(&sin.sin_addr, a->bytes, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, a->bytes, sizeof(sin6.sin6_addr));
	err = a->family == AF_INET ? bind(fd, (struct sockaddr *)&sin, sizeof(sin))
				   : bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
	close(fd);
	return !err;
}

static struct slot *find_slot(const char *ifname)
{
	for (unsigned int i = 0; i < nslots; i++) {
		if (!strcmp(slots[i].ifname, ifname))
			return &slots[i];
	}
	return NULL;
}

/* ---- requests ---- */

static int hold(const char **why)
{
	bool rules = false;
	int err;

	if (confined)
		return 0;
	for (unsigned int i = 0; i < nslots; i++)
		rules |= slots[i].ops->set_filter != NULL;
	if (rules && rules_start(why))
		snprintf(no_rules, sizeof(no_rules), "%s", *why);
	err = confine();
	if (err)
		return why_set(why, -err, "persona-opener cannot confine itself: %s",
			       strerror(-err));
	confined = true;
	return 0;
}

static int do_open(const struct opener_request *q, int *fd, const char **why)
{
	struct slot *s = &slots[nslots];
	int err;

	if (!terminated(q->backend, sizeof(q->backend)) ||
	    !terminated(q->ifname, sizeof(q->ifname)))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	if (!plain_name(q->ifname))
		return why_set(
			why, EINVAL,
			"interface '%s': only letters, digits and _.@- are allowed in a name",
			q->ifname);
	if (confined || nslots == OPENER_SLOTS)
		return why_set(why, EBUSY, "persona-opener: no further interface");
	s->ops = backend_find(q->backend);
	if (!s->ops || s->ops->opener == BACKEND_SELF) /* those need nothing of ours */
		return why_set(why, EINVAL, "unknown back end '%s'", q->backend);
	err = policy_allows(q->ifname, why);
	if (err)
		return err;
	*fd = s->ops->open(q->ifname, why);
	if (*fd < 0)
		return *fd;
	s->undo = s->ops->undo ? fcntl(*fd, F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1) : -1;
	memcpy(s->ifname, q->ifname, sizeof(s->ifname));
	nslots++;
	return 0;
}

static int do_slice(const struct opener_request *q, struct opener_reply *r, const char **why)
{
	int err = hold(why);

	if (err || !q->ports)
		return err;
	if (no_rules[0])
		return why_set(why, EOPNOTSUPP, "%s", no_rules);
	if (hostports_slice(0, 0))
		return hostports_reserve(q->ports, &r->first, &r->last, why);
	return why_set(why, EBUSY, "persona-opener: ports are reserved already");
}

static bool port_valid(const struct opener_request *q)
{
	return (q->proto == IPPROTO_TCP || q->proto == IPPROTO_UDP) && q->port &&
	       (q->family == AF_INET || q->family == AF_INET6);
}

static int do_claim(const struct opener_request *q, const char **why)
{
	int err = hold(why);

	if (err)
		return err;
	if (!port_valid(q))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	return hostports_claim(q->proto, q->port, q->family, q->bytes, why);
}

static int do_flows(struct opener_request *q, const char **why)
{
	struct flows *f = &q->flows;
	struct slot *s;
	int err = hold(why);

	if (err)
		return err;
	s = terminated(q->ifname, sizeof(q->ifname)) ? find_slot(q->ifname) : NULL;
	if (!s || !flows_valid(f) || (f->first && !hostports_slice(f->first, f->last)))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	for (uint32_t i = 0; i < f->nports; i++) {
		if (!hostports_ours(f->port[i].proto, f->port[i].port))
			return why_set(why, EINVAL, "persona-opener: port %u was not taken",
				       f->port[i].port);
	}
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if (f->addr[i].owner == FLOWS_OWN && is_local(&f->addr[i]))
			f->addr[i].owner = FLOWS_SHARED;
	}
	if (s->ops->steer)
		return s->ops->steer(s->ifname, f, why);
	/* Own addresses alone work without rules, too: the host has nothing to answer. */
	if (no_rules[0])
		return flows_shared(f, 0) ? why_set(why, EOPNOTSUPP, "%s", no_rules) : 0;
	return rules_set((unsigned int)(s - slots), s->ifname, f, why);
}

static int serve(struct opener_request *q, struct opener_reply *r, int *fd)
{
	const char *why = "persona-opener: malformed request";
	int err = -EINVAL;

	switch (q->op) {
	case OPENER_OPEN:
		err = do_open(q, fd, &why);
		break;
	case OPENER_SLICE:
		err = do_slice(q, r, &why);
		break;
	case OPENER_CLAIM:
		err = do_claim(q, &why);
		break;
	case OPENER_RELEASE:
		hostports_release(q->proto, q->port);
		err = 0;
		break;
	case OPENER_FLOWS:
		err = do_flows(q, &why);
		break;
	}
	r->err = err;
	snprintf(r->why, sizeof(r->why), "%s", err ? why : "");
	return err;
}

/* ---- the connection ---- */

static int reply(const struct opener_reply *r, int fd)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)r, sizeof(*r)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(OPENER_FD, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static volatile sig_atomic_t told_to_end;

static void end(int sig)
{
	told_to_end = 1;
}

static void loop(void)
{
	struct opener_reply r;
	ssize_t n;
	int fd, err;

	while (!told_to_end) {
		n = recv(OPENER_FD, &request, sizeof(request), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		memset(&r, 0, sizeof(r));
		fd = -1;
		if (n == sizeof(request) && request.magic == OPENER_MAGIC) {
			serve(&request, &r, &fd);
		} else {
			r.err = -EPROTO;
			snprintf(r.why, sizeof(r.why),
				 "persona-opener is of another build than persona");
		}
		err = reply(&r, r.err ? -1 : fd);
		if (fd >= 0)
			close(fd);
		if (err)
			return;
	}
}

static void take_back(void)
{
	rules_stop();
	hostports_restore();
	for (unsigned int i = 0; i < nslots; i++) {
		if (slots[i].undo < 0)
			continue;
		slots[i].ops->undo(slots[i].undo, slots[i].ifname);
		close(slots[i].undo);
	}
}

/* Descriptors that were forgotten above ours; 0 to 2 lead nowhere. */
static void set_descriptors(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	for (int fd = OPENER_GONE_FD + 1;
	     syscall(SYS_close_range, OPENER_GONE_FD + 1, ~0u, 0) && fd < 1024; fd++)
		close(fd);
	fcntl(OPENER_FD, F_SETFD, FD_CLOEXEC);
	fcntl(OPENER_GONE_FD, F_SETFD, FD_CLOEXEC);
}

int main(void)
{
	struct sigaction sa = {.sa_handler = end};
	struct stat st;

	if (fstat(OPENER_FD, &st) || !S_ISSOCK(st.st_mode)) {
		dprintf(2, "persona: persona-opener is started by persona run, not by hand\n");
		return 125;
	}
	set_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &sa, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	umask(022);
	if (chdir("/"))
		return 125;
	loop();
	take_back();
	return 0;
}
