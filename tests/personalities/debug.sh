# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# debug.sh - for tests of the debug image: it itself, and what lockdep says in a log.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

persona_only
PERSONALITY=${DEBUG_IMAGE:-linux-6.12-debug}
MODE=shadow
[ -e "$TOP/build/personalities/$PERSONALITY.so" ] ||
	skip_all "image $PERSONALITY is not built: make test-personalities"

# What lockdep, RCU's checks, DEBUG_LIST, DEBUG_NET and KUnit have to complain of
COMPLAINTS='WARNING:|BUG:|INFO: possible|suspicious RCU|list_(add|del) corruption|inconsistent lock state|MAX_[A-Z_]+ too low|turning off the locking'

# complaints LOG: the first lines of what the stack complains of
complaints() { grep -E -A 40 -- "$COMPLAINTS" "$1" | head -n "${2:-1}"; }
