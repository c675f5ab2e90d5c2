/* One message held against one ruleset: a pure function. Facts are taken from
 * the message first (each leaf is decoded once in every reading, archives are
 * opened), as far as some rule asks for them; then the rules are decided.
 * gatepost-rules(5) tells the language. */
#ifndef RULE_EVALUATE_H
#define RULE_EVALUATE_H

#include "mime/decode.h"
#include "mime/message.h"
#include "rule/preferences.h"
#include "rule/ruleset.h"
#include "wire/clamd.h"

/* What is known of the message's way. Nothing of it is copied. */
struct rule_envelope {
	enum protocol protocol;
	struct span helo, sender; /* sender without <>; empty = null reverse-path, or none known */
	const struct span *recipients;
	size_t recipient_count;
	unsigned char client[16]; /* IPv4 mapped */
	bool client_known;
	struct span user;         /* authenticated, or empty */
	enum clamd_result clamd;
	struct span clamd_text;   /* the name of what it found, or what went wrong */
	bool tls;
	const struct scan_preferences *own; /* the user's, or NULL */
};

/* The matchers' working memory of one process. Made before the cage; NULL when
 * memory is out. One evaluation at a time uses it; one may leave through
 * arena_give_up() and the next still be begun. */
struct rule_scratch;
struct rule_scratch *rule_scratch_new(const struct ruleset *rs);
void rule_scratch_free(struct rule_scratch **s);

/* A rule that holds. Its score counts once, however many parts it holds for. */
struct rule_hit {
	size_t rule;          /* index for ruleset_about() */
	const char *name;
	double score;
	bool has_then;
	enum verdict then;
	struct span part;     /* section of the first MIME part it holds for ("2"), or empty */
	struct span section;  /* the same down to the archive's member ("2!invoice.exe") */
	struct span detail;   /* the name of what a database found there, or empty */
};

/* A part to be removed; each part at most once, in the order of the message.
 * Never a multipart. A part inside a removed message/rfc822 may be told too. */
struct rule_strip {
	const struct mime_part *part;
	struct span section;  /* what was found: "2", or "2!invoice.exe" inside it */
	struct span name;     /* of what was found, UTF-8, or empty */
	size_t rule;          /* the first rule that wants it removed */
};

/* What gatepost scan --json tells of a part or an archive's member. */
struct rule_part_facts {
	struct span section;
	struct span type;      /* "application/zip"; empty for a member */
	struct span name;      /* or empty */
	const char *magic;     /* as engine/magic.h */
	uint64_t octets;       /* as it stands in the message or archive */
	uint64_t decoded_octets;
	char sha256[65];       /* of the decoded bytes; "" when they are not to be had (encrypted) */
};

struct rule_outcome {
	enum verdict verdict;
	bool tag;              /* some rule, reached threshold or user says tag; adds to a strip */
	bool denied;           /* the user denies the author */
	bool allowed;          /* the user allows the author: the threshold reached does not count */
	double score;
	struct span reply;     /* of the rule that decided: "554 5.7.1 text", or empty */
	struct span reason;    /* one line: what decided, or why incomplete; empty when accepted */
	/* The first defect that can hide something, or NULL: the policy's
	 * `ambiguous` had its say. */
	const struct mime_defect *ambiguity;
	struct rule_hit *hits; /* in the order of the rules */
	size_t hit_count;
	/* False when something could not be decided that a verdict may hang on.
	 * Then verdict is on_failure's: defer or reject; with accept it is what
	 * could be decided. */
	bool complete;
	const char *why_incomplete; /* or NULL */
	/* The verdict hangs on what clamd says, which was not asked yet: the
	 * rest is not to be used. */
	bool ask_clamd;
	struct rule_strip *strips;
	size_t strip_count;
	struct rule_part_facts *parts; /* with want_parts */
	size_t part_count;
};

/* Fills *out, which lives in the arena. Adds to the message's defects what
 * decoding finds. Leaves by arena_give_up() when memory is out. */
void rule_evaluate(const struct ruleset *rs, struct rule_scratch *s, struct arena *a, struct mime_message *m,
    const struct rule_envelope *envelope, struct scratch *decode, bool want_parts, struct rule_outcome *out);

#endif
