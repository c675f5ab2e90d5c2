/* The checks read the message and what became of it as two trees, and go
 * through both at once. Sections are found anew by counting, without the
 * numbers that the tree has. */
#include "config.h"

#include "preserve_check.h"

#include "mime/decode.h"
#include "rewrite/compose.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char rules_text[] =
    "rules:\n"
    "  - { name: EICAR, about: 'From a=<b> -- test', then: strip,\n"
    "      when: { signature: { text: 'EICAR-STANDARD-ANTIVIRUS' } } }\n"
    "  - { name: PE, when: { attachment: { magic: pe } }, then: strip }\n"
    "  - { name: WON, when: { body: '/you won/i' }, score: 5 }\n";

static const char withhold_text[] =
    "rules:\n"
    "  - { name: EICAR, when: { signature: { text: 'EICAR-STANDARD-ANTIVIRUS' } }, then: reject }\n"
    "  - { name: PE, when: { attachment: { magic: pe } }, then: quarantine }\n";

static const char config_text[] =
    "listeners: [ { name: l, protocol: imap, address: '127.0.0.1:25', upstream: u, policy: strip } ]\n"
    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
    "policies:\n"
    "  strip: { rules: [/proc/self/fd/%d], thresholds: [ { score: 5, then: tag } ], ambiguous: rewrite }\n"
    "  withhold: { rules: [/proc/self/fd/%d], ambiguous: quarantine }\n"
    "  tag: { rules: [/proc/self/fd/%d], thresholds: [ { score: 5, then: tag } ], ambiguous: tag }\n"
    "limits: { scan_memory: 256MiB, archive_output: 1MiB, message_parts: 5000, message_depth: 20 }\n";

struct preserve_checker {
	struct arena *arena, *work;
	const struct settings *settings;
	struct ruleset *rules[PRESERVE_POLICIES];
	struct scanner *scanner;
	struct mime_limits limits;
	int strip_fd, withhold_fd;
};

static int
text_file(const char *text)
{
	int fd = memfd_create("rules", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	return fd;
}

struct preserve_checker *
preserve_checker_new(void)
{
	struct preserve_checker *c = calloc(1, sizeof(*c));
	struct report report;

	c->arena = arena_new(0);
	c->work = arena_new(0);
	c->strip_fd = text_file(rules_text);
	c->withhold_fd = text_file(withhold_text);
	report_init(&report, c->arena);
	c->settings = settings_read_text(c->arena, "test", span_str(arena_printf(c->arena, config_text, c->strip_fd,
	    c->withhold_fd, c->strip_fd)), &report);
	for (size_t i = 0; c->settings != NULL && i < PRESERVE_POLICIES; i++)
		c->rules[i] = ruleset_compile(c->arena, c->settings, i, &report);
	report_print(&report, stderr);
	if (report.count > 0)
		abort();
	c->limits = (struct mime_limits){ c->settings->limits.message_parts, c->settings->limits.message_depth,
		c->settings->limits.message_headers };
	c->scanner = scanner_new(c->settings, c->rules);
	return c;
}

void
preserve_checker_free(struct preserve_checker **c)
{
	scanner_free(&(*c)->scanner);
	arena_free(&(*c)->work);
	arena_free(&(*c)->arena);
	close((*c)->strip_fd);
	close((*c)->withhold_fd);
	free(*c);
	*c = NULL;
}

const struct scan_answer *
preserve_scan(struct preserve_checker *c, size_t policy, struct span message)
{
	const struct scan_request request = { .policy = policy, .protocol = PROTOCOL_IMAP, .message = message };

	return scanner_run(c->scanner, &request, -1);
}

void
preserve_apply(struct buf *out, struct span message, const struct edit *edits, size_t count)
{
	buf_clear(out);
	buf_add_span(out, message);
	if (message.len > 0)
		edits_overlay(edits, count, 0, out->data, out->len);
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* In one piece and in pieces of a few octets it is the same. */
static bool
same_in_pieces(struct span message, struct span shown, const struct edit *edits, size_t count)
{
	char piece[16];

	for (size_t at = 0, len; at < message.len; at += len) {
		len = 1 + (at * 7 + message.len) % sizeof(piece);
		if (len > message.len - at)
			len = message.len - at;
		memcpy(piece, message.data + at, len);
		edits_overlay(edits, count, at, piece, len);
		if (memcmp(piece, shown.data + at, len) != 0)
			return false;
	}
	return true;
}

static const char *
octets_violation(struct span message, struct span shown)
{
	if (message.len != shown.len)
		return "octets";
	for (size_t i = 0; i < message.len; i++)
		if ((is_line_end(message.data[i]) || is_line_end(shown.data[i])) && message.data[i] != shown.data[i])
			return "a line end";
	return NULL;
}

static bool
has_parts(const struct mime_part *p)
{
	return p->kind != PART_LEAF && p->first_child != NULL && !p->first_child->detached;
}

static bool
same_place(const struct mime_message *a, struct span x, const struct mime_message *b, struct span y)
{
	return x.len == y.len && (x.len == 0 || offset_in(a, x) == offset_in(b, y));
}

/* Bodies that are not of the grammar decode to as many octets too, as we do it. */
static bool
same_decoded(const struct mime_part *p, const struct mime_part *q)
{
	char *out = malloc(p->body.len + 1);
	size_t before = 0, after = 0;
	bool strict;

	if (p->encodings->encoding == ENCODING_BASE64) {
		before = base64_decode(p->body, out, &strict);
		after = base64_decode(q->body, out, &strict);
	} else if (p->encodings->encoding == ENCODING_QUOTED_PRINTABLE && p->head.len > 1 &&
	    is_line_end(p->head.data[p->head.len - 1])) {
		before = quoted_printable_decode(p->body, out, &strict);
		after = quoted_printable_decode(q->body, out, &strict);
	}
	free(out);
	return before == after;
}

static const char *
parts_violation(const struct mime_message *a, const struct mime_part *p, const struct mime_message *b,
    const struct mime_part *q)
{
	const struct mime_part *x = p->first_child, *y = q->first_child;
	const char *wrong = NULL;

	if (strcmp(p->section, q->section) != 0)
		return "a section's number";
	if (!span_eq(p->head, q->head) || !same_place(a, p->head, b, q->head))
		return "a header";
	if (p->header_count != q->header_count || strcmp(p->types->type, q->types->type) != 0 ||
	    (has_parts(p) && p->kind != q->kind))
		return "a type";
	if (!same_place(a, p->body, b, q->body))
		return "a body's place";
	if (!has_parts(p))
		return same_decoded(p, q) ? NULL : "decoded octets";
	for (; wrong == NULL && x != NULL && y != NULL; x = x->next, y = y->next)
		wrong = parts_violation(a, x, b, y);
	return wrong != NULL ? wrong : x != NULL || y != NULL ? "the number of parts" : NULL;
}

/* A line of what was overwritten is nothing but text. */
static const char *
lines_violation(struct span message, const struct edit *edits, size_t count, struct span shown)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = edits[i].offset;
		struct span line = span_from(shown, at);

		if (at > 0 && message.data[at - 1] != '\n')
			continue;
		if ((span_starts(line, "--") && !span_starts(span_from(message, at), "--")) || span_starts(line, "From "))
			return "a line that is no text";
	}
	return NULL;
}

/* Where the first body begins that any program sees. */
static size_t
header_octets(const struct mime_message *m)
{
	size_t octets = offset_in(m, m->root->head) + m->root->head.len;

	for (const struct mime_part *p = m->first_shadow; p != NULL; p = p->next_leaf)
		if (p->body.data >= m->raw.data && p->body.data < m->raw.data + octets)
			octets = (size_t)(p->body.data - m->raw.data);
	return octets;
}

static bool
same_header(const struct mime_message *before, const struct mime_message *after)
{
	size_t octets = header_octets(before);

	if (octets < offset_in(before, before->root->head) + before->root->head.len)
		return span_eq(span_first(before->raw, octets), span_first(after->raw, octets));
	return span_eq(before->root->head, after->root->head);
}

static const char *
edits_violation(struct preserve_checker *c, struct span message, const struct edit *edits, size_t count,
    struct buf *shown)
{
	struct mime_message *before = mime_parse(c->work, message, &c->limits), *after;
	const char *wrong;

	if (!edits_in_place(edits, count, message.len))
		return "edits are not in place";
	preserve_apply(shown, message, edits, count);
	wrong = octets_violation(message, buf_span(shown));
	if (wrong == NULL && !same_in_pieces(message, buf_span(shown), edits, count))
		wrong = "a piece";
	if (wrong == NULL)
		wrong = lines_violation(message, edits, count, buf_span(shown));
	if (wrong != NULL)
		return wrong;
	after = mime_parse(c->work, buf_span(shown), &c->limits);
	if (!same_header(before, after))
		return "the message's header";
	if (before->doubtful)
		return NULL;
	return parts_violation(before, before->root, after, after->root);
}

/* ---- sections ---- */

struct counted {
	struct mime_message *m;
	const struct scan_answer *r;
	size_t next;
	const char *wrong;
};

static bool
is_range(struct scan_range range, uint64_t offset, uint64_t octets)
{
	return range.octets == octets && (octets == 0 || range.offset == offset);
}

/* As RFC 9051 6.4.5 counts: number is what p is asked for with. */
static void
count_sections(struct counted *s, struct arena *a, const struct mime_part *p, const char *number)
{
	const struct mime_message *m = s->m;
	const struct scan_section *section = s->next < s->r->section_count ? &s->r->sections[s->next] : NULL;
	const struct mime_part *inner = p->kind == PART_MESSAGE && has_parts(p) ? p->first_child : NULL;
	size_t n = 0;

	s->next++;
	if (section == NULL || !span_is(section->section, number) ||
	    !is_range(section->mime, offset_in(m, p->head), p->head.len) ||
	    !is_range(section->body, offset_in(m, p->body), p->body.len) || section->is_message != (inner != NULL)) {
		s->wrong = "a section";
		return;
	}
	if (inner != NULL && (!is_range(section->header, offset_in(m, inner->head), inner->head.len) ||
	    !is_range(section->text, offset_in(m, inner->head) + inner->head.len, p->body.len - inner->head.len)))
		s->wrong = "a message's section";
	if (inner != NULL && (inner->kind != PART_MULTIPART || !has_parts(inner)))
		count_sections(s, a, inner, arena_printf(a, "%s.1", number));
	else if (has_parts(p))
		for (const struct mime_part *x = inner != NULL ? inner->first_child : p->first_child; x != NULL; x = x->next)
			count_sections(s, a, x, arena_printf(a, "%s.%zu", number, ++n));
}

static const char *
sections_violation(struct preserve_checker *c, const struct scan_answer *r, struct span shown)
{
	struct counted s = { mime_parse(c->work, shown, &c->limits), r, 1, NULL };
	const struct mime_part *root = s.m->root;
	const struct scan_section *whole = r->sections;
	size_t n = 0;

	if (r->section_count == 0 || whole->section.len != 0 || !is_range(whole->body, 0, shown.len) ||
	    !is_range(whole->header, offset_in(s.m, root->head), root->head.len) || !whole->is_message ||
	    !is_range(whole->text, offset_in(s.m, root->head) + root->head.len, shown.len - root->head.len))
		return "the message's section";
	if (r->sections_doubtful) /* nobody relies on the others */
		return NULL;
	if (root->kind != PART_MULTIPART || !has_parts(root))
		count_sections(&s, c->work, root, "1");
	else
		for (const struct mime_part *x = root->first_child; x != NULL; x = x->next)
			count_sections(&s, c->work, x, arena_printf(c->work, "%zu", ++n));
	if (s.wrong == NULL && s.next != r->section_count)
		s.wrong = "the number of sections";
	return s.wrong;
}

/* In a part; headers stay as they are. */
static const char *
found_again(struct preserve_checker *c, size_t policy, struct span shown)
{
	const struct scan_answer *again = preserve_scan(c, policy, shown);

	for (size_t i = 0; i < again->hit_count; i++)
		if (again->hits[i].has_then && again->hits[i].part.len > 0)
			return "it is found again";
	return NULL;
}

const char *
preserve_scan_violation(struct preserve_checker *c, size_t policy, struct span message, bool *edited)
{
	const struct scan_answer *r = preserve_scan(c, policy, message);
	struct buf shown = { 0 };
	const char *wrong;

	arena_reset(c->work);
	*edited = r->edit_count > 0;
	if (!*edited) {
		wrong = r->section_count > 0 ? "sections of what is not edited" : NULL;
	} else {
		wrong = r->in_place ? edits_violation(c, message, r->edits, r->edit_count, &shown) : "the layout";
		if (wrong == NULL)
			wrong = sections_violation(c, r, message);
		if (wrong == NULL)
			wrong = found_again(c, policy, buf_span(&shown));
	}
	buf_free(&shown);
	return wrong;
}

static size_t
choose(struct rule_strip *strips, size_t count, const struct mime_part *first, uint32_t chosen)
{
	for (const struct mime_part *p = first; p != NULL && count < 32; p = p->next_leaf, chosen >>= 1)
		if ((chosen & 1) != 0)
			strips[count++] = (struct rule_strip){ .part = p, .section = span_str(p->section) };
	return count;
}

const char *
preserve_leaves_violation(struct preserve_checker *c, struct span message, uint32_t chosen)
{
	struct mime_message *m = (arena_reset(c->work), mime_parse(c->work, message, &c->limits));
	struct rule_strip strips[32];
	struct rule_outcome outcome = { .verdict = chosen != 0 ? VERDICT_STRIP : VERDICT_REJECT, .complete = true,
		.strips = strips };
	struct compose_job job = { .arena = c->work, .message = m, .judged = m, .policy = c->settings->policies,
		.rules = c->rules[0], .outcome = &outcome, .to_reader = true, .preserve = true, .scratch = scratch_new(-1) };
	struct buf shown = { 0 };
	struct edits e;
	const char *wrong;

	outcome.strip_count = choose(strips, 0, m->first_leaf, chosen);
	outcome.strip_count = choose(strips, outcome.strip_count, m->first_shadow, chosen);
	edits_init(&e, c->work);
	compose_edits(&e, &job);
	wrong = edits_violation(c, message, e.items, e.count, &shown);
	scratch_free(&job.scratch);
	buf_free(&shown);
	return wrong;
}
