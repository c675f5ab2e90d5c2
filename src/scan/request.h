/* What a scan is asked and what it answers: the pure function in the middle of
 * gatepost, and the encoding of both for the way to a scanner and back. */
#ifndef SCAN_REQUEST_H
#define SCAN_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "conf/settings.h"
#include "rewrite/edit.h"
#include "wire/clamd.h"

struct scan_request {
	size_t policy;           /* index in the generation's policies */
	enum protocol protocol;
	struct span message;     /* the original bytes */
	/* The envelope. */
	struct span helo, sender; /* sender without <>; empty = null reverse-path */
	struct span *recipients;
	size_t recipient_count;
	unsigned char client[16]; /* address, IPv4 mapped; all zero = unknown */
	struct span user;         /* authenticated, or empty */
	bool tls;
	enum clamd_result clamd;  /* what clamd said, if it was asked */
	struct span clamd_text;
	bool want_parts;          /* sections with digests, for scan --json; costs time */
};

struct scan_hit {
	struct span rule;
	double score;
	bool has_then;
	enum verdict then;
	struct span part;  /* section, or empty */
	struct span detail; /* what a database calls it, or empty */
};

struct scan_part {
	struct span section, type, name, magic; /* empty = null */
	uint64_t octets, decoded_octets;
	char sha256[65];
};

struct scan_defect {
	struct span name, section;
};

struct scan_answer {
	enum verdict verdict;
	double score;
	struct span reply;        /* "554 5.7.1 …" without CRLF; empty = the protocol's default */
	struct span reason;       /* one line for log and quarantine: the rule that decided, or why incomplete */
	bool complete;            /* false: something could not be scanned; verdict is the failure action's */
	uint32_t readings;
	struct scan_hit *hits;
	size_t hit_count;
	struct scan_defect *defects;
	size_t defect_count;
	struct scan_part *parts;
	size_t part_count;
	const struct edit *edits; /* sorted */
	size_t edit_count;
	bool ask_clamd;           /* nothing else holds before clamd was asked and the scan repeated */
	bool keep_original;       /* a stripped original is to be kept in quarantine too */
	uint64_t micros;
};

/* request->message is not encoded: it travels beside (inline or as a
 * descriptor). Spans of a decoded value point into `in`. False: malformed. */
void scan_request_encode(struct buf *out, const struct scan_request *r);
bool scan_request_decode(struct arena *a, struct span in, struct scan_request *r);
void scan_answer_encode(struct buf *out, const struct scan_answer *r);
bool scan_answer_decode(struct arena *a, struct span in, struct scan_answer *r);

/* The answer for a message that could not be scanned, by the policy's
 * on_failure: of 0 readings, and marked by a header where it is accepted.
 * `why`, one line, lives on. */
void scan_answer_failure(struct scan_answer *r, enum failure_action action, const char *why);

#endif
