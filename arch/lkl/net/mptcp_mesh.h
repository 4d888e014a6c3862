/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mptcp_mesh.h - what endpoints of kind `fullmesh` know of a connection's first subflow.
 */
#ifndef LKL_NET_MPTCP_MESH_H
#define LKL_NET_MPTCP_MESH_H

struct mptcp_sock;

/**
 * mptcp_mesh_forget() - a first subflow that is closed, or being closed, has no way any more
 * @msk:     locked
 * @closing: it is being closed; else only what is TCP_CLOSE is forgotten
 */
void mptcp_mesh_forget(struct mptcp_sock *msk, bool closing);

#endif
