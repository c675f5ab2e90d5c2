/* Domains and sets of them. A set is a hash table with open addressing, at most
 * half full; a host is looked up label by label from its end, and the hash of
 * each longer suffix comes from that of the shorter one. */
#include "config.h"

#include "rule/domain.h"

#include <idn2.h>
#include <libpsl.h>

enum { SET_SLOTS_FIRST = 64 };

/* False when it is no name that can be looked up. Unicode is kept: the list
 * knows both forms. */
static bool
name_of(struct span host, char out[DOMAIN_MAX + 1])
{
	if (host.len == 0 || host.len > DOMAIN_MAX || memchr(host.data, '\0', host.len) != NULL)
		return false;
	for (size_t i = 0; i < host.len; i++)
		out[i] = ascii_lower(host.data[i]);
	out[host.len] = '\0';
	return true;
}

struct span
domain_registered(struct span host)
{
	const psl_ctx_t *list = psl_builtin();
	char name[DOMAIN_MAX + 1];
	const char *registered;

	if (list == NULL || !name_of(host, name))
		return SPAN_NONE;
	registered = psl_registrable_domain(list, name);
	return registered != NULL ? span_from(host, (size_t)(registered - name)) : SPAN_NONE;
}

bool
domain_exists(struct span host)
{
	const psl_ctx_t *list = psl_builtin();
	char name[DOMAIN_MAX + 1];
	const char *top;

	if (list == NULL || !name_of(host, name))
		return false;
	top = strrchr(name, '.');
	return top != NULL && top != name && top[1] != '\0' &&
	    psl_is_public_suffix2(list, top + 1, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

struct domain_set {
	struct arena *arena;
	struct span *slots; /* data NULL = free */
	size_t slot_count, count;
};

struct domain_set *
domain_set_new(struct arena *a)
{
	struct domain_set *set = ARENA_NEW(a, struct domain_set);

	set->arena = a;
	set->slot_count = SET_SLOTS_FIRST;
	set->slots = ARENA_ARRAY(a, struct span, set->slot_count);
	return set;
}

static uint32_t
hash_byte(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t
hash_of(struct span name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = name.len; i > 0; i--)
		hash = hash_byte(hash, name.data[i - 1]);
	return hash;
}

/* The slot that holds the name, or the free one where it would be. */
static struct span *
slot_of(const struct domain_set *set, struct span name, uint32_t hash)
{
	size_t at = hash & (set->slot_count - 1);

	while (set->slots[at].data != NULL && !span_eq(set->slots[at], name))
		at = (at + 1) & (set->slot_count - 1);
	return &set->slots[at];
}

static void
grow(struct domain_set *set)
{
	struct domain_set larger = { .arena = set->arena, .slot_count = 2 * set->slot_count, .count = set->count };

	larger.slots = ARENA_ARRAY(set->arena, struct span, larger.slot_count);
	for (size_t i = 0; i < set->slot_count; i++)
		if (set->slots[i].data != NULL)
			*slot_of(&larger, set->slots[i], hash_of(set->slots[i])) = set->slots[i];
	*set = larger;
}

static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.data[i]) && strchr("-._:[]", name.data[i]) == NULL)
			return false;
	return name.len > 0 && name.data[0] != '.' && span_find(name, SPAN_LITERAL("..")) == SIZE_MAX;
}

const char *
domain_set_add(struct domain_set *set, struct span name)
{
	char lower[DOMAIN_MAX + 1], *ascii = NULL;
	struct span kept, *slot;

	while (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	if (!name_of(name, lower))
		return "not a domain's name";
	if (idn2_to_ascii_8z(lower, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK)
		kept = arena_copy(set->arena, span_str(ascii));
	else
		kept = arena_copy(set->arena, span_str(lower));
	idn2_free(ascii);
	if (!is_name(kept))
		return "not a domain's name";
	if (2 * set->count >= set->slot_count)
		grow(set);
	slot = slot_of(set, kept, hash_of(kept));
	set->count += slot->data == NULL;
	*slot = kept;
	return NULL;
}

bool
domain_set_has(const struct domain_set *set, struct span host)
{
	uint32_t hash = 2166136261u;

	for (size_t i = host.len; i > 0; i--) {
		hash = hash_byte(hash, host.data[i - 1]);
		if ((i == 1 || host.data[i - 2] == '.') && slot_of(set, span_from(host, i - 1), hash)->data != NULL)
			return true;
	}
	return false;
}
