# SPDX-License-Identifier: GPL-2.0-only
# `make ARCH=arm64` on another processor: Debian's cross compiler. All goes to build/arm64/, beside
# what is built for this machine.
#
# persona and persona-opener are static and linked with musl: a static glibc makes calls
# at its start that an Android app is forbidden. musl and its headers are Debian's arm64 packages,
# unpacked into build/ (tests/arm64/debs); the kernel's headers are the cross compiler's.
# The inline library serves programs of glibc (libpersona-hijack.so) and has objects of its own.
#
#   -mno-outline-atomics  libgcc's choice at run time needs glibc's getauxval; v8.0 runs everywhere
#   -ffixed-x18		  Android's libc keeps its shadow call stack there
#   max-page-size	  hosts with pages of 16 and 64 KiB load it too
#   stack-size		  musl's threads have 128 KiB unless a program says more

B	      := build/arm64
SRC	      := build/src
CROSS_COMPILE ?= aarch64-linux-gnu-
CC	      := $(CROSS_COMPILE)gcc
export CROSS_COMPILE

MUSL	:= $(B)/root-musl/usr
MUSL_H	:= $(MUSL)/include/aarch64-linux-musl
MUSL_L	:= $(MUSL)/lib/aarch64-linux-musl
UAPI	:= $(B)/uapi
CRT	:= $(shell $(CC) -print-file-name=crtbeginS.o 2>/dev/null)
CROSS_H	:= $(firstword $(wildcard /usr/aarch64-linux-gnu/include /usr/include/aarch64-linux-gnu))

ARM_CFLAGS  := -march=armv8-a -mno-outline-atomics -ffixed-x18
ARM_LDFLAGS := -Wl,-z,max-page-size=0x10000

# Programs: musl, static, position independent.
LIBC_CPPFLAGS := -nostdinc -isystem $(MUSL_H) -isystem $(dir $(CRT))include -isystem $(UAPI)
ALL_ARCH      := $(ARM_CFLAGS)
LIBC_LDFLAGS  := $(ARM_LDFLAGS) -nostdlib -static-pie -L$(MUSL_L) -Wl,-z,stack-size=0x100000
LINK_START    := $(MUSL_L)/rcrt1.o $(MUSL_L)/crti.o $(CRT)
LINK_END      := -lc -lgcc -lc $(dir $(CRT))crtendS.o $(MUSL_L)/crtn.o

# The same libc as a shared object: for the inline library's second form and its tests. musl's has no
# SONAME, so a linker would note its path; the stub with one is linked against only.
MUSL_SO	    := $(B)/stub/libc.so
MUSL_SHARED := $(ARM_LDFLAGS) -nostdlib -Wl,-dynamic-linker,/lib/ld-musl-aarch64.so.1

MUSL_INLINE := $(B)/libpersona-hijack-musl.so

LIBC := $(B)/.musl
$(LIBC): tests/arm64/debs
	@command -v $(CC) >/dev/null || { echo "no $(CC) here: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross" >&2; exit 1; }
	@NODEPS=1 tests/arm64/debs musl musl-dev musl
	@mkdir -p $(UAPI)
	@ln -sfn $(CROSS_H)/linux $(CROSS_H)/asm $(CROSS_H)/asm-generic $(UAPI)/
	@mkdir -p $(dir $(MUSL_SO))
	@$(CROSS_COMPILE)ld -shared -soname libc.so -o $(MUSL_SO) --whole-archive $(MUSL_L)/libc.a \
		--no-whole-archive $(dir $(CRT))libgcc.a
	@touch $@
