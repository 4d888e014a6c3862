# SPDX-License-Identifier: GPL-2.0-only
# Persona: build, demo, test. `make help` lists the targets.
#
#   build/persona                  the command
#   build/persona-opener           holds the privileges of a run
#   build/libpersona-hijack.so     inline mode, loaded by LD_PRELOAD
#   build/persona-xdp              helper of back end xdp (src/xdp/xdp.mk)
#   build/personalities/NAME.so    Linux as a library (kernel/build.mk)
#   build/testbed/, build/tests/   tools and test programs
#
# `make ARCH=arm64` builds all but the tests for that processor, in build/arm64 (cross.mk).

.DEFAULT_GOAL := all
B	:= build
SRC	:= build/src
CC	?= gcc
VERSION	:= 0.1.0

# A kernel's name of this processor, or another one.
HOST_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))
ARCH	?= $(HOST_ARCH)
ifneq ($(ARCH),$(HOST_ARCH))
ifneq ($(ARCH),arm64)
$(error ARCH=$(ARCH): cannot be built on $(HOST_ARCH); arm64 can)
endif
include cross.mk
endif
unexport ARCH

WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wno-unused-parameter -Wno-missing-field-initializers
CPPFLAGS += -D_GNU_SOURCE -Isrc -I. -idirafter arch/lkl/include/uapi -DPERSONA_VERSION='"$(VERSION)"'
CFLAGS	?= -O2 -g
# The engine switches stacks: no canary on the switching path, no CET landing pads needed.
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(ALL_ARCH) $(WARN) -fPIC -fvisibility=hidden -pthread
LDFLAGS	+= -Wl,-z,now -Wl,-z,relro -pthread

# The rooms of src/, from the ground floor up (docs/architecture.md, check-rooms).
room	    = $(wildcard $(1:%=src/%/*.c))
CORE_SRC   := $(call room,lib backend backend/opening engine netconf stack control sockets) src/opener/client.c
CORE_ASM   := $(wildcard src/engine/*.S)
CLI_SRC	   := $(call room,shadow gateway launch profile cli cli/doctor)
# What runs with capabilities is these and src/xdp: keep it small (make privileged).
OPENER_SRC := $(filter-out %/client.c,$(call room,opener)) $(call room,backend/opening) src/lib/why.c src/lib/clock.c src/lib/netname.c src/lib/nft.c src/lib/nlbuf.c
INLINE_SRC := $(call room,inline)
INLINE_ASM := $(wildcard src/inline/*.S)
obj	    = $(patsubst %,$(B)/obj/%.o,$(basename $(1)))
# The inline library follows its programs' libc, which a cross build's programs do not use.
inlobj	    = $(patsubst %,$(B)/$(if $(LIBC),obj-glibc,obj)/%.o,$(basename $(1)))
CORE_OBJ   := $(call obj,$(CORE_SRC) $(CORE_ASM))
CLI_OBJ	   := $(call obj,$(CLI_SRC))
OPENER_OBJ := $(call obj,$(OPENER_SRC))
INLINE_OBJ := $(call inlobj,$(INLINE_SRC) $(CORE_SRC) $(INLINE_ASM) $(CORE_ASM))

.PHONY: all host install uninstall help clean
all: host personalities ## everything
host: $(B)/persona $(B)/persona-opener $(B)/libpersona-hijack.so $(MUSL_INLINE) $(B)/testbed/linkem ## all but the kernel images

# The compiler takes them for a system's headers, and notes no dependency.
$(CORE_OBJ) $(CLI_OBJ) $(OPENER_OBJ) $(INLINE_OBJ): $(wildcard arch/lkl/include/uapi/asm/*.h)

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $@")

$(B)/persona: $(CLI_OBJ) $(CORE_OBJ)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LIBC_LDFLAGS) $(LDFLAGS) -o $@ $(LINK_START) $^ $(LINK_END)

$(B)/persona-opener: $(OPENER_OBJ)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LIBC_LDFLAGS) $(LDFLAGS) -o $@ $(LINK_START) $^ $(LINK_END)

$(B)/libpersona-hijack.so: $(INLINE_OBJ)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(ARM_LDFLAGS) $(LDFLAGS) -shared -Wl,-z,defs -Wl,-z,nodlopen -Wl,-soname,$(@F) -o $@ $^ -ldl

# The same objects behind musl: what its ABI has in common with glibc's is all they use (cross.mk).
$(B)/libpersona-hijack-musl.so: $(INLINE_OBJ) | $(LIBC)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(MUSL_SHARED) $(LDFLAGS) -shared -Wl,-z,defs -Wl,-z,nodlopen -Wl,-soname,$(@F) -o $@ \
		$(MUSL_L)/crti.o $(CRT) $(INLINE_OBJ) $(MUSL_SO) -lgcc $(dir $(CRT))crtendS.o $(MUSL_L)/crtn.o

$(B)/obj/%.o: %.c | $(LIBC)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj-glibc/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Each source with the headers of ours that it includes.
with_headers = $(sort $(1) $(filter src/%.h,$(shell $(CC) $(CPPFLAGS) -MM $(filter %.c,$(1)))))
.PHONY: privileged
privileged: host ## how much runs with capabilities: sources, lines, size
	@tests/privileged $(B)/persona-opener $(call with_headers,$(OPENER_SRC)) \
		$(if $(HAVE_XDP),-- $(B)/persona-xdp $(call with_headers,$(XDP_SRC)))

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 28

# persona looks for its files in ../lib/persona of its own directory. Users other than
# root need the capabilities, which a package (DESTDIR) sets when it is installed.
PREFIX	?= /usr/local
DESTDIR	?=
LIBDIR	= $(DESTDIR)$(PREFIX)/lib/persona
SHARE	= $(DESTDIR)$(PREFIX)/share
OPENER_CAPS := cap_net_raw,cap_net_admin+ep

install: all ## install below PREFIX (/usr/local), with capabilities for persona-opener
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR)/personalities $(SHARE)/man/man1 \
		$(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	install $(B)/persona $(DESTDIR)$(PREFIX)/bin/
	install $(B)/persona-opener $(wildcard $(B)/persona-xdp) $(LIBDIR)/
	install -m 644 $(B)/libpersona-hijack.so $(LIBDIR)/
	install -m 755 $(B)/personalities/*.so $(LIBDIR)/personalities/
	install -m 644 docs/persona.1 $(SHARE)/man/man1/
	install -m 644 packaging/completion/persona.bash $(SHARE)/bash-completion/completions/persona
	install -m 644 packaging/completion/_persona $(SHARE)/zsh/site-functions/
	@if [ -n "$(DESTDIR)" ] || setcap $(OPENER_CAPS) $(LIBDIR)/persona-opener; then :; else \
		echo "install: no capabilities for persona-opener: only root can share interfaces" >&2; fi

uninstall: ## remove what install has put there
	rm -rf $(LIBDIR) $(DESTDIR)$(PREFIX)/bin/persona $(SHARE)/man/man1/persona.1 \
		$(SHARE)/bash-completion/completions/persona $(SHARE)/zsh/site-functions/_persona

clean: ## remove what was built, keep the kernel trees
	rm -rf $(B)/obj $(B)/obj-glibc $(B)/persona $(B)/persona-opener $(B)/libpersona-hijack.so $(B)/persona-xdp $(B)/testbed $(B)/tests

include kernel/build.mk src/xdp/xdp.mk android/android.mk
-include $(wildcard tests/tests.mk testbed/testbed.mk bench/bench.mk check.mk)
-include $(shell find $(B)/obj $(B)/obj-glibc -name '*.d' 2>/dev/null)
