# SPDX-License-Identifier: GPL-2.0-only
# Tests. `make test` runs everything, `make test-quick` what three minutes can tell,
# `tests/run STEP...` a part (docs/testing.md).
#
#   tests/unit/test_*.c     cmocka, with address and undefined-behaviour sanitizers
#   tests/assumptions/*.c   what we rely on in the host's kernel, each a TAP program
#   tests/parity/*.t        inline mode against the host's own behaviour
#   tests/fuzz/fuzz_*.c     libFuzzer targets; tests/fuzz/run runs them for FUZZ_SECONDS each
#   tests/netns/*.t         real programs in network namespaces
#   tests/events/*          libuv's and libevent's own tests, inline mode against the host
#   tests/personalities/*.t  tests of images made for debugging: lockdep, KUnit
#   tests/programs/*        helpers of those, in C, C++ and Go (static)

.PHONY: deps test test-quick test-personalities test-unit-programs test-assumption-programs test-parity-programs \
	test-fuzz-programs test-programs

deps: ## install the packages that build and tests need (Debian; nothing to do if all are there)
	@tests/deps

test: ## build and run all tests; CI=true: a skipped test has failed
	@tests/run

test-quick: ## unit tests, parity, and programs in both modes: three minutes once the image is built
	@tests/run quick

test-personalities: ## images with debugging: lockdep, KUnit, packetdrill, a soak; makes them (minutes)
	@tests/run personalities

# ---- unit tests: all of the host side but main(), in an archive ----
T	 := $(B)/tests
SAN	 := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_LIB_SRC := $(CORE_SRC) $(CORE_ASM) $(filter-out src/cli/main.c,$(CLI_SRC)) \
	$(filter-out src/opener/main.c src/opener/client.c,$(call room,opener))
UNIT_LIB_OBJ := $(patsubst %,$(T)/obj/%.o,$(basename $(UNIT_LIB_SRC)))
UNIT_BIN     := $(patsubst tests/unit/%.c,$(T)/unit/%,$(wildcard tests/unit/test_*.c))
$(UNIT_LIB_OBJ) $(UNIT_BIN): $(wildcard arch/lkl/include/uapi/asm/*.h)
TEST_CFLAGS   = -std=gnu11 -O1 -g $(WARN) -pthread

$(T)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC [sanitized] $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) $(SAN) -MMD -MP -c -o $@ $<

$(T)/obj/%.o: %.S
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -c -o $@ $<

$(T)/libunit.a: $(UNIT_LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(T)/unit/%: tests/unit/%.c $(T)/libunit.a
	@mkdir -p $(@D) $(T)/dep
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) $(SAN) -MMD -MP -MF $(T)/dep/$*.d -MT $@ -o $@ $< $(T)/libunit.a -lcmocka

# What stands above the engine is tested with the host's stack in its place (standin.h), in
# test_shadow_*, test_gateway_* and test_inline_*. The latter are the program and the library in one: hooks come
# before libc's functions as they do in the preloaded library, and find those by RTLD_NEXT.
STANDIN	     := $(T)/obj/tests/unit/standin.o
STANDIN_UP   := $(T)/obj/tests/unit/standin_up.o
UNIT_INL_OBJ := $(patsubst %,$(T)/obj/%.o,$(basename $(INLINE_SRC) $(INLINE_ASM)))
$(STANDIN) $(STANDIN_UP): tests/unit/standin.h
$(UNIT_INL_OBJ): $(wildcard arch/lkl/include/uapi/asm/*.h)

$(T)/libinline.a: $(UNIT_INL_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(T)/unit/test_shadow_%: tests/unit/test_shadow_%.c $(STANDIN) $(T)/libunit.a
	@mkdir -p $(@D) $(T)/dep
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) $(SAN) -MMD -MP -MF $(T)/dep/test_shadow_$*.d -MT $@ -o $@ \
		$< $(STANDIN) $(T)/libunit.a -lcmocka

$(T)/unit/test_gateway_%: tests/unit/test_gateway_%.c $(STANDIN) $(T)/libunit.a
	@mkdir -p $(@D) $(T)/dep
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) $(SAN) -MMD -MP -MF $(T)/dep/test_gateway_$*.d -MT $@ -o $@ \
		$< $(STANDIN) $(T)/libunit.a -lcmocka

$(T)/unit/test_inline_%: tests/unit/test_inline_%.c $(STANDIN) $(STANDIN_UP) $(T)/libinline.a $(T)/libunit.a
	@mkdir -p $(@D) $(T)/dep
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) $(SAN) -MMD -MP -MF $(T)/dep/test_inline_$*.d -MT $@ -o $@ \
		$< $(STANDIN) $(STANDIN_UP) -Wl,--whole-archive $(T)/libinline.a \
		-Wl,--no-whole-archive $(T)/libunit.a -lcmocka -ldl

# The opener beside them is the real one.
$(T)/unit/persona-opener: $(B)/persona-opener
	@mkdir -p $(@D)
	@cp $< $@

# Back end xdp looks for its helper beside the executable.
$(T)/unit/persona-xdp: xdp
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/$(B)/persona-xdp $@

test-unit-programs: $(UNIT_BIN) $(T)/unit/persona-opener $(T)/unit/persona-xdp

# ---- assumptions ----
ASSUMPTION_BIN := $(patsubst tests/assumptions/%.c,$(T)/assumptions/%,$(wildcard tests/assumptions/*.c))

$(T)/assumptions/%: tests/assumptions/%.c tests/assumptions/tap.h tests/assumptions/packet.h
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) -o $@ $<

test-assumption-programs: $(ASSUMPTION_BIN)

# ---- fuzzing: clang's libFuzzer, all host sources compiled anew with its coverage ----
FUZZ_CC	     ?= clang
FUZZ_BIN     := $(patsubst tests/fuzz/%.c,$(T)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OBJ     := $(patsubst %,$(T)/fuzz-obj/%.o,$(basename $(UNIT_LIB_SRC)))
$(FUZZ_OBJ): $(wildcard arch/lkl/include/uapi/asm/*.h)
FUZZ_SAN     := -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(T)/fuzz-obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC [fuzzer] $<"
	@$(FUZZ_CC) $(CPPFLAGS) -std=gnu11 -O1 -g -pthread $(FUZZ_SAN) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(T)/fuzz-obj/%.o: %.S
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(CPPFLAGS) -c -o $@ $<

$(T)/libfuzz.a: $(FUZZ_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(T)/fuzz/%: tests/fuzz/%.c $(T)/libfuzz.a $(wildcard tests/fuzz/*.h)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(FUZZ_CC) $(CPPFLAGS) -std=gnu11 -O1 -g -pthread $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $< $(T)/libfuzz.a

test-fuzz-programs: $(FUZZ_BIN)

# ---- programs of tests/netns; those in Go are skipped by the tests where no Go is ----
GO	     ?= $(shell command -v go)
PROGRAM_BIN  := $(patsubst tests/programs/%.c,$(T)/programs/%,$(wildcard tests/programs/*.c)) \
		$(patsubst tests/programs/%.cc,$(T)/programs/%,$(wildcard tests/programs/*.cc))
PROGRAM_BIN  += $(if $(GO),$(patsubst tests/programs/%.go,$(T)/programs/%,$(wildcard tests/programs/*.go)))

$(T)/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(TEST_CFLAGS) -o $@ $<

$(T)/programs/leak: $(wildcard tests/programs/leak_*.h)

# For 32 bits, of which nothing but the compiler is needed; other processors run none such.
ifneq ($(shell uname -m),x86_64)
PROGRAM_BIN := $(filter-out %/word32,$(PROGRAM_BIN))
endif
$(T)/programs/word32: tests/programs/word32.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) -m32 -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-stack-protector -fno-pic -no-pie \
		-nostdlib -static -o $@ $<

# With an engine of its own; on arm64 as persona is linked.
$(T)/programs/crypto: tests/programs/crypto.c tests/programs/ciphers.h tests/programs/rfc8439.h $(CORE_OBJ)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(TEST_CFLAGS) $(ALL_ARCH) -fPIC $(LIBC_LDFLAGS) -o $@ $(LINK_START) $< $(CORE_OBJ) $(LINK_END)

$(T)/programs/%: tests/programs/%.cc
	@mkdir -p $(@D)
	@echo "  CXX $<"
	@$(CXX) -std=c++17 -O2 -g -Wall -Wextra -Werror -Wshadow -pthread -o $@ $<

$(T)/programs/%: tests/programs/%.go
	@mkdir -p $(@D)
	@echo "  GO $<"
	@CGO_ENABLED=0 GO111MODULE=off GOFLAGS= GOPATH=$(CURDIR)/$(T)/go GOCACHE=$(CURDIR)/$(T)/go/cache \
		$(GO) build -o $@ $<

test-programs: $(PROGRAM_BIN) $(B)/bench/echo

# ---- parity: the programs are built by rules of tests/parity/parity.mk ----
test-parity-programs:
-include $(wildcard tests/parity/*.mk)
-include $(wildcard tests/packetdrill/*.mk)
include tests/arm64/arm64.mk tests/sanitize.mk

-include $(shell find $(T) -name '*.d' 2>/dev/null)
