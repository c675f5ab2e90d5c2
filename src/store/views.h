/* Views: what a reader of a maildrop was shown of each message, so that the
 * same is shown again and need not be computed again. One process at a time
 * has them open: whoever has the quarantine open, in whose folder they lie.
 *
 *     PATH/views.db                 SQLite: a row for each message
 *     PATH/views.db.broken-TIME     one that could not be read, moved aside
 *
 * A view that is lost is computed anew. So nothing here is synced at once, and
 * a file that is broken is moved aside, whenever that shows, and begun anew. */
#ifndef STORE_VIEWS_H
#define STORE_VIEWS_H

#include "base/span.h"

enum {
	/* Each of an owner's three names; a user's name may be an address and
	 * stand beside a domain (ADDRESS_MAX). */
	VIEW_OWNER_MAX = 1024,
	/* A UIDL has 70 octets at most (RFC 1939 7) and an EMAILID 255 (RFC
	 * 8474 4); servers that count worse are borne with. */
	VIEW_MESSAGE_MAX = 512,
	/* A thousand parts, each replaced by a notice of one KiB. What is larger
	 * is rather computed anew than kept. */
	VIEW_STATE_MAX = 1024 * 1024,
	/* Whoever reads but once in a quarter still finds what he was shown;
	 * whoever left takes no room for long. */
	VIEWS_KEPT_DAYS = 90,
};

/* Whose messages. Opaque here: each may hold any bytes, VIEW_OWNER_MAX at most. */
struct view_owner {
	struct span upstream, user;
	struct span mailbox; /* "INBOX" and its UIDVALIDITY for IMAP, a fixed word for POP3 */
};

/* Any bytes both, VIEW_MESSAGE_MAX and VIEW_STATE_MAX at most. */
struct view {
	struct span message; /* UIDL, UID or EMAILID: names it within its owner */
	struct span state;   /* the proxy's encoding */
};

bool view_owner_fits(const struct view_owner *o);
bool view_fits(const struct view *v);

struct views;

/* Every `error` is set on failure, to a string literal that says what could
 * not be done; the log has the particulars. */

/* folder: the quarantine's, which is there. NULL on failure, also when a later
 * gatepost wrote the file: that is left as it is. */
struct views *views_open(const char *folder, const char **error);
void views_close(struct views **v);

/* Calls row() for each view of the owner, in any order, until it returns
 * false; notes that the owner was here today. A view lives until row()
 * returns; row() must not call views_*(). */
bool views_each(struct views *v, const struct view_owner *o, bool (*row)(void *context, const struct view *view),
    void *context, const char **error);
/* The same for the views of the messages by those names, in their order; no row where
 * there is none. */
bool views_find(struct views *v, const struct view_owner *o, const struct span *names, size_t count,
    bool (*row)(void *context, const struct view *view), void *context, const char **error);
/* Puts views, in the place of what had their names, then drops those with the
 * names in `drops`, which need not be there: all of it or nothing. */
bool views_change(struct views *v, const struct view_owner *o, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count, const char **error);

/* Today in days since 1970, UTC. */
int64_t views_today(void);
/* Forgets the owners that were not here within so many days before today. */
bool views_expire(struct views *v, int64_t today, unsigned days, const char **error);

#endif
