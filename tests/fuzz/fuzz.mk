# SPDX-License-Identifier: GPL-2.0-only
# `make fuzz` runs each libFuzzer target of tests/fuzz/ for FUZZ_SECONDS, then
# receives random frames for a while to see that no memory is lost. The rules that
# build the targets are in tests/tests.mk.

FUZZ_SECONDS ?= 20

.PHONY: fuzz
fuzz: ## fuzz for FUZZ_SECONDS per target (20), then look for leaks
	@tests/fuzz/run $(FUZZ_SECONDS)
