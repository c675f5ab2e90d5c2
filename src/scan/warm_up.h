/* The first message of a scanner. */
#ifndef SCAN_WARM_UP_H
#define SCAN_WARM_UP_H

#include "base/span.h"

/* Has something for every library to open what it opens only when it is first
 * used: transfer encodings, a charset, an archive with a name in UTF-8. */
extern const struct span warm_up_message;

#endif
