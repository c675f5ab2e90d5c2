/* What a user who has logged in has of his own. */
#ifndef PROXY_USER_H
#define PROXY_USER_H

#include "proxy/proxy.h"

/* By `users` and by his file; NULL = nothing. What comes of a file lies in *a,
 * which is made when it is NULL and there are files. One that is wrong is told
 * in the log and passed over. */
const struct user_settings *user_own(const struct proxy *p, struct arena **a, struct span user);

#endif
