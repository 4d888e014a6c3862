// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_run.c - `persona run`: bad command lines give one line and a status;
 * the supervisor is transparent.
 *
 * Each case runs in a child process with its stderr in a pipe.
 */
#include "unit.h"
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "cli/cli.h"
#include "launch/paths.h"
#include "launch/supervise.h"

static char text[8192]; /* what the last child wrote to stderr */

/* Run @body in a child; return its exit status, or -signal. */
static int in_child(int (*body)(void *arg), void *arg)
{
	size_t len = 0;
	int p[2], status;
	ssize_t n;
	pid_t pid;

	fflush(NULL);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		_exit(body(arg)); /* no leak check: the process is the clean-up */
	}
	close(p[1]);
	while (len < sizeof(text) - 1 && (n = read(p[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_words(void *arg)
{
	char words[1024], *argv[32], *save = NULL;
	int argc = 0;

	snprintf(words, sizeof(words), "run %s", (const char *)arg);
	for (argv[0] = strtok_r(words, " ", &save); argc < 31 && argv[argc];)
		argv[++argc] = strtok_r(NULL, " ", &save);
	argv[argc] = NULL;
	return command_run.run(argc, argv);
}

static const struct {
	const char *args;
	int status;
	const char *line;
} bad[] = {
	{"", 125, "no COMMAND given: persona run [OPTION]... -- COMMAND [ARG]..."},
	{"-i va,ip=10.0.0.1/24", 125,
	 "no COMMAND given: persona run [OPTION]... -- COMMAND [ARG]..."},
	{"-i", 125, "option '-i' needs an argument"},
	{"-x -- true", 125, "unknown option '-x': see persona help run"},
	{"--inlinee -- true", 125, "unknown option '--inlinee': did you mean '--inline'?"},
	{"--frobnicate -- true", 125, "unknown option '--frobnicate': see persona help run"},
	{"--inline=yes -- true", 125, "option '--inline=yes' takes no argument"},
	{"--mode fast -- true", 125, "--mode fast: must be auto, inline or shadow"},
	{"--inline --mode shadow -- true", 125,
	 "--mode inline and --mode shadow (--inline is --mode inline): give one"},
	{"--mode auto --inline -- true", 125,
	 "--mode auto and --mode inline (--inline is --mode inline): give one"},
	{"--inline --mode inline -i va,pi=1 -- true", 125,
	 "-i va,pi=1: unknown key 'pi': known are ip, gw, mac, mtu, name, conf, endpoint, "
	 "active, backup, metered"},
	{"-i va,pi=1 -- true", 125,
	 "-i va,pi=1: unknown key 'pi': known are ip, gw, mac, mtu, name, conf, endpoint, "
	 "active, backup, metered"},
	{"-i va -i va -- true", 125, "-i va: interface 'va' is given twice"},
	{"-i va -i vb,name=va -- true", 125,
	 "-i vb,name=va: name 'va' is taken: give another by name="},
	{"-i a -i b -i c -i d -i e -i f -i g -i h -i i -- true", 125,
	 "-i i: more than 8 interfaces"},
	{"-o x -- true", 125, "-o x: write -o KEY=VALUE"},
	{"-o =1 -- true", 125, "-o =1: write -o KEY=VALUE"},
	{"-o a= -- true", 125, "-o a=: write -o KEY=VALUE"},
	{"-o /etc/x=1 -- true", 125,
	 "-o /etc/x=1: '/etc/x' is no sysctl key: write it as "
	 "net.ipv4.tcp_congestion_control=cubic"},
	{"--mem 8M -- true", 125, "--mem 8M: too small for the stack: at least 16M"},
	{"--mem 64X -- true", 125, "--mem 64X: write a size as 64M or 1G"},
	{"--mem 64MB -- true", 125, "--mem 64MB: write a size as 64M or 1G"},
	{"--mem -1 -- true", 125, "--mem -1: write a size as 64M or 1G"},
	{"--mem 99999999999G -- true", 125, "--mem 99999999999G: too much: at most 16G"},
	{"--vcpus 0 -- true", 125, "--vcpus 0: must be a number from 1 to 16"},
	{"--vcpus 17 -- true", 125, "--vcpus 17: must be a number from 1 to 16"},
	{"--vcpus two -- true", 125, "--vcpus two: must be a number from 1 to 16"},
	{"--pcap /nonexistent/x -- true", 125,
	 "--pcap /nonexistent/x: cannot write: No such file or directory"},
	{"--pcap /tmp -- true", 125, "--pcap /tmp: cannot write: Is a directory"},
	{"-i va,ip=10.0.0.1/24 -- nosuchcommand", 127, "nosuchcommand: command not found in PATH"},
	{"-i va,ip=10.0.0.1/24 -- /nosuchcommand", 127,
	 "/nosuchcommand: No such file or directory"},
	{"-i va,ip=10.0.0.1/24 -- /etc/passwd", 126, "/etc/passwd: Permission denied"},
	{"-i va,ip=10.0.0.1/24 -- /", 126, "/: Is a directory"},
	{"-i va -p /etc/passwd -- true", 125,
	 "personality image /etc/passwd: is not a personality image"},
	{"-i va -p /nosuch -- true", 125, "personality '/nosuch': No such file or directory"},
};

/* With interfaces that are there, but not fit. */
static const struct {
	const char *args;
	const char *line;
} unfit[] = {
	{"-i nosuch0", "no such interface 'nosuch0' (see: ip link)"},
	{"-i packet:nosuch0", "no such interface 'nosuch0' (see: ip link)"},
	{"-i lo", "interface 'lo' is the host's loopback: the stack has its own; name a link"},
	{"-i va", "interface 'va' has no address on the host: give one by ip=ADDR/LEN"},
	{"-i down0,ip=10.0.0.1/24", "interface 'down0' is down: ip link set down0 up"},
	{"-i rawip:va,ip=10.0.0.1/24",
	 "interface 'va' is an Ethernet: use back end packet, not rawip"},
	{"-i va,ip=10.0.0.1/24,mtu=9000",
	 "mtu=9000 is more than the 1500 of interface 'va': ip link set va mtu 9000"},
	{"-i tap:new0", "tap:new0 is a link to the host, whose address is the host's own: give "
			"the stack another one of that network by ip=ADDR/LEN"},
	{"-i va,ip=10.0.0.1/24 -i nosuch0,ip=10.0.1.1/24",
	 "no such interface 'nosuch0' (see: ip link)"},
};

static void expect_line(const char *args, int status, const char *line)
{
	char wanted[1024];
	int got = in_child(run_words, (void *)args);

	snprintf(wanted, sizeof(wanted), "persona: %s\n", line);
	if (strcmp(text, wanted) || got != status)
		fail_msg("persona run %s: status %d, not %d; printed: %snot: %s", args, got, status,
			 text, wanted);
}

static void test_bad_lines(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_line(bad[i].args, bad[i].status, bad[i].line);
}

static void test_unfit_interfaces(void **state)
{
	char args[512];
	size_t i;

	NEED_NETNS();
	sh("ip link add va type veth peer name vb");
	sh("ip link set va up");
	sh("ip link add down0 type veth peer name down1");
	for (i = 0; i < ARRAY_SIZE(unfit); i++) {
		snprintf(args, sizeof(args), "%s -- true", unfit[i].args);
		expect_line(args, EXIT_PERSONA, unfit[i].line);
	}
	/* Nothing is left behind: an interface made on the way is gone again. */
	assert_null(strstr(output_of("ip -o link"), "new0"));
	sh("ip link del va && ip link del down0");
}

/* Even root's children cannot have it then. */
static int run_without_net_raw(void *arg)
{
	return prctl(PR_CAPBSET_DROP, CAP_NET_RAW) ? 1 : run_words(arg);
}

static void test_no_privilege(void **state)
{
	NEED_NETNS();
	sh("ip link add va type veth peer name vb");
	sh("ip link set va up");
	assert_int_equal(in_child(run_without_net_raw, "-i va,ip=10.0.0.1/24 -- true"),
			 EXIT_PERSONA);
	assert_string_equal(text,
			    "persona: interface 'va': a packet socket needs CAP_NET_RAW: run as "
			    "root, or setcap cap_net_raw,cap_net_admin+ep on persona-opener\n");
	sh("ip link del va");
}

/* What a shell script of the supervised program does, as exit status. */
static int run_script(void *arg)
{
	char *argv[] = {"sh", "-c", arg, NULL};

	return supervise("/bin/sh", argv, NULL, 0, NULL);
}

static int script(const char *s)
{
	return in_child(run_script, (void *)s);
}

static void test_status(void **state)
{
	assert_int_equal(script("exit 0"), 0);
	assert_int_equal(script("exit 42"), 42);
	assert_int_equal(script("exit 255"), 255);
	assert_int_equal(script("kill -TERM $$"), 128 + SIGTERM);
	assert_int_equal(script("kill -KILL $$"), 128 + SIGKILL);
	assert_int_equal(script("kill -SEGV $$"), 128 + SIGSEGV);
	assert_string_equal(text, "");
}

/* Signals sent to the supervisor reach the program. */
static void test_forwarding(void **state)
{
	assert_int_equal(script("sh -c 'sleep 0.1; kill -TERM '$PPID & trap 'exit 3' TERM; "
				"while :; do sleep 0.05; done"),
			 3);
	assert_int_equal(script("sh -c 'sleep 0.1; kill -USR1 '$PPID & trap 'exit 4' USR1; "
				"while :; do sleep 0.05; done"),
			 4);
	assert_int_equal(script("sh -c 'sleep 0.1; kill -INT '$PPID & trap 'exit 5' INT; "
				"while :; do sleep 0.05; done"),
			 5);
	assert_int_equal(
		script("sh -c 'sleep 0.1; kill -HUP '$PPID & while :; do sleep 0.05; done"),
		128 + SIGHUP);
}

static int run_masked(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (arg) {
		/* Not by a shell, which sets up SIGCHLD for itself. */
		char *argv[] = {"grep", "-Eq", arg, "/proc/self/status", NULL};

		return supervise("/bin/grep", argv, NULL, 0, NULL);
	}
	return run_script("exit 9");
}

/* Mask and ignored signals are what we were started with: USR2 blocked; CHLD, PIPE ignored. */
static void test_signal_state(void **state)
{
	assert_int_equal(in_child(run_masked, "^SigBlk:.0*800$"), 0);
	assert_int_equal(in_child(run_masked, "^SigIgn:.*11[0-9a-f]{3}$"), 0);
	assert_int_equal(in_child(run_masked, NULL), 9);
}

/* Killing the supervisor outright leaves no program behind. */
static int run_doomed(void *arg)
{
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid)
		_exit(run_script("kill -KILL $PPID; exec sleep 30"));
	if (waitpid(pid, NULL, 0) != pid)
		return 1;
	alarm(5);
	return wait(NULL) > 0 ? 0 : 2; /* the orphan is dead, not asleep */
}

static void test_killed(void **state)
{
	assert_int_equal(in_child(run_doomed, NULL), 0);
}

static int run_file(void *arg)
{
	char *argv[] = {arg, NULL};

	return supervise(arg, argv, NULL, 0, NULL);
}

static int run_with_fd(void *arg)
{
	char *argv[] = {"sh", "-c", "read x </proc/self/fd/19; exit $x", NULL};
	int p[2], high;

	if (pipe2(p, O_CLOEXEC) || write(p[1], "33\n", 3) != 3)
		return 1;
	high = fcntl(p[0], F_DUPFD_CLOEXEC, 19);
	return high == 19 ? supervise("/bin/sh", argv, &high, 1, NULL) : 1;
}

static void test_exec(void **state)
{
	char path[] = "/tmp/persona-test-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "\177ELF garbage", 12), 12);
	fchmod(fd, 0755);
	close(fd);
	assert_int_equal(in_child(run_file, "/nonexistent"), EXIT_NOCMD);
	assert_int_equal(in_child(run_file, "/etc/passwd"), EXIT_NOEXEC);
	assert_string_equal(text, "persona: /etc/passwd: cannot execute: Permission denied\n");
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "exit 17\n", 8), 8);
	close(fd);
	assert_int_equal(in_child(run_file, path), 17); /* no #!: the shell's */
	unlink(path);
	assert_int_equal(in_child(run_with_fd, NULL), 33);
}

static char dir[] = "/tmp/persona-test-XXXXXX";

/* The default personality is found; that it is empty matters to none of these. */
static int set_up(void **state)
{
	char path[64];
	int fd;

	/* For the user without privileges too. */
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/" DEFAULT_PERSONALITY ".so", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		return -1;
	close(fd);
	setenv("PERSONA_PATH", dir, 1);
	return enter_netns(state);
}

static int tear_down(void **state)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),    cmocka_unit_test(test_unfit_interfaces),
		cmocka_unit_test(test_no_privilege), cmocka_unit_test(test_status),
		cmocka_unit_test(test_forwarding),   cmocka_unit_test(test_signal_state),
		cmocka_unit_test(test_killed),	     cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
