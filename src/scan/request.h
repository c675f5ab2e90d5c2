/* What a scan is asked and what it answers: the pure function in the middle of
 * gatepost, and the encoding of both for the way to a scanner and back. */
#ifndef SCAN_REQUEST_H
#define SCAN_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "conf/settings.h"
#include "rewrite/edit.h"
#include "rule/preferences.h"
#include "wire/clamd.h"

/* What BINARY (RFC 3516) undoes. Others are ENCODING_OTHER, which it refuses
 * (UNKNOWN-CTE). */
enum scan_encoding { SCAN_ENCODING_NONE, SCAN_ENCODING_BASE64, SCAN_ENCODING_QUOTED, SCAN_ENCODING_OTHER };

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
	bool rewrite;             /* IMAP: the message may be shown by layout rewrite */
	bool want_parts;          /* sections with digests, for scan --json; costs time */
	struct scan_preferences own;
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

/* Octets of a message. */
struct scan_range {
	uint64_t offset, octets;
};

/* A section as IMAP numbers them (RFC 9051 6.4.5): the message itself, "", then
 * each part in the message's order. Ranges are in the message as it is shown:
 * of edits in place those are the original's. The bodies of multiparts end
 * before the line end that belongs to the delimiter behind them, which some
 * servers send too; so of what a server sends only the beginning is held
 * against a range. */
struct scan_section {
	struct span section;      /* "", "1", "2.1" */
	struct scan_range mime;   /* BODY[n.MIME] with its blank line; of "" nothing */
	struct scan_range body;   /* BODY[n]; of "" all of the message */
	bool is_message;          /* "" and message/rfc822 that is not encoded: */
	struct scan_range header; /* BODY[n.HEADER] with its blank line, */
	struct scan_range text;   /* BODY[n.TEXT] */
	enum scan_encoding encoding; /* of BODY[n], for BINARY[n] */
	uint64_t decoded_octets;  /* BINARY.SIZE[n]; of what has parts its octets */
};

enum {
	/* Parts of a message in an answer: no honest one has as many, and the
	 * table of that many is some hundred KiB. */
	SCAN_SECTIONS_MAX = 2000,
	/* Octets of a field that tells people which message it is. */
	SCAN_SHOWN_MAX = 256,
	/* Octets of what IMAP is told of a rewritten message, all three texts
	 * together; an honest structure has 200 octets a part. */
	SCAN_TOLD_MAX = 256 * 1024,
	/* What takes the place of something in it, together: with the texts and
	 * the sections this has room in VIEW_STATE_MAX (store/views.h). */
	SCAN_REPLACED_MAX = 256 * 1024,
	/* Octets of a header, that of a message inside too: HEADER.FIELDS are
	 * picked out of it in memory. Servers take no longer one. */
	SCAN_HEADER_MAX = 1024 * 1024,
};

/* What IMAP tells of a rewritten message (RFC 9051 7.5.2): each text is one list
 * in parentheses. */
struct scan_told {
	struct span envelope, body, bodystructure;
	uint64_t octets; /* RFC822.SIZE */
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
	bool keep_original;       /* the original is to be kept in quarantine: of what is stripped, and of
	                           * what a reader is shown a notice in place of */
	/* Of what goes into quarantine, else empty; fit to be shown, one line of
	 * SCAN_SHOWN_MAX octets at most: the fields Subject and From. */
	struct span subject, author;
	/* IMAP, of a message with edits. Those of layout rewrite are not in place,
	 * and `told` is of the message with them: */
	bool in_place;            /* edits_overlay() applies them */
	bool has_told;
	struct scan_told told;
	/* Where the parts are, and whether other programs may divide the message
	 * otherwise: then a section that the server sends may not be where the
	 * table has it. No sections though there are edits: more than
	 * SCAN_SECTIONS_MAX. A replaced body is decoded by base64_decode() and
	 * quoted_printable_decode() (mime/decode.h). */
	const struct scan_section *sections;
	size_t section_count;
	bool sections_doubtful;
	bool tagged;              /* also of a message that is stripped: spam, $Junk */
	bool allowed;             /* by the user's list: $NotJunk */
	uint64_t micros;
};

/* request->message is not encoded: it travels beside (inline or as a
 * descriptor). Spans of a decoded value point into `in`. False: malformed. */
void scan_request_encode(struct buf *out, const struct scan_request *r);
bool scan_request_decode(struct arena *a, struct span in, struct scan_request *r);
void scan_answer_encode(struct buf *out, const struct scan_answer *r);
bool scan_answer_decode(struct arena *a, struct span in, struct scan_answer *r);

/* One list in parentheses, as servers tell it (wire/imap_token.h). */
bool scan_is_list(struct span text);

/* NULL u = nothing. Texts are not copied. */
void scan_preferences_from(struct arena *a, const struct user_settings *u, struct scan_preferences *out);
/* False: nothing of the user's own, so that a policy without rules needs no scan. */
bool scan_preferences_any(const struct scan_preferences *p);

/* The answer for a message that could not be scanned, by the policy's
 * on_failure: of 0 readings, and marked by a header where it is accepted.
 * `why`, one line, lives on. */
void scan_answer_failure(struct scan_answer *r, enum failure_action action, const char *why);

enum {
	/* Octets of a header that a notice keeps: what mail programs show is far
	 * less, and servers take no longer one. */
	WITHHOLD_HEAD_MAX = 64 * 1024,
};

/* The answer for a message that could not be scanned and that its reader is not
 * to see: quarantine, the original kept, and edits that put a notice, which
 * tells `why`, in place of its content. message_head: its first octets, of
 * which at most WITHHOLD_HEAD_MAX are looked at; message_size: all of it. The
 * fields of the header stay, but for Content-* and MIME-Version and lines that
 * are no fields; where the header does not end in message_head the whole
 * message is replaced. Reads lines, not MIME, in linear time. Edits live in the
 * arena; `why`, one line, lives on. */
void scan_answer_withhold(struct arena *a, struct scan_answer *r, struct span message_head, uint64_t message_size,
    const char *why);
/* The same in place: the header stays as it is, everything behind it becomes
 * the notice and blanks. Of a header that does not end in message_head, what is
 * behind that. No sections are told, and they are doubtful. */
void scan_answer_withhold_in_place(struct arena *a, struct scan_answer *r, struct span message_head,
    uint64_t message_size, const char *why);

#endif
