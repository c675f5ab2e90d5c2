/* The notice that stands where something was removed: its words, and their
 * form as the content of a part. */
#ifndef REWRITE_NOTICE_H
#define REWRITE_NOTICE_H

#include "base/span.h"
#include "rewrite/text.h"

struct notice_reason {
	struct span found;  /* the member of an archive that was found, or empty */
	const char *rule, *about; /* about may be NULL */
};

struct notice {
	const char *what;   /* "attachment", "part", "content" */
	struct span name;   /* or empty */
	uint64_t size;      /* octets, decoded */
	const char *sha256; /* of the decoded octets; "" when it is not known */
	const struct notice_reason *reasons;
	size_t reason_count;
};

/* The words, UTF-8 in lines that end with CRLF. */
struct span notice_text(struct arena *a, const struct notice *n);
/* One line of ASCII, without a line end, for inside of another text. */
struct span notice_line(struct arena *a, const struct notice *n);
/* The whole message is withheld from a reader: why. */
struct span notice_withheld(struct arena *a, struct span reason);

/* The text as it goes into a message with the line ends `eol`: the Content-*
 * fields, each with its line end, and the body, whose last line has none. */
struct notice_entity {
	struct span fields, body;
};
struct notice_entity notice_entity(struct arena *a, struct span text, struct span eol);

#endif
