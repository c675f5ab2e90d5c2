/* IMAP responses (RFC 3501 7, RFC 9051 7): what a line from a server is. */
#ifndef WIRE_IMAP_RESPONSE_H
#define WIRE_IMAP_RESPONSE_H

#include "wire/imap_line.h"
#include "wire/imap_token.h"

enum imap_kind {
	IMAP_TAGGED,    /* tag OK, tag NO, tag BAD */
	IMAP_CONDITION, /* * OK, * NO, * BAD, * BYE, * PREAUTH */
	IMAP_NUMBERED,  /* * 12 EXISTS, RECENT, EXPUNGE, FETCH ... */
	IMAP_DATA,      /* * LIST ..., * FLAGS ... */
	IMAP_CONTINUE,  /* + text */
};
enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_BYE, IMAP_PREAUTH };

/* Of IMAP_NUMBERED and IMAP_DATA. */
enum imap_word {
	IMAP_WORD_OTHER,
	IMAP_WORD_EXISTS, IMAP_WORD_RECENT, IMAP_WORD_EXPUNGE, IMAP_WORD_FETCH,
	IMAP_WORD_CAPABILITY, IMAP_WORD_ENABLED, IMAP_WORD_FLAGS, IMAP_WORD_LIST, IMAP_WORD_LSUB, IMAP_WORD_XLIST,
	IMAP_WORD_SEARCH, IMAP_WORD_ESEARCH, IMAP_WORD_SORT, IMAP_WORD_THREAD, IMAP_WORD_STATUS,
	IMAP_WORD_VANISHED, IMAP_WORD_NAMESPACE, IMAP_WORD_ID, IMAP_WORD_QUOTA, IMAP_WORD_QUOTAROOT, IMAP_WORD_ACL,
	IMAP_WORD_LISTRIGHTS, IMAP_WORD_MYRIGHTS, IMAP_WORD_METADATA,
	IMAP_WORDS
};

enum imap_code {
	IMAP_CODE_NONE, /* no [code] */
	IMAP_CODE_OTHER,
	IMAP_CODE_ALERT, IMAP_CODE_CAPABILITY, IMAP_CODE_PERMANENTFLAGS, IMAP_CODE_READ_ONLY, IMAP_CODE_READ_WRITE,
	IMAP_CODE_TRYCREATE, IMAP_CODE_UIDNEXT, IMAP_CODE_UIDVALIDITY, IMAP_CODE_UNSEEN, IMAP_CODE_HIGHESTMODSEQ,
	IMAP_CODE_NOMODSEQ, IMAP_CODE_MODIFIED, IMAP_CODE_APPENDUID, IMAP_CODE_COPYUID, IMAP_CODE_UIDNOTSTICKY,
	IMAP_CODE_CLOSED, IMAP_CODE_MAILBOXID, IMAP_CODE_REFERRAL, IMAP_CODE_UNKNOWN_CTE,
	IMAP_CODES
};

/* Lives in the input that it was taken from. */
struct imap_response {
	enum imap_kind kind;
	struct span tag;            /* of TAGGED */
	enum imap_status status;    /* of TAGGED and CONDITION */
	enum imap_code code;        /* likewise */
	struct span code_name;      /* as written */
	struct span code_arguments; /* behind the code's name and one SP, up to its "]" */
	uint32_t number;            /* of NUMBERED */
	enum imap_word word;        /* of NUMBERED and DATA */
	struct span name;           /* the word as written */
	struct span rest;           /* behind all that, the [code] and one SP: text for people, or data, which goes on
	                             * behind the line's literal */
};

/* Takes the first line of a response off the front of a server's input; result
 * and *used as of imap_line_take(). -1 also where the line is no response, or
 * announces a literal in a client's form {n+}. The text of TAGGED, CONDITION and
 * CONTINUE is for people and holds no literal, whatever it ends in. */
int imap_response_take(struct span input, size_t limit, struct imap_line *line, struct imap_response *r,
    size_t *used, const char **why);
/* The same for a line that goes on behind a literal. */
int imap_response_take_more(struct span input, size_t limit, struct imap_line *line, size_t *used,
    const char **why);

/* What one line is; false: no response. text: imap_line's. */
bool imap_response_parse(struct span text, struct imap_response *r);

/* The arguments of UIDVALIDITY, UIDNEXT, UNSEEN, HIGHESTMODSEQ: one number over 0. */
bool imap_code_number(const struct imap_response *r, uint64_t *number);
/* COPYUID (RFC 4315): the sets hold as many numbers, in pairs by their order. */
bool imap_code_copyuid(const struct imap_response *r, uint32_t *uidvalidity, struct span *from, struct span *to);

/* VANISHED (RFC 7162): rest is "(EARLIER) 41,43:116" or "300:310". */
bool imap_vanished_parse(struct span rest, bool *earlier, struct span *uids);

/* Takes the next flag off "(\Seen $Junk)", as FLAGS and PERMANENTFLAGS list them;
 * false at the end and where none stands. */
bool imap_flags_next(struct span *list, struct span *flag);
bool imap_flags_contain(struct span list, const char *flag);

#endif
