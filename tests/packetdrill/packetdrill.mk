# SPDX-License-Identifier: GPL-2.0-only
# The plug-in for `packetdrill --so_filename`: a stack with an engine of its own.

test-programs: $(T)/packetdrill/persona.so

$(T)/packetdrill/persona.so: tests/packetdrill/plugin.c tests/packetdrill/interface.h $(CORE_OBJ)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(LIBC_CPPFLAGS) $(CPPFLAGS) $(TEST_CFLAGS) $(ALL_ARCH) -fPIC -fvisibility=hidden -shared \
		$(LIBC_LDFLAGS) -Wl,-z,defs -o $@ $< $(CORE_OBJ)
