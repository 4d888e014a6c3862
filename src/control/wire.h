/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - what a run and `persona ps`, `show`, `set`, `exec` say to each other.
 *
 * The run listens on an AF_UNIX SOCK_SEQPACKET socket with the abstract name
 * "persona/PID": it has no file to be left behind, it is gone with its process, and it
 * is seen in one network namespace only.
 *
 *	"info"		what runs here: a JSON document, as `persona ps --json` has it
 *	"show"		the state of the stack: a JSON document, report.h
 *	"set KEY=VALUE [KEY=VALUE]..."
 *			change how it uses its paths (stack/steering.h); the answer is a
 *			sentence about what it cannot do of that, or nothing
 *	"join"		may I join? Asked before the filter is installed
 *	"listener N"	serve the calls that arrive at my descriptor N
 *
 * A connection takes any number of requests, one packet each. An answer is one or more packets,
 * whose first byte is one of enum wire_tag: chunks of text, and an end. Documents of
 * another version of Persona are read as far as their members are known.
 */
#ifndef PERSONA_CONTROL_WIRE_H
#define PERSONA_CONTROL_WIRE_H

#define WIRE_NAME    "persona/" /* and the process id, after the NUL of an abstract name */
#define WIRE_CHUNK   32768	/* most bytes of text in a packet */
#define WIRE_REQUEST 1024	/* most bytes of a request */

enum wire_tag {
	WIRE_MORE = '+',    /* text follows, and this is not the end */
	WIRE_END = '.',	    /* the answer is complete */
	WIRE_REFUSED = '!', /* one sentence follows: why there is no answer */
};

#endif /* PERSONA_CONTROL_WIRE_H */
