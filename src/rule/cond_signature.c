/* `signature`: bytes or digests of files that are known, and databases of them.
 * All values of one condition share a slot, so that a list of 100,000 digests is
 * one test; each database has one of its own. */
#include "config.h"

#include "rule/database.h"
#include "rule/facts.h"

const char *const signature_keys[] = { "text", "hex", "sha256", "sha1", "md5", "database", "yara", NULL };

enum { KEY_DATABASE = 5, KEYS = 7 };

/* The slots that any of its values are seen in. */
struct signature_slots {
	uint32_t items[3];
	size_t count;
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

/* The keys before `database` share a slot, which is taken by the first. */
static bool
key_parse(struct compiler *c, struct yaml *value, size_t key, struct signature_slots *s, bool *own)
{
	if (key >= KEY_DATABASE)
		return database_read(c, value, key > KEY_DATABASE, &s->items[s->count++]);
	if (!*own)
		s->items[s->count++] = (uint32_t)c->search->signature_slots++;
	*own = true;
	return values_parse(c, value, key, s->items[0]);
}

bool
signature_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct signature_slots *s = ARENA_NEW(c->arena, struct signature_slots);
	bool good = true, own = false;

	if (!yaml_check_keys(value, signature_keys, c->report))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "a signature needs one of text, hex, sha256, sha1, md5, database and yara");
		return false;
	}
	c->search->bodies = true;
	c->search->archives = true;
	c->rule->locates |= c->negated == 0;
	node->operand = s;
	for (size_t key = 0; signature_keys[key] != NULL; key++) {
		struct yaml *values = yaml_get(value, signature_keys[key]);

		if (values != NULL)
			good &= key_parse(c, values, key, s, &own);
	}
	return good;
}

enum truth
signature_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct signature_slots *s = node->operand;
	const struct facts *f = e->facts;

	for (size_t i = 0; i < s->count; i++)
		if (f->sightings[s->items[i]] != NULL)
			return TRUTH_YES;
	return f->search_failed != NULL ? TRUTH_UNKNOWN : truth_not_found(facts_unread(f));
}

/* Of all that is told, what is in the first place. */
static void
place_found(const struct sighting *s, struct places *found)
{
	size_t index = s->item != NULL ? s->item->index : SIZE_MAX;

	if (s->item != NULL)
		found->items[index] = true;
	else
		found->elsewhere = true;
	if (s->detail != NULL && (found->detail == NULL || index <= found->detail_index)) {
		found->detail = s->detail;
		found->detail_index = index;
	}
}

void
signature_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	const struct signature_slots *s = node->operand;

	for (size_t k = 0; k < s->count; k++)
		for (const struct sighting *i = e->facts->sightings[s->items[k]]; i != NULL; i = i->next)
			place_found(i, found);
}
