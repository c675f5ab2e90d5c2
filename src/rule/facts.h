/* Inside of src/rule: what is taken from a message before rules are decided. */
#ifndef RULE_FACTS_H
#define RULE_FACTS_H

#include "engine/clamav.h"
#include "engine/container.h"
#include "rule/compile.h"
#include "rule/evaluate.h"
#include "rule/uri.h"

/* A MIME part in one reading of its body, or a member of a container. */
struct item {
	struct item *next;
	struct item *container;        /* of a member */
	struct item *outer;            /* of an attached message: the one that it is in */
	size_t index;
	const struct mime_part *part;  /* of the message itself: where the item is, or begins */
	const struct mime_part *own;   /* the part that it is; NULL for a member */
	struct span section;
	const struct mime_name *names;
	const struct mime_type *types; /* NULL for a member */
	const char *magic;             /* NULL where contents were not looked at */
	uint64_t octets, size;         /* as it stands, decoded */
	bool encrypted;                /* or something in it is */
	bool message;                  /* its container says that it is one */
	uint32_t traits;               /* bits by enum trait, of something in it too */
	bool first_reading;
	struct clam_object *object;    /* as databases of signatures are asked for it, or NULL */
	size_t members;                /* told to them so far */
	char sha256[2 * DIGEST_MAX + 1];
};

/* A signature was seen: in an item, or outside of all (NULL). */
struct sighting {
	struct sighting *next;
	const struct item *item;
	const char *detail; /* the name that a database gives it, or NULL */
};

struct header_facts {
	struct span *values;
	size_t count, cap;
	enum regex_result *results;
};

/* Where a link goes (uri.h), and whether its text shows another domain. */
struct link {
	struct link *next, *next_in_bucket;
	struct span written;
	struct uri_target target;
	bool mismatch;
};

enum { LINK_BUCKETS = 1024 };

struct facts {
	struct arena *arena;
	const struct search *search;
	struct mime_message *message;
	const struct rule_envelope *envelope;
	struct item *items, **last_item;
	size_t item_count;
	enum regex_result *views[VIEWS], *raw_body, *uri; /* by place in the group */
	size_t hidden_text;                       /* characters, in the part that hides most */
	struct link *links, **last_link, **link_buckets;
	size_t link_count;
	const char *unread_links;                 /* why there may be more, or NULL */
	struct header_facts *headers;             /* by header_group.index */
	struct sighting **sightings;              /* by the condition's slot */
	/* Why what was not found may be there all the same, or NULL. */
	const char *unread_parts, *unread_members, *search_failed;
};

struct rule_scratch {
	struct textset_scratch *views[VIEWS], *raw_body, *uri, **headers;
	size_t header_count;
	struct signatures_scratch *signatures;
	struct database_scratch *databases;
};

/* facts.c. want_parts: digests and contents of all items. */
void facts_take(struct facts *f, const struct ruleset *rs, struct rule_scratch *s, struct scratch *decode,
    bool want_parts);

/* One taking of facts; or of those of a message that was found inside of an
 * item, with the rest shared. */
struct taking {
	struct facts *facts;
	struct mime_message *message; /* that is walked over */
	struct item *holder;          /* it was found in; NULL for the message itself */
	struct rule_scratch *scratch;
	struct scratch *decode;
	struct archive_budget *budget;
	size_t *parts_left;           /* for messages found inside */
	bool want_parts, bodies, archives;
	struct item *item;   /* whose contents are searched; NULL outside of all */
	struct item *around; /* the attached message that the walk is in, or the holder */
	const struct clam_object *whole; /* the message itself */
};

/* facts.c: all parts of t->message, in every reading. */
void parts_take(struct taking *t);
/* facts_nested.c: an item whose content is a message of its own. */
void nested_message_take(struct taking *t, struct item *item, struct span content);
bool content_is_message(const struct item *item);
/* What of the content is one, for some program that opens it: without data when nothing is. */
struct span content_of_message(const struct item *item, struct span content);

/* facts_item.c */
struct item *item_add(struct taking *t, const struct mime_part *part, struct item *container);
/* item_names.c: `names` themselves where there is nothing to add. */
const struct mime_name *item_names(struct arena *a, const struct mime_name *names);
struct item *part_item_add(struct taking *t, const struct mime_part *own);
/* Size, kind and, where parts are wanted, the digest; false when there is none. */
bool item_describe(struct taking *t, struct item *item, struct span content, unsigned char sha256[DIGEST_MAX]);
/* All that is asked of the bytes. */
void item_take_content(struct taking *t, struct item *item, struct span content);
/* A text item's content in one reading of its charset, in which there may be
 * what the bytes as they stand do not show. */
void item_take_text(struct taking *t, struct item *item, struct span text, bool html);
/* Signatures in bytes that are no item's. `item`: the attached message they
 * are in, or NULL. */
void region_search(struct taking *t, struct item *item, struct span bytes);
/* facts_database.c: an item; content NULL: it could not be had. Called before
 * what is in it is taken. */
void databases_search(struct taking *t, struct item *item, const struct span *content);
/* The message itself, after all that is in it. */
void databases_search_whole(struct taking *t);
/* facts_container.c: members and traits. */
/* As what its magic says it is, and what else it may be. */
enum archive_result container_take(struct taking *t, struct item *item, const char *magic, struct span content);
/* What its name says of it, given how it was read as a container. */
void volume_take(struct taking *t, struct item *item, enum archive_result result);
/* facts_link.c */
void uri_take(void *context, struct span uri); /* context: a struct taking */
/* The same of a link that is shown as `shown`. */
void link_take(void *context, struct span uri, struct span shown);
bool links_are_wanted(const struct search *s);
/* facts_text.c */
enum regex_result *results_new(struct arena *a, size_t count);
void text_match(const struct regex_group *group, struct textset_scratch *scratch, struct span text,
    enum regex_result *results);
bool texts_are_wanted(const struct search *s);
void texts_prepare(struct facts *f);
void text_take_headers(struct taking *t);
void text_take_raw_body(struct taking *t);
void text_take_part(struct taking *t, struct item *item, const struct mime_part *part, struct span content);
/* A page that is a file: its links only, for it is not what the message says. */
void text_take_page(struct taking *t, struct span content);

/* Items that a rule holds for. */
struct places {
	bool *items;    /* by index */
	bool elsewhere; /* and outside of what could be removed */
	const char *detail;  /* what was found in the first place, or NULL */
	size_t detail_index; /* of that item; SIZE_MAX: elsewhere */
};

struct evaluation {
	const struct ruleset *rules;
	const struct facts *facts;
	enum truth *truths;    /* by rule */
	struct places *places; /* by rule; items NULL where it has none */
};

/* NO, or UNKNOWN when there is a reason why it may be otherwise. */
static inline enum truth
truth_not_found(const char *reason)
{
	return reason != NULL ? TRUTH_UNKNOWN : TRUTH_NO;
}

/* Why some part or member may not have been seen, or NULL. */
static inline const char *
facts_unread(const struct facts *f)
{
	return f->unread_parts != NULL ? f->unread_parts : f->unread_members;
}

/* The best of a run of results. */
enum truth truth_of_run(const enum regex_result *results, struct regex_run run);

#endif
