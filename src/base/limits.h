/* Bounds that are not settings, each with its reason. Bounds that a
 * postmaster may want to move are in conf/settings.h. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	/* A message up to this travels inside one datagram between proxy and
	 * scanner; above it costs less to pass a descriptor. */
	MESSAGE_INLINE_MAX = 64 * 1024,

	/* Octets that came on a connection and were not read yet, before more are
	 * taken: one large write of a fast client. A line that is read whole
	 * where it lies, as a command, cannot be longer. */
	INPUT_MAX = 128 * 1024,

	/* RFC 5321 4.5.3.1.1 and .2 ask for 64 and 255 octets; real addresses
	 * are longer, and SMTPUTF8 counts octets. */
	ADDRESS_MAX = 1024,

	/* Text from rules, replies and names of parts that is shown or logged. */
	SHOWN_TEXT_MAX = 1024,
};

#endif
