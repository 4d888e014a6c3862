/* SPDX-License-Identifier: GPL-2.0 */
/* For poly1305_glue.c before 6.12, which wants its includes: glue.h has them. */
