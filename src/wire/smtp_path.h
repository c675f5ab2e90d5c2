/* The address of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3). */
#ifndef WIRE_SMTP_PATH_H
#define WIRE_SMTP_PATH_H

#include "base/span.h"

/* Takes "<" path ">" off the front of *rest; *path is what stands between,
 * empty for "<>". False when there is none, or when two programs could see its
 * end, its quoting or its domain in different places. Octets over 0x7f may
 * stand wherever an atom or a quoted string goes on. */
bool smtp_path_take(struct span *rest, struct span *path);

#endif
