/* Parts that only other readings of a message have.
 *
 * The strict reading is one tree. Where something in it was doubtful, the text
 * is swept: every line that could be a delimiter of any boundary that is
 * declared anywhere, in any way to read the declaration, or that has Content-
 * fields behind it, may begin a part. Its header is read loosely, so that it has
 * each type, encoding and name that some program sees; its body begins at each
 * place where some program has the header end, and ends at the next line that
 * could be a delimiter, at the next of the same boundary, and at the next that
 * is nothing but a delimiter. What of this is a leaf of the tree anyway is left
 * out; the rest are shadows.
 *
 * So alternatives are local: no tree is built for them, and how they combine is
 * of no concern. A message inside, and one that has to be decoded first, is
 * swept in its turn.
 *
 * The work is linear: the number of parts is limited, bodies in all may be no
 * longer than some times the message, and no more is decoded than in the strict
 * reading. Over a limit the message is marked as not wholly read. */
#include "config.h"

#include "mime/defects.h"
#include "mime/embedded.h"
#include "mime/parser.h"
#include "mime/suspects.h"

enum {
	BODIES_RATIO = 16,         /* bytes of shadows a byte of the message */
	BODIES_LEAST = 64 * 1024,  /* for short messages */
	DELIMITERS_PASSED = 8,     /* more have no body between them in no honest message */
	ENDS_MAX = 3,
};

struct sweep {
	struct parser *p;
	struct guesses guesses;
	size_t bodies;   /* bytes, of all shadows */
	size_t sections;
	bool stopped;
};

/* One text: the message, or a decoded one inside. */
struct region {
	struct sweep *s;
	struct span text;
	bool crlf;
	unsigned depth;
	struct suspects lines;
	struct span *heads; /* that were read, ascending */
	size_t head_count, head_cap;
	struct mime_part *top, *at; /* the strict tree in it; the last part that begins before where we are */
	struct mime_part **leaves;  /* its leaves, in order */
	size_t leaf_count;
};

/* Where a part may begin, and what is known of it. */
struct start {
	const char *at;
	size_t from; /* the line that it is behind, unless id is SUSPECT_NONE */
	size_t next; /* the line ahead */
	size_t id;   /* of the boundary */
	size_t depth;
	bool in_text; /* no delimiter stands in front: nothing but fields */
};

static void sweep_text(struct sweep *s, struct span text, struct mime_part *top, bool message, unsigned depth);

static void
stop(struct sweep *s, enum defect limit)
{
	defect_over_limit(s->p->m, s->p->m->root, limit);
	s->stopped = true;
}

static bool
lies_in(const char *at, struct span text)
{
	return at >= text.data && at <= span_end(text);
}

/* The next part of the strict tree in this text, in the order of the message. */
static struct mime_part *
part_after(const struct region *r, struct mime_part *part)
{
	if (part->first_child != NULL && lies_in(part->first_child->whole.data, r->text))
		return part->first_child;
	while (part != r->top && part->next == NULL)
		part = part->parent;
	return part != r->top ? part->next : NULL;
}

/* The innermost strict part that `at` is in. Called for ascending places. */
static struct mime_part *
innermost(struct region *r, const char *at)
{
	struct mime_part *part, *next;

	while ((next = part_after(r, r->at)) != NULL && next->whole.data <= at && lies_in(next->whole.data, r->text))
		r->at = next;
	for (part = r->at; part != r->top && at >= span_end(part->whole);)
		part = part->parent;
	return part;
}

static void
collect_leaves(struct region *r)
{
	struct mime_message *m = r->s->p->m;
	size_t cap = 0;

	for (struct mime_part *leaf = m->first_leaf; leaf != NULL; leaf = leaf->next_leaf) {
		if (!lies_in(leaf->body.data, r->text) || leaf->body.len == 0)
			continue;
		r->leaves = arena_grow(m->arena, r->leaves, sizeof(struct mime_part *), &cap, r->leaf_count + 1);
		r->leaves[r->leaf_count++] = leaf;
	}
}

static bool
has_encodings(const struct mime_part *part, const struct mime_encodings *all)
{
	for (; all != NULL; all = all->next) {
		const struct mime_encodings *e = part->encodings;

		while (e != NULL && e->encoding != all->encoding)
			e = e->next;
		if (e == NULL)
			return false;
	}
	return true;
}

static bool
has_names(const struct mime_part *part, const struct mime_name *all)
{
	for (; all != NULL; all = all->next) {
		const struct mime_name *n = part->names;

		while (n != NULL && !span_eq(n->name, all->name))
			n = n->next;
		if (n == NULL)
			return false;
	}
	return true;
}

/* Is it a leaf of the strict tree, with all that is said of it? */
static bool
is_strict(const struct region *r, const struct mime_part *part)
{
	size_t low = 0, high = r->leaf_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->leaves[middle]->body.data < part->body.data)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->leaf_count && r->leaves[low]->body.data == part->body.data; low++)
		if (r->leaves[low]->body.len == part->body.len && has_encodings(r->leaves[low], part->encodings) &&
		    has_names(r->leaves[low], part->names))
			return true;
	return false;
}

/* A copy of `model`, which holds what the header says. */
static void
add_shadow(struct region *r, const struct mime_part *model, struct span body)
{
	struct sweep *s = r->s;
	struct parser *p = s->p;
	struct mime_part *part;

	s->bodies += body.len;
	if (s->bodies / BODIES_RATIO > p->m->raw.len + BODIES_LEAST) {
		stop(s, DEFECT_LIMIT_READINGS);
		return;
	}
	part = parser_new_child(p, model->parent);
	if (part == NULL) {
		s->stopped = true;
		return;
	}
	part->section = arena_printf(p->m->arena, "%s?%zu", model->parent->section, ++s->sections);
	part->head = span_of(model->whole.data, (size_t)(body.data - model->whole.data));
	part->whole = span_of(model->whole.data, (size_t)(span_end(body) - model->whole.data));
	part->body = body;
	part->types = model->types;
	part->encodings = model->encodings;
	part->names = model->names;
	part->disposition = model->disposition;
	part->charset = model->charset;
	part->detached = model->detached;
	p->m->readings++;
	parser_add_leaf(p, part);
	embedded_read(p, part);
}

/* The body without the line end that belongs to the delimiter. */
static struct span
body_between(const char *begin, const char *end, bool delimiter)
{
	if (delimiter && end > begin && end[-1] == '\n')
		end--;
	if (delimiter && end > begin && end[-1] == '\r')
		end--;
	return span_of(begin, (size_t)(end - begin));
}

/* Between one end and a later one is there nothing but delimiters? To read on
 * over them would tell nothing. */
static bool
only_delimiters(const struct region *r, size_t from, size_t to)
{
	if (to - from > DELIMITERS_PASSED)
		return false;
	for (; from < to; from++) {
		const char *begin = r->lines.list[from].next;

		if (span_trim(span_of(begin, (size_t)(suspect_line(&r->lines, from + 1) - begin))).len > 0)
			return false;
	}
	return true;
}

/* Where a part from there may end: lines, ascending. */
static size_t
find_ends(const struct region *r, const struct start *start, size_t ends[ENDS_MAX])
{
	size_t same = r->lines.count, exact = same, count = 0;

	if (start->id != SUSPECT_NONE) {
		same = r->lines.list[start->from].next_same;
		exact = r->lines.list[start->from].next_exact;
	}
	ends[count++] = start->next;
	if (exact > start->next && !only_delimiters(r, start->next, exact))
		ends[count++] = exact;
	if (same > ends[count - 1] && !only_delimiters(r, ends[count - 1], same))
		ends[count++] = same;
	return count;
}

/* Those that are shown as messages alone. */
static bool
is_message_type(const struct mime_type *t)
{
	return strcmp(t->type, "message/rfc822") == 0 || strcmp(t->type, "message/global") == 0;
}

static bool
is_multipart_type(const struct mime_type *t)
{
	return span_starts(span_str(t->type), "multipart/");
}

struct nature {
	bool message, multipart, leaf; /* what it is for some program */
	bool encoded;
};

static struct nature
nature_of(const struct mime_part *model)
{
	struct nature n = { 0 };

	for (const struct mime_type *t = model->types; t != NULL; t = t->next) {
		n.multipart |= is_multipart_type(t);
		n.leaf |= !is_message_type(t) && !is_multipart_type(t);
		n.message |= span_starts(span_str(t->type), "message/");
		n.multipart |= mime_param_find(t, "boundary") != NULL;
	}
	for (const struct mime_encodings *e = model->encodings; e != NULL; e = e->next)
		n.encoded |= e->encoding != ENCODING_IDENTITY && e->encoding != ENCODING_UNKNOWN;
	/* No multipart is a file; what is encoded or named like one may be no multipart. */
	n.leaf |= n.multipart && !n.message && (model->names != NULL || n.encoded);
	return n;
}

/* Was it decoded in the strict reading? */
static bool
is_decoded(const struct region *r, const struct mime_part *model, enum mime_encoding encoding)
{
	const struct mime_part *strict = model->parent;

	return strict->whole.data == model->whole.data && strict->encodings->encoding == encoding &&
	    strict->first_child != NULL && !lies_in(strict->first_child->whole.data, r->text) &&
	    strict->kind != PART_LEAF;
}

/* A message or multipart that has to be decoded first, in each encoding. */
static void
sweep_decoded(struct region *r, const struct mime_part *model, struct span body, bool message)
{
	struct parser *p = r->s->p;

	for (const struct mime_encodings *e = model->encodings; e != NULL && !r->s->stopped; e = e->next) {
		struct span decoded;

		if (e->encoding == ENCODING_IDENTITY || is_decoded(r, model, e->encoding))
			continue;
		if (parser_decode(p, model->parent, body, e->encoding, &decoded))
			sweep_text(r->s, decoded, model->parent, message, r->depth + 1);
	}
}

/* What a header says, which goes into each body that may be of it. What is
 * malformed in it is told only when a shadow comes of it: else the strict
 * reading told already. */
struct model {
	struct mime_part part;
	struct mime_defect_list found;
	struct mime_defect **defects; /* where in the list of all its own can stand */
	size_t readings, sections;
};

static void
model_begin(struct region *r, struct model *model, const struct start *start, const struct loose_head *head)
{
	struct mime_message *m = r->s->p->m;
	struct mime_part *in = innermost(r, start->at), *around = in;

	*model = (struct model){ .defects = m->defects_end, .readings = m->readings, .sections = r->s->sections };
	if (around->whole.data == start->at && around->parent != NULL)
		around = around->parent;
	model->part.found = &model->found;
	model->part.parent = in;
	model->part.section = in->section;
	model->part.shadow = true;
	model->part.detached = r->text.data != m->raw.data;
	model->part.whole.data = start->at;
	model->part.head = span_of(start->at, (size_t)(head->breaks[head->break_count - 1] - start->at));
	content_read_loose(m, &model->part, head,
	    strcmp(around->types->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain");
}

/* Its defects become those of the part around, or are forgotten. */
static void
model_end(struct region *r, struct model *model)
{
	struct mime_message *m = r->s->p->m;
	struct mime_defect **at = model->defects, *d, *own = NULL;

	while ((d = *at) != NULL) {
		if (d->part != &model->part) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		d->next = own;
		own = d;
		m->defect_count--;
	}
	m->defects_end = at;
	if (r->s->sections == model->sections) {
		m->readings = model->readings;
		return;
	}
	for (; own != NULL; own = own->next)
		mime_add_defect(m, model->part.parent, own->name, own->hides);
}

static void read_start(struct region *r, struct start start);

/* Parts, messages and multiparts that begin where the body does. */
static void
read_inside(struct region *r, struct start start, const struct loose_head *head, const struct nature *n)
{
	const char *end = span_end(r->text);

	start.at = head->breaks[head->break_count - 1];
	start.depth++;
	if (!(n->message && suspects_header_follows(start.at, end)) && !(n->multipart && suspects_content_follows(start.at, end)))
		return;
	if (start.depth > r->s->p->limits.depth) {
		stop(r->s, DEFECT_LIMIT_DEPTH);
		return;
	}
	read_start(r, start);
}

/* The longest body from there. */
static struct span
furthest(const struct region *r, const struct start *start, const char *begin)
{
	size_t ends[ENDS_MAX], count = find_ends(r, start, ends);
	const char *end = suspect_line(&r->lines, ends[count - 1]);

	return end > begin ? body_between(begin, end, ends[count - 1] < r->lines.count) : span_of(begin, 0);
}

static bool
is_blank_between(const char *begin, const char *end)
{
	return begin >= end || span_trim(span_of(begin, (size_t)(end - begin))).len == 0;
}

/* The bodies that the header may have. A delimiter right behind that of a file
 * is none for some program. */
static void
add_bodies(struct region *r, struct model *model, const struct start *start, const struct loose_head *head, bool leaf)
{
	size_t ends[ENDS_MAX + 1], end_count = start->in_text ? 1 : find_ends(r, start, ends);
	const char *limit = span_end(r->text), *last = head->breaks[head->break_count - 1];

	if (start->in_text) {
		ends[0] = start->next;
		limit = suspects_next_fields(r->text, last < limit ? last + 1 : last);
	}
	if (model->part.names != NULL && ends[0] < r->lines.count && is_blank_between(last, suspect_line(&r->lines, ends[0])))
		ends[end_count++] = ends[0] + 1;
	for (size_t b = 0; b < head->break_count; b++)
		for (size_t e = 0; e < end_count && !r->s->stopped; e++) {
			const char *end = suspect_line(&r->lines, ends[e]);

			if (end > limit)
				end = limit;
			if (end <= head->breaks[b])
				continue;
			model->part.body = body_between(head->breaks[b], end, end < span_end(r->text));
			if (span_trim(model->part.body).len > 0 && (leaf || (e == 0 && embedded_stands_in(model->part.body))) &&
			    !is_strict(r, &model->part))
				add_shadow(r, &model->part, model->part.body);
		}
}

/* The header from there, up to the next line that could be a delimiter; or, where
 * that one would cut it, the one after. */
static bool
read_head(struct region *r, struct start *start, struct loose_head *head)
{
	struct arena *a = r->s->p->m->arena;
	const char *limit = suspect_line(&r->lines, start->next);

	if (start->at < limit) {
		loose_head_read(a, span_of(start->at, (size_t)(limit - start->at)), r->crlf, head);
		if (head->break_count > 0)
			return true;
		if (head->field_count > 0 && start->next < r->lines.count) {
			limit = suspect_line(&r->lines, ++start->next);
			loose_head_read(a, span_of(start->at, (size_t)(limit - start->at)), r->crlf, head);
			return head->break_count > 0;
		}
		return head->field_count > 0 && loose_head_end(span_of(start->at, (size_t)(limit - start->at)), head);
	}
	return false;
}

static void
add_head(struct region *r, struct span head)
{
	r->heads = arena_grow(r->s->p->m->arena, r->heads, sizeof(*r->heads), &r->head_cap, r->head_count + 1);
	r->heads[r->head_count++] = head;
}

/* Is it a message of the strict tree, with its names? Else it is a file for some. */
static bool
is_known(const struct mime_part *model)
{
	const struct mime_part *strict = model->parent;

	return strict->whole.data == model->whole.data && strict->kind == PART_MESSAGE && has_names(strict, model->names);
}

static void
read_start(struct region *r, struct start start)
{
	struct loose_head head;
	struct model model;
	struct nature n;
	const char *last;

	if (!read_head(r, &start, &head)) {
		if (start.at < suspect_line(&r->lines, start.next))
			add_head(r, span_of(start.at, (size_t)(suspect_line(&r->lines, start.next) - start.at)));
		return;
	}
	last = head.breaks[head.break_count - 1];
	add_head(r, span_of(start.at, (size_t)(last - start.at)));
	model_begin(r, &model, &start, &head);
	if (head.broken && !start.in_text)
		defect_add(r->s->p->m, &model.part, DEFECT_HEADER_WITHOUT_COLON);
	n = nature_of(&model.part);
	n.leaf |= n.message && model.part.names != NULL && (!is_known(&model.part) ||
	    !suspects_header_follows(last, span_end(r->text)));
	/* Text among text is read as that anyway. */
	if (!start.in_text || n.encoded || model.part.names != NULL)
		add_bodies(r, &model, &start, &head, n.leaf);
	if ((n.message || n.multipart) && n.encoded && !r->s->stopped)
		sweep_decoded(r, &model.part, furthest(r, &start, last), n.message);
	model_end(r, &model);
	if (!r->s->stopped)
		read_inside(r, start, &head, &n);
}

/* Behind a final delimiter there may stand anything. */
static bool
begins_part(const struct region *r, size_t line)
{
	const struct suspect *e = &r->lines.list[line];
	const char *end = suspect_line(&r->lines, line + 1);

	return !e->final || suspects_content_follows(e->next, span_end(r->text)) ||
	    (e->next < end && embedded_stands_in(span_of(e->next, (size_t)(end - e->next))));
}

/* Some programs see a part wherever fields stand, though no delimiter does and
 * no header is due. Of such ones each ends where the next begins. */
static void
read_fields_in_text(struct region *r)
{
	const char *at = r->text.data, *end = span_end(r->text);
	size_t heads = r->head_count, head = 0, next = 0;

	r->at = r->top;
	while (!r->s->stopped && (at = suspects_next_fields(r->text, at)) < end) {
		size_t read = r->head_count;

		while (head < heads && span_end(r->heads[head]) <= at)
			head++;
		if (head < heads && r->heads[head].data <= at) {
			at = span_end(r->heads[head]);
			continue;
		}
		while (next < r->lines.count && r->lines.list[next].line <= at)
			next++;
		read_start(r, (struct start){ .at = at, .next = next, .id = SUSPECT_NONE, .in_text = true });
		at = r->head_count > read ? span_end(r->heads[read]) : at + 1;
	}
}

static void
sweep_text(struct sweep *s, struct span text, struct mime_part *top, bool message, unsigned depth)
{
	struct parser *p = s->p;
	struct region r = { .s = s, .text = text, .top = top, .at = top, .depth = depth };
	struct reader outside = p->in;

	if (text.len == 0 || s->stopped)
		return;
	if (depth > p->limits.depth) {
		stop(s, DEFECT_LIMIT_DEPTH);
		return;
	}
	p->in = reader_over(text);
	r.crlf = p->in.crlf;
	guesses_from_text(&s->guesses, text);
	collect_leaves(&r);
	if (!suspects_find(&r.lines, &s->guesses, text, p->limits.parts))
		stop(s, DEFECT_LIMIT_PARTS);
	if (message && !s->stopped)
		read_start(&r, (struct start){ .at = text.data, .id = SUSPECT_NONE });
	for (size_t i = 0; i < r.lines.count && !s->stopped; i++) {
		const struct suspect *e = &r.lines.list[i];

		if (begins_part(&r, i))
			read_start(&r, (struct start){ .at = e->next, .from = i, .next = i + 1, .id = e->id });
	}
	read_fields_in_text(&r);
	p->in = outside;
}

static void
add_declared(struct guesses *g, const struct mime_part *part)
{
	for (const struct mime_type *t = part->types; t != NULL; t = t->next)
		for (const struct mime_param *param = t->params; param != NULL; param = param->next)
			if (strcmp(param->name, "boundary") == 0)
				guesses_add(g, param->value);
	for (const struct mime_part *child = part->first_child; child != NULL; child = child->next)
		add_declared(g, child);
}

bool
sweep_is_due(const struct parser *p)
{
	/* Over a limit the message is not wholly read as it is. */
	return !p->m->over_limit && (p->doubt || defects_leave_doubt(p->m));
}

void
sweep(struct parser *p)
{
	struct sweep s = { .p = p, .guesses.arena = p->m->arena };

	p->sweeping = true;
	p->leaf_end = &p->m->first_shadow;
	add_declared(&s.guesses, p->m->root);
	sweep_text(&s, p->m->raw, p->m->root, true, 0);
	for (const struct inner_text *t = p->inner; t != NULL; t = t->next)
		sweep_text(&s, t->text, t->part, t->message, t->part->depth);
	if (s.guesses.over)
		defect_over_limit(p->m, p->m->root, DEFECT_LIMIT_READINGS);
	p->sweeping = false;
}
