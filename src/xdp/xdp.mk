# SPDX-License-Identifier: GPL-2.0-only
# build/persona-xdp: what back end xdp needs of libbpf, in a program of its own. Where libbpf's
# headers or clang are missing it is not built, and the back end says so.

BPF_CC	 ?= clang
BPF_ARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
XDP_OBJ	 := $(call obj,src/xdp/loader.c src/xdp/embed.S src/backend/opening/steer.c)
XDP_SRC	 := src/xdp/loader.c src/xdp/steer.bpf.c src/xdp/embed.S src/backend/opening/steer.c
# A cross build leaves it out: there is no libbpf to link.
HAVE_XDP := $(if $(LIBC),,$(shell printf '\#include <bpf/libbpf.h>\n' | $(CC) -E - >/dev/null 2>&1 && \
	command -v $(BPF_CC)))

.PHONY: xdp
xdp: $(if $(HAVE_XDP),$(B)/persona-xdp)
	$(if $(HAVE_XDP)$(LIBC),,@echo "  note: persona-xdp needs clang and libbpf-dev: back end xdp is left out")

host: xdp

$(B)/persona-xdp: $(XDP_OBJ)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lbpf

$(B)/obj/src/xdp/steer.bpf.o: src/xdp/steer.bpf.c src/xdp/maps.h
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(BPF_CC) -target bpf -O2 -g -Wall -Wextra -Werror -mcpu=v2 \
		$(if $(BPF_ARCH),-I/usr/include/$(BPF_ARCH)) -c -o $@ $<

$(B)/obj/src/xdp/embed.o: src/xdp/embed.S $(B)/obj/src/xdp/steer.bpf.o
	$(call say,CC)
	$(Q)$(CC) -DSTEER_OBJECT='"$(B)/obj/src/xdp/steer.bpf.o"' -c -o $@ $<
