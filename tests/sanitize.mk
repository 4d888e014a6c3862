# SPDX-License-Identifier: GPL-2.0-only
# Sanitizers beyond those of `make test`, whose unit tests have the address and the
# undefined-behaviour sanitizer: those tests with the thread sanitizer, and the parity suite
# on a Persona that was built with each (build/asan, build/tsan).
#
# The thread sanitizer must not count on calls that return on the stack they were made on: the
# engine switches stacks. Images are not instrumented, so what their locks order looks like a
# race where they copy by host operations: those are plain in such a build (engine/host.c).

SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread --param=tsan-instrument-func-entry-exit=0 -fno-omit-frame-pointer
TSAN_DIR := $(T)/tsan

.PHONY: test-sanitize test-unit-tsan test-parity-asan test-parity-tsan
test-sanitize: test-unit-tsan test-parity-asan test-parity-tsan ## unit tests with the thread sanitizer, parity with each

test-unit-tsan:
	@$(MAKE) --no-print-directory T=$(TSAN_DIR) SAN='$(SAN_tsan)' test-unit-programs
	@CMOCKA_MESSAGE_OUTPUT=TAP TSAN_OPTIONS=exitcode=66 prove --timer --exec '' \
		$(patsubst $(T)/%,$(TSAN_DIR)/%,$(UNIT_BIN))

test-parity-asan test-parity-tsan: test-parity-%: all test-parity-programs
	@$(MAKE) --no-print-directory B=$(B)/$* CFLAGS='-O1 -g $(SAN_$*)' host
	@ln -sfn ../personalities $(B)/$*/personalities
	@tests/parity/sanitized $*
