# SPDX-License-Identifier: GPL-2.0-only
# Benchmarks. bench/netperf has the figures of docs/benchmarks; bench/quick is the five-minute one:
# ratios to the host kernel in the same run.

$(B)/bench/%: bench/%.c $(CORE_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(CORE_OBJ)

NETPERF	:= $(B)/bench/netperf
.PHONY: bench bench-netperf
bench-netperf: $(B)/testbed/linkem
	@bench/get-netperf $(NETPERF)

bench: ## netperf on the host kernel, ours and alternatives, 20 minutes (BENCH=--full, --only, --docs, --list ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all bench-netperf $(B)/bench/echo
	@bench/netperf $(BENCH)

.PHONY: bench-quick
bench-quick: ## short benchmark against the host kernel (BENCH=--json, --no-dual ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(B)/bench/micro $(B)/bench/hostcalls
	@bench/quick $(BENCH)

$(B)/bench/crypto: tests/programs/ciphers.h

.PHONY: bench-crypto
bench-crypto: ## WireGuard's cipher inside the image, with and without vector registers (BENCH=--image FILE)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(B)/bench/crypto
	@$(B)/bench/crypto $(BENCH)

# Ordinary programs, so that they run on either side.
$(B)/bench/netops $(B)/bench/echo $(B)/bench/hostcalls: $(B)/bench/%: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 -O2 -g $(WARN) -pthread -o $@ $<

.PHONY: bench-start
bench-start: ## what persona run costs before and after a program (BENCH=--json FILE, --md, --rounds N ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@bench/start $(BENCH)

.PHONY: bench-shadow
bench-shadow: ## shadow mode against the host kernel (BENCH=--json FILE ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(B)/bench/netops
	@bench/shadow $(BENCH)

.PHONY: bench-tunnel
bench-tunnel: ## one WireGuard tunnel of the stack beside wireguard-go (BENCH=--json, --rounds N ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@bench/tunnel $(BENCH)

# LIA for the host's kernel, where BPF's tools are; bench/mptcp says if it is missing.
$(B)/bench/lia: bench/lia.c $(B)/bench/lia.bpf.o
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 -O2 -g $(WARN) -o $@ $< -lbpf

$(B)/bench/lia.bpf.o: bench/lia.bpf.c
	@mkdir -p $(@D)
	$(Q)$(BPF_CC) -target bpf -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -mcpu=v2 \
		$(if $(BPF_ARCH),-I/usr/include/$(BPF_ARCH)) -c -o $@ $<

.PHONY: bench-mptcp
bench-mptcp: ## MPTCP's schedulers and congestion controls, fairness, 20 minutes (BENCH=--quick, --only, --docs, --list ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(if $(HAVE_XDP),$(B)/bench/lia)
	@bench/mptcp $(BENCH)

.PHONY: bench-backends
bench-backends: ## every back end in one table (BENCH=--md, --json, --only packet,tap ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(B)/bench/netops
	@bench/backends $(BENCH)

.PHONY: bench-against
bench-against: ## this tree against another, built one, in one run (BASE=DIR, BENCH=--part quick ...)
	@[ -n "$(BASE)" ] || { echo "bench-against: name another built tree: make bench-against BASE=DIR" >&2; exit 2; }
	@$(MAKE) --no-print-directory all $(B)/bench/micro $(B)/bench/hostcalls $(B)/bench/netops
	@bench/against '$(BASE)' $(BENCH)
