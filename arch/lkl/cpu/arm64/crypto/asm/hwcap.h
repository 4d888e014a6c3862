/* SPDX-License-Identifier: GPL-2.0 */
/* For arm64's glue code, which wants its includes: asm/neon.h has them. */
