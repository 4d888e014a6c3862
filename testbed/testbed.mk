# SPDX-License-Identifier: GPL-2.0-only
# The testbed: link emulator and demo. The phone/server pair is testbed/phone.

LINKEM_SRC := testbed/linkem.c testbed/wire.c testbed/pipe.c

$(B)/testbed/linkem: $(LINKEM_SRC) testbed/wire.h testbed/pipe.h | $(LIBC)
	@mkdir -p $(@D)
	$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(ALL_CFLAGS) $(LIBC_LDFLAGS) $(LDFLAGS) -o $@ $(LINK_START) $(LINKEM_SRC) $(LINK_END)

.PHONY: demo
demo: ## download over WiFi, over cellular, then over both (DEMO=--ipv6, --upload, --native ...)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@testbed/demo $(DEMO)
