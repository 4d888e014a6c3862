# SPDX-License-Identifier: GPL-2.0-only
# Personality images: Debian's unmodified kernel source, the port laid over it
# (arch/lkl is copied beside the other processors), one configuration fragment.
#
#   make personality NAME=linux-6.12 [KERNEL=6.12 | KSRC=DIR] [EXT="mptcp DIR"]
#
# EXT names extensions: directories of extensions/, or paths with a slash in them (docs/extensions.md).
# With EXT, a NAME needs no kernel/configs/NAME.config. KERNEL names Debian's linux-source-KERNEL package; KSRC an unpacked tree of
# your own. The tree is unpacked to build/src/, built in build/kernel/NAME/, or below
# build/arm64/.

PERSONALITIES ?= linux-6.12 linux-6.1
NAME	?= linux-6.12
# linux-6.12, linux-6.12-debug: 6.12
KERNEL	?= $(if $(filter linux-%,$(NAME)),$(word 2,$(subst -, ,$(NAME))),6.12)
EXT_GIVEN := $(if $(filter command environment,$(firstword $(origin EXT))),1)
EXT	?= mptcp
KSRC	?= $(SRC)/linux-source-$(KERNEL)
JOBS	?= $(shell nproc)

.PHONY: personalities personality
IMAGES	:= $(PERSONALITIES:%=personality/%)
.PHONY: $(IMAGES)
personalities: $(IMAGES) ## the kernel images that are shipped
$(IMAGES):
	@$(MAKE) --no-print-directory personality NAME=$(@F)

personality: $(B)/personalities ## one kernel image: NAME=... [KERNEL=6.12 | KSRC=DIR] [EXT=...]
	@EXT='$(EXT)' EXT_GIVEN='$(EXT_GIVEN)' kernel/build '$(NAME)' '$(KERNEL)' '$(KSRC)' '$(B)' '$(JOBS)'

$(B)/personalities:
	@mkdir -p $@
