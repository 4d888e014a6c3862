/* SPDX-License-Identifier: GPL-2.0 */
/* For poly1305_glue.c, which wants its includes: glue.h has them. */
