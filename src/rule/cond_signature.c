/* `signature`: bytes or digests of files that are known. All values of one
 * condition share a slot, so that a list of 100,000 digests is one test. */
#include "config.h"

#include "rule/facts.h"

const char *const signature_keys[] = { "text", "hex", "sha256", "sha1", "md5", NULL };

struct signature_slot {
	uint32_t slot;
};

static const char *
add_sha256(struct signature_builder *b, struct span value, uint32_t id)
{
	return signature_add_digest(b, DIGEST_SHA256, value, id);
}

static const char *
add_sha1(struct signature_builder *b, struct span value, uint32_t id)
{
	return signature_add_digest(b, DIGEST_SHA1, value, id);
}

static const char *
add_md5(struct signature_builder *b, struct span value, uint32_t id)
{
	return signature_add_digest(b, DIGEST_MD5, value, id);
}

/* In the order of signature_keys. */
static const char *(*const adders[])(struct signature_builder *b, struct span value, uint32_t id) = {
	signature_add_text, signature_add_hex, add_sha256, add_sha1, add_md5,
};

static bool
values_parse(struct compiler *c, struct yaml *value, size_t key, uint32_t slot)
{
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	for (size_t i = 0; i < count; i++) {
		const char *text, *wrong;

		if (!yaml_string(items[i], &text, c->report)) {
			good = false;
			continue;
		}
		wrong = adders[key](c->search->builder, items[i]->text, slot);
		if (wrong != NULL) {
			report_add(c->report, items[i]->mark, "%s", wrong);
			good = false;
		}
	}
	return good;
}

bool
signature_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct signature_slot *s = ARENA_NEW(c->arena, struct signature_slot);
	bool good = true;

	if (!yaml_check_keys(value, signature_keys, c->report))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "a signature needs one of text, hex, sha256, sha1 and md5");
		return false;
	}
	s->slot = (uint32_t)c->search->signature_slots++;
	c->search->bodies = true;
	c->search->archives = true;
	c->rule->locates |= c->negated == 0;
	node->operand = s;
	for (size_t key = 0; signature_keys[key] != NULL; key++) {
		struct yaml *values = yaml_get(value, signature_keys[key]);

		if (values != NULL)
			good &= values_parse(c, values, key, s->slot);
	}
	return good;
}

enum truth
signature_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct signature_slot *s = node->operand;
	const struct facts *f = e->facts;

	if (f->sightings[s->slot] != NULL)
		return TRUTH_YES;
	return f->search_failed != NULL ? TRUTH_UNKNOWN : truth_not_found(facts_unread(f));
}

void
signature_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	const struct signature_slot *s = node->operand;

	for (const struct sighting *i = e->facts->sightings[s->slot]; i != NULL; i = i->next)
		if (i->item != NULL)
			found->items[i->item->index] = true;
		else
			found->elsewhere = true;
}
