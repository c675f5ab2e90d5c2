/* Addresses of listeners and upstreams, as text: nothing is resolved here. */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H

#include "conf/settings.h"

/* Reads `text` (which lives on) into *out; a relative path of a UNIX socket
 * begins at `folder`. Returns what is wrong with it, or NULL. */
const char *address_parse(struct arena *a, const char *folder, const char *text, struct address *out);

/* One spelling for one address, for comparing: numbers in their shortest
 * form, names in lower case. */
const char *address_canonical(struct arena *a, const struct address *address);

/* `path`, or folder/path where it is relative. */
const char *path_resolve(struct arena *a, const char *folder, const char *path);

#endif
