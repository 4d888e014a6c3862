# SPDX-License-Identifier: GPL-2.0-only
# Tests on an emulated arm64 machine (tests/arm64/vm), and what they run there: one client
# linked with glibc, with musl, and with nothing; the parity program.

.PHONY: test-arm64 test-arm64-16k test-arm64-programs
test-arm64: ## build for arm64 and test on an emulated machine (qemu-system-aarch64)
	@$(MAKE) --no-print-directory ARCH=arm64 host personality test-arm64-programs
	@tests/arm64/arm64.t

test-arm64-16k: ## the same with pages of 16 KiB, on a kernel that is built for it
	@$(MAKE) --no-print-directory ARCH=arm64 host personality test-arm64-programs
	@JOBS=$(JOBS) tests/arm64/kernel tests/arm64/16k.config $(KSRC) build/arm64/kernel-16k
	@PAGES=16k tests/arm64/arm64.t

ifneq ($(LIBC),)
A_BIN := $(T)/parity/parity $(addprefix $(T)/programs/,pattern pattern-static pattern-musl appfilter crypto)
A_LINK = $(ARM_CFLAGS) $(ARM_LDFLAGS)

test-arm64-programs: $(A_BIN) $(B)/testbed/linkem

$(T)/programs/pattern-static: tests/programs/pattern.c | $(LIBC)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(TEST_CFLAGS) $(ARM_CFLAGS) -fPIE $(LIBC_LDFLAGS) -o $@ $(LINK_START) $< $(LINK_END)

$(T)/programs/appfilter: tests/arm64/appfilter.c | $(LIBC)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(TEST_CFLAGS) $(ARM_CFLAGS) -fPIE $(LIBC_LDFLAGS) -o $@ $(LINK_START) $< $(LINK_END)

$(T)/programs/pattern-musl: tests/programs/pattern.c | $(LIBC)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(TEST_CFLAGS) $(ARM_CFLAGS) -fPIE $(MUSL_SHARED) -pie -o $@ \
		$(MUSL_L)/Scrt1.o $(MUSL_L)/crti.o $(CRT) $< $(MUSL_SO) $(dir $(CRT))crtendS.o $(MUSL_L)/crtn.o
endif
