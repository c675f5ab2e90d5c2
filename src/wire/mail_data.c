/* The way out of DATA: dots unstuffed, line ends watched, the end found.
 *
 * What ends the data is decided on the octets of the wire, before anything is
 * dropped or put in: CR LF "." CR LF and nothing else. A line begins, as far as
 * dots are concerned, only after CR LF. So "LF . CR LF" is a line "." within
 * the message, whatever the normalising makes of that LF, and whoever sends the
 * message on stuffs that dot. NUL is an octet like others here: between CR and
 * LF, or between the dot and CR, it breaks them apart although it may not
 * survive.
 *
 * Two speeds: skip_plain() runs over whole lines by memchr, step() takes one
 * octet that needs thought. What both let pass unchanged grows into one run,
 * given to the sink when something must be left out or put in, or the input
 * ends. A CR is passed at once: it stays in any case, followed by the LF that
 * came or, when normalising, by one put in. Only the CR after a lone dot waits.
 *
 * BDAT goes the same way, except that a dot means nothing there. */
#include "config.h"

#include "wire/mail_data.h"

enum { TIDY_WORTHWHILE = 256 }; /* octets from which looking at a chunk as a whole pays */

enum state {
	LINE_START, /* after CR LF, or nothing yet */
	IN_LINE,
	AFTER_CR,
	AFTER_DOT,    /* a dot at the start of a line, left out */
	AFTER_DOT_CR, /* and a CR, not passed yet */
	ENDED,
};

struct pass {
	struct mail_unstuffer *u;
	mail_sink *sink;
	void *context;
	bool stuffed;
	const char *run, *at, *end; /* [run, at) passes unchanged, not given yet */
	const char *lf;             /* the next LF from `at` on, or `end`; stale when before `at` */
};

void
mail_unstuff_init(struct mail_unstuffer *u, bool normalise, uint64_t line_limit)
{
	*u = (struct mail_unstuffer){ .normalise = normalise, .line_limit = line_limit, .state = LINE_START };
}

static void
give(struct pass *p, struct span bytes)
{
	struct mail_unstuffer *u = p->u;

	if (bytes.len == 0 || u->refused)
		return;
	if (p->sink(p->context, bytes))
		u->size += bytes.len;
	else
		u->refused = true;
}

static void
flush(struct pass *p)
{
	give(p, span_of(p->run, (size_t)(p->at - p->run)));
	p->run = p->at;
}

static void
count_octets(struct mail_unstuffer *u, size_t len)
{
	u->line_len += len;
	if (u->line_limit > 0 && u->line_len > u->line_limit)
		u->long_line = true;
}

/* Lets the octets up to `to` pass. */
static void
pass_to(struct pass *p, const char *to)
{
	if (to > p->at && p->u->line_len == 0 && *p->at == '.')
		p->u->dot_lines++;
	count_octets(p->u, (size_t)(to - p->at));
	p->at = to;
}

static void
pass_lf(struct pass *p)
{
	pass_to(p, p->at + 1);
	p->u->line_len = 0;
}

static void
leave_out(struct pass *p)
{
	flush(p);
	p->run = ++p->at;
}

static void
put_in(struct pass *p, char c)
{
	flush(p);
	count_octets(p->u, 1);
	give(p, span_of(&c, 1));
	if (c == '\n')
		p->u->line_len = 0;
}

static const char *
find(const char *from, const char *end, char c)
{
	const char *at = memchr(from, c, (size_t)(end - from));

	return at != NULL ? at : end;
}

/* Passes whole lines, and the start of one, up to an octet that needs thought
 * or the end. The next LF is remembered: looking for it anew after each bare CR
 * would be quadratic. */
static void
skip_plain(struct pass *p)
{
	struct mail_unstuffer *u = p->u;

	while (p->at < p->end && !(u->state == LINE_START && p->stuffed && *p->at == '.')) {
		const char *cr;

		if (p->lf < p->at)
			p->lf = find(p->at, p->end, '\n');
		cr = find(p->at, p->lf, '\r');
		if (p->lf == p->end || cr + 1 != p->lf) {
			if (cr > p->at)
				u->state = IN_LINE;
			pass_to(p, cr);
			return;
		}
		pass_to(p, p->lf);
		pass_lf(p);
		u->state = LINE_START;
	}
}

static void
judge_bare_cr(struct pass *p)
{
	p->u->bare_cr = true;
	if (p->u->normalise)
		put_in(p, '\n');
	p->u->state = IN_LINE;
}

/* At the start of a line or within: a dot to leave out, a CR, a bare LF. */
static void
step_in_line(struct pass *p)
{
	struct mail_unstuffer *u = p->u;

	if (*p->at == '.') {
		leave_out(p);
		u->state = AFTER_DOT;
	} else if (*p->at == '\r') {
		pass_to(p, p->at + 1);
		u->state = AFTER_CR;
	} else {
		u->bare_lf = true;
		if (u->normalise)
			put_in(p, '\r');
		pass_lf(p);
		u->state = IN_LINE;
	}
}

/* Takes an octet, or changes to a state that will. */
static void
step(struct pass *p)
{
	struct mail_unstuffer *u = p->u;
	char c = *p->at;

	if (u->state == AFTER_DOT && c == '\r') {
		leave_out(p);
		u->state = AFTER_DOT_CR;
	} else if (u->state == AFTER_DOT) {
		u->state = IN_LINE;
	} else if (u->state == AFTER_DOT_CR && c == '\n') {
		leave_out(p);
		u->state = ENDED;
	} else if (u->state == AFTER_DOT_CR) {
		put_in(p, '\r');
		u->state = AFTER_CR;
	} else if (u->state == AFTER_CR && c == '\n') {
		pass_lf(p);
		u->state = LINE_START;
	} else if (u->state == AFTER_CR) {
		judge_bare_cr(p);
	} else {
		step_in_line(p);
	}
}

typedef unsigned char octets16 __attribute__((vector_size(16), aligned(1), may_alias));

/* Whether CR and LF stand only as CRLF, and no dot follows one. Each octet is
 * held against the one behind it, sixteen at a time. */
static bool
is_tidy(const char *p, size_t len)
{
	const octets16 none = { 0 }, cr = none + '\r', lf = none + '\n', dot = none + '.';
	octets16 bad = none;
	uint64_t halves[2];
	bool wrong = false;
	size_t i = 0;

	for (; i + 17 <= len; i += 16) {
		octets16 one = *(const octets16 *)(p + i), next = *(const octets16 *)(p + i + 1);

		bad |= (octets16)(((one == cr) ^ (next == lf)) | ((one == lf) & (next == dot)));
	}
	for (; i + 1 < len; i++)
		wrong |= (p[i] == '\r') != (p[i + 1] == '\n') || (p[i] == '\n' && p[i + 1] == '.');
	memcpy(halves, &bad, sizeof(halves));
	return (halves[0] | halves[1]) == 0 && !wrong;
}

/* Whole lines at once, where nothing in them needs thought; the last CRLF of
 * the chunk ends them. */
static void
skip_tidy_lines(struct pass *p)
{
	struct mail_unstuffer *u = p->u;
	const char *last = p->end > p->at ? memrchr(p->at, '\n', (size_t)(p->end - p->at)) : NULL;
	size_t len = last != NULL ? (size_t)(last + 1 - p->at) : 0;

	if (len < TIDY_WORTHWHILE || (u->state != LINE_START && u->state != IN_LINE) || *p->at == '.' || *p->at == '\n' ||
	    (u->line_limit > 0 && u->line_len + len > u->line_limit) || !is_tidy(p->at, len))
		return;
	p->at = last + 1;
	u->line_len = 0;
	u->state = LINE_START;
}

/* Takes octets up to `end`; stops at the end of the data. */
static void
take_piece(struct pass *p, const char *end)
{
	struct mail_unstuffer *u = p->u;

	p->run = p->at;
	p->end = end;
	skip_tidy_lines(p);
	p->lf = p->at < end ? find(p->at, end, '\n') : end;
	while (p->at < end && u->state != ENDED) {
		if (u->state == LINE_START || u->state == IN_LINE)
			skip_plain(p);
		if (p->at < end)
			step(p);
	}
	flush(p);
}

/* A NUL that does not survive: it breaks what it stands between. */
static void
drop_nul(struct pass *p)
{
	if (p->u->state == AFTER_DOT_CR) {
		put_in(p, '\r');
		p->u->state = AFTER_CR;
	}
	if (p->u->state == AFTER_CR)
		judge_bare_cr(p);
	p->u->state = IN_LINE;
	p->run = ++p->at;
}

static void
take_all(struct pass *p, struct span in)
{
	const char *end = span_end(in);

	p->at = in.data;
	while (p->at < end && p->u->state != ENDED) {
		const char *nul = p->u->normalise ? find(p->at, end, '\0') : end;

		take_piece(p, nul);
		if (p->at == nul && nul < end && p->u->state != ENDED)
			drop_nul(p);
	}
}

static bool
has_high_bit(struct span s)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t seen = 0, words[4];
	size_t i = 0;

	for (; i + sizeof(words) <= s.len; i += sizeof(words)) {
		memcpy(words, s.data + i, sizeof(words));
		seen |= words[0] | words[1] | words[2] | words[3];
	}
	for (; i < s.len; i++)
		seen |= (unsigned char)s.data[i];
	return (seen & high) != 0;
}

/* What does not depend on lines is looked for in what was taken, all at once. */
static void
survey(struct mail_unstuffer *u, struct span taken)
{
	if (!u->nul)
		u->nul = span_find_byte(taken, '\0') != SIZE_MAX;
	if (!u->eight_bit)
		u->eight_bit = has_high_bit(taken);
}

int
mail_unstuff(struct mail_unstuffer *u, struct span in, size_t *used, mail_sink *sink, void *context)
{
	struct pass p = { .u = u, .sink = sink, .context = context, .stuffed = true };

	*used = 0;
	if (in.len > 0 && u->state != ENDED) {
		take_all(&p, in);
		*used = (size_t)(p.at - in.data);
		survey(u, span_first(in, *used));
	}
	return u->state == ENDED;
}

void
mail_watch(struct mail_unstuffer *u, struct span in, mail_sink *sink, void *context)
{
	struct pass p = { .u = u, .sink = sink, .context = context };

	if (in.len == 0)
		return;
	take_all(&p, in);
	survey(u, in);
}

void
mail_watch_end(struct mail_unstuffer *u, mail_sink *sink, void *context)
{
	struct pass p = { .u = u, .sink = sink, .context = context };

	if (u->state == AFTER_CR)
		judge_bare_cr(&p);
	u->state = ENDED;
}
