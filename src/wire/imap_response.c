/* IMAP responses: the first line tells which of the five kinds one is, and where
 * its data begins. */
#include "config.h"

#include "wire/imap_response.h"

#include "wire/imap_set.h"

static const char *const status_names[] = {
	[IMAP_OK] = "OK", [IMAP_NO] = "NO", [IMAP_BAD] = "BAD", [IMAP_BYE] = "BYE", [IMAP_PREAUTH] = "PREAUTH",
};

static const char *const word_names[IMAP_WORDS] = {
	[IMAP_WORD_OTHER] = "", [IMAP_WORD_EXISTS] = "EXISTS", [IMAP_WORD_RECENT] = "RECENT",
	[IMAP_WORD_EXPUNGE] = "EXPUNGE", [IMAP_WORD_FETCH] = "FETCH", [IMAP_WORD_CAPABILITY] = "CAPABILITY",
	[IMAP_WORD_ENABLED] = "ENABLED", [IMAP_WORD_FLAGS] = "FLAGS", [IMAP_WORD_LIST] = "LIST",
	[IMAP_WORD_LSUB] = "LSUB", [IMAP_WORD_XLIST] = "XLIST", [IMAP_WORD_SEARCH] = "SEARCH",
	[IMAP_WORD_ESEARCH] = "ESEARCH", [IMAP_WORD_SORT] = "SORT", [IMAP_WORD_THREAD] = "THREAD",
	[IMAP_WORD_STATUS] = "STATUS", [IMAP_WORD_VANISHED] = "VANISHED", [IMAP_WORD_NAMESPACE] = "NAMESPACE",
	[IMAP_WORD_ID] = "ID", [IMAP_WORD_QUOTA] = "QUOTA", [IMAP_WORD_QUOTAROOT] = "QUOTAROOT",
	[IMAP_WORD_ACL] = "ACL", [IMAP_WORD_LISTRIGHTS] = "LISTRIGHTS", [IMAP_WORD_MYRIGHTS] = "MYRIGHTS",
	[IMAP_WORD_METADATA] = "METADATA",
};

static const char *const code_names[IMAP_CODES] = {
	[IMAP_CODE_NONE] = "", [IMAP_CODE_OTHER] = "", [IMAP_CODE_ALERT] = "ALERT",
	[IMAP_CODE_CAPABILITY] = "CAPABILITY", [IMAP_CODE_PERMANENTFLAGS] = "PERMANENTFLAGS",
	[IMAP_CODE_READ_ONLY] = "READ-ONLY", [IMAP_CODE_READ_WRITE] = "READ-WRITE",
	[IMAP_CODE_TRYCREATE] = "TRYCREATE", [IMAP_CODE_UIDNEXT] = "UIDNEXT",
	[IMAP_CODE_UIDVALIDITY] = "UIDVALIDITY", [IMAP_CODE_UNSEEN] = "UNSEEN",
	[IMAP_CODE_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
	[IMAP_CODE_NOMODSEQ] = "NOMODSEQ", [IMAP_CODE_MODIFIED] = "MODIFIED", [IMAP_CODE_APPENDUID] = "APPENDUID",
	[IMAP_CODE_COPYUID] = "COPYUID", [IMAP_CODE_UIDNOTSTICKY] = "UIDNOTSTICKY", [IMAP_CODE_CLOSED] = "CLOSED",
	[IMAP_CODE_MAILBOXID] = "MAILBOXID", [IMAP_CODE_REFERRAL] = "REFERRAL",
	[IMAP_CODE_UNKNOWN_CTE] = "UNKNOWN-CTE",
};

static bool
find_status(struct span word, enum imap_status *status)
{
	for (*status = IMAP_OK; *status <= IMAP_PREAUTH; ++*status)
		if (span_is_nocase(word, status_names[*status]))
			return true;
	return false;
}

static enum imap_word
find_word(struct span name)
{
	for (enum imap_word word = IMAP_WORD_OTHER + 1; word < IMAP_WORDS; word++)
		if (span_is_nocase(name, word_names[word]))
			return word;
	return IMAP_WORD_OTHER;
}

static enum imap_code
find_code(struct span name)
{
	for (enum imap_code code = IMAP_CODE_OTHER + 1; code < IMAP_CODES; code++)
		if (span_is_nocase(name, code_names[code]))
			return code;
	return IMAP_CODE_OTHER;
}

/* Up to the "]" that stands outside of quotes; all where there is none. */
static size_t
code_length(struct span text)
{
	bool quoted = false;
	size_t at = 0;

	for (; at < text.len && (quoted || text.data[at] != ']'); at++) {
		if (text.data[at] == '"')
			quoted = !quoted;
		else if (text.data[at] == '\\' && quoted)
			at++;
	}
	return at;
}

/* "[" stands at the front of r->rest. Where no "]" closes it, it is text. */
static void
parse_code(struct imap_response *r)
{
	struct span text = span_from(r->rest, 1), inside;
	size_t len = code_length(text);

	if (len >= text.len)
		return;
	inside = span_first(text, len);
	r->code_name = span_first(inside, span_find_byte(inside, ' '));
	r->code_arguments = span_from(inside, r->code_name.len + 1);
	r->code = find_code(r->code_name);
	r->rest = span_from(text, len + 1);
	if (span_starts(r->rest, " "))
		r->rest = span_from(r->rest, 1);
}

/* What follows the words that were taken: nothing, or SP and the rest. */
static bool
take_rest(struct imap_cursor *c, struct imap_response *r)
{
	if (!imap_at_end(c) && !imap_take_space(c))
		return false;
	r->rest = c->rest;
	return true;
}

static bool
take_condition(struct imap_cursor *c, struct imap_response *r)
{
	if (!take_rest(c, r))
		return false;
	if (span_starts(r->rest, "["))
		parse_code(r);
	return true;
}

static bool
take_numbered(struct imap_cursor *c, struct imap_response *r)
{
	r->kind = IMAP_NUMBERED;
	if (!imap_take_u32(c, &r->number) || !imap_take_space(c) || !imap_take_atom(c, &r->name))
		return false;
	r->word = find_word(r->name);
	return take_rest(c, r);
}

static bool
take_untagged(struct imap_cursor *c, struct imap_response *r)
{
	if (c->rest.len > 0 && ascii_is_digit(c->rest.data[0]))
		return take_numbered(c, r);
	if (!imap_take_atom(c, &r->name))
		return false;
	if (find_status(r->name, &r->status)) {
		r->kind = IMAP_CONDITION;
		return take_condition(c, r);
	}
	r->kind = IMAP_DATA;
	r->word = find_word(r->name);
	return take_rest(c, r);
}

static bool
take_tagged(struct imap_cursor *c, struct imap_response *r)
{
	r->kind = IMAP_TAGGED;
	if (!imap_take_tag(c, &r->tag) || !imap_take_space(c) || !imap_take_atom(c, &r->name))
		return false;
	return find_status(r->name, &r->status) && r->status <= IMAP_BAD && take_condition(c, r);
}

bool
imap_response_parse(struct span text, struct imap_response *r)
{
	struct imap_cursor c = imap_cursor(text);

	*r = (struct imap_response){ .kind = IMAP_CONTINUE };
	if (imap_sees(&c, '+'))
		return imap_take_char(&c, '+') && take_rest(&c, r);
	if (!imap_sees(&c, '*'))
		return take_tagged(&c, r);
	return imap_take_char(&c, '*') && imap_take_space(&c) && take_untagged(&c, r);
}

static bool
is_for_people(const struct imap_response *r)
{
	return r->kind == IMAP_TAGGED || r->kind == IMAP_CONDITION || r->kind == IMAP_CONTINUE;
}

static int
fail(size_t *used, const char **why, const char *text)
{
	*used = 0;
	*why = text;
	return -1;
}

static bool
is_clients_literal(const struct imap_line *line)
{
	return line->has_literal && !line->literal.synchronising;
}

static const char clients_literal[] = "a response announces a literal as only clients do";

int
imap_response_take(struct span input, size_t limit, struct imap_line *line, struct imap_response *r,
    size_t *used, const char **why)
{
	int result = imap_line_take(input, limit, line, used, why);

	*r = (struct imap_response){ .kind = IMAP_CONTINUE };
	if (result <= 0)
		return result;
	if (!imap_response_parse(line->text, r))
		return fail(used, why, "a line is no response");
	if (line->has_literal && is_for_people(r)) {
		line->text = line->whole;
		line->has_literal = false;
		imap_response_parse(line->text, r);
	}
	return is_clients_literal(line) ? fail(used, why, clients_literal) : 1;
}

int
imap_response_take_more(struct span input, size_t limit, struct imap_line *line, size_t *used,
    const char **why)
{
	int result = imap_line_take(input, limit, line, used, why);

	return result > 0 && is_clients_literal(line) ? fail(used, why, clients_literal) : result;
}

bool
imap_code_number(const struct imap_response *r, uint64_t *number)
{
	struct imap_cursor c = imap_cursor(r->code_arguments);

	return imap_take_u63(&c, number) && *number > 0 && imap_at_end(&c);
}

static bool
take_uidvalidity(struct imap_cursor *c, uint32_t *uidvalidity)
{
	return imap_take_u32(c, uidvalidity) && *uidvalidity > 0 && imap_take_space(c);
}

/* RFC 4315 "uid-set": no "*". */
static bool
take_uids(struct imap_cursor *c, struct span *uids)
{
	return imap_take_sequence_set(c, uids) && !span_is(*uids, "$") && !imap_set_is_open(*uids);
}

bool
imap_code_copyuid(const struct imap_response *r, uint32_t *uidvalidity, struct span *from, struct span *to)
{
	struct imap_cursor c = imap_cursor(r->code_arguments);

	return take_uidvalidity(&c, uidvalidity) && take_uids(&c, from) && imap_take_space(&c) &&
	    take_uids(&c, to) && imap_at_end(&c) && imap_set_count(*from, 0) == imap_set_count(*to, 0);
}

bool
imap_vanished_parse(struct span rest, bool *earlier, struct span *uids)
{
	struct imap_cursor c = imap_cursor(rest);

	*earlier = imap_sees(&c, '(');
	if (*earlier && (!imap_take_char(&c, '(') || !imap_take_word(&c, "EARLIER") || !imap_take_char(&c, ')') ||
	    !imap_take_space(&c)))
		return false;
	return take_uids(&c, uids) && imap_at_end(&c);
}

bool
imap_flags_next(struct span *list, struct span *flag)
{
	struct imap_cursor c = imap_cursor(*list);

	while (imap_sees(&c, '(') || imap_sees(&c, ' '))
		c.rest = span_from(c.rest, 1);
	if (!imap_take_flag(&c, flag))
		return false;
	*list = c.rest;
	return true;
}

bool
imap_flags_contain(struct span list, const char *flag)
{
	struct span each;

	while (imap_flags_next(&list, &each))
		if (span_is_nocase(each, flag))
			return true;
	return false;
}
