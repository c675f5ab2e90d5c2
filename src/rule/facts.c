/* Facts of a message, taken in one walk over its parts in the order of the
 * message, and then over those that only other readings of its structure have.
 * Each leaf is decoded in every reading of its body, and everything that some
 * rule asks of the bytes is done while they lie in the scratch: kind, digests,
 * signatures, members of containers, text. Work that no rule asks for is not
 * done. Texts and links stand in archives too, and in messages and documents
 * that are files; what is told beyond that changes no verdict. */
#include "config.h"

#include "rule/facts.h"

static const struct mime_part *
part_after(const struct mime_part *part)
{
	if (part->first_child != NULL)
		return part->first_child;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part != NULL ? part->next : NULL;
}

static void
leaf_take(struct taking *t, const struct mime_part *part)
{
	struct mime_bodies b;

	if (!t->bodies) {
		part_item_add(t, part)->first_reading = true;
		return;
	}
	mime_bodies_begin(&b, t->message, part, t->decode);
	while (mime_bodies_next(&b)) {
		struct item *item = part_item_add(t, part);

		item->first_reading = b.first;
		item_take_content(t, item, b.content);
		text_take_part(t, item, part, b.content);
	}
}

/* A message inside is read by its parts; of itself it has names, types and what
 * is told of it. */
static void
attached_message_take(struct taking *t, const struct mime_part *part)
{
	struct item *item = part_item_add(t, part);
	unsigned char sha256[DIGEST_MAX];

	item_describe(t, item, part->body, sha256);
	item->first_reading = true;
	item->outer = t->around;
	t->around = item;
}

/* Brings t->around to the innermost attached message that the part is in. In
 * the order of the walk, all that it is in are a chain from t->around. */
static void
leave_attached_messages(struct taking *t, const struct mime_part *part)
{
	const struct mime_part *message = part->parent;

	while (message != NULL && message->kind != PART_MESSAGE)
		message = message->parent;
	while (t->around != t->holder && t->around->own != message)
		t->around = t->around->outer;
}

/* What stands outside of bodies: some reader may show it or save it. */
static void
surroundings_search(struct taking *t, const struct mime_part *part)
{
	region_search(t, t->around, part->head);
	region_search(t, t->around, part->preamble);
	region_search(t, t->around, part->epilogue);
}

void
parts_take(struct taking *t)
{
	for (const struct mime_part *p = t->message->root; p != NULL; p = part_after(p)) {
		leave_attached_messages(t, p);
		surroundings_search(t, p);
		if (p->kind == PART_LEAF)
			leaf_take(t, p);
		else if (p->kind == PART_MESSAGE)
			attached_message_take(t, p);
		else if (p->names != NULL)
			part_item_add(t, p);
	}
	t->around = t->holder;
	for (const struct mime_part *p = t->message->first_shadow; p != NULL; p = p->next_leaf) {
		region_search(t, t->around, p->head);
		leaf_take(t, p);
	}
}

static void
facts_prepare(struct facts *f)
{
	const struct search *s = f->search;

	f->last_item = &f->items;
	texts_prepare(f);
	f->headers = ARENA_ARRAY(f->arena, struct header_facts, s->header_count);
	f->sightings = ARENA_ARRAY(f->arena, struct sighting *, s->signature_slots);
	if (f->message->over_limit)
		f->unread_parts = "the message has more parts or headers than the limits allow";
}

/* What was found in bodies that were decoded only to be told of. */
static void
defects_forget(struct mime_message *m, struct mime_defect **end, size_t count)
{
	*end = NULL;
	m->defects_end = end;
	m->defect_count = count;
}

void
facts_take(struct facts *f, const struct ruleset *rs, struct rule_scratch *scratch, struct scratch *decode,
    bool want_parts)
{
	struct archive_budget budget = { .limits = rs->archive_limits };
	size_t parts_left = f->message->limits.parts;
	struct taking t = { .facts = f, .message = f->message, .scratch = scratch, .decode = decode, .budget = &budget,
		.parts_left = &parts_left, .want_parts = want_parts };
	const struct search *s = f->search;
	bool asked = s->archives || texts_are_wanted(s);
	struct mime_defect **defects_end;
	size_t defects;
	const struct clam_object whole = { .data = f->message->raw, .type = CLAM_MAIL };

	facts_prepare(f);
	defects_end = f->message->defects_end;
	defects = f->message->defect_count;
	t.whole = &whole;
	t.archives = want_parts || asked;
	t.bodies = t.archives || s->bodies;
	text_take_headers(&t);
	text_take_raw_body(&t);
	parts_take(&t);
	databases_search_whole(&t);
	if (!asked && !s->bodies)
		defects_forget(f->message, defects_end, defects);
}
