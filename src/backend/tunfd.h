/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tunfd.h - back end `fd`: a TUN or TAP descriptor, or a socket, that our parent has opened.
 */
#ifndef PERSONA_BACKEND_TUNFD_H
#define PERSONA_BACKEND_TUNFD_H

#include "backend/backend.h"

extern const struct backend_ops backend_fd;

/** tunfd_number() - descriptor of that decimal number, 3 or more; -EINVAL if it is none. */
int tunfd_number(const char *text);

#endif /* PERSONA_BACKEND_TUNFD_H */
