/* What a user who has logged in has of his own. */
#ifndef PROXY_USER_H
#define PROXY_USER_H

#include "proxy/proxy.h"

/* By `users` and by his file, in the arena or of the settings; NULL = nothing.
 * A file that is wrong is told in the log and passed over. */
const struct user_settings *user_own(const struct proxy *p, struct arena *a, struct span user);

#endif
