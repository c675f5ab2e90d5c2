/* Digests with names, a line each: digest:size:name[:least[:most level]], and
 * of a PE's sections size:digest:name. What kind a digest is, its length says. */
#include "config.h"

#include "base/codec.h"
#include "engine/clamav_db.h"

static bool
read_digest(struct span hex, enum digest_kind *kind, unsigned char out[DIGEST_MAX])
{
	int k = 0;

	while (k < DIGEST_KINDS && hex.len != 2 * digest_size((enum digest_kind)k))
		k++;
	if (k == DIGEST_KINDS)
		return false;
	*kind = (enum digest_kind)k;
	for (size_t i = 0; i < hex.len / 2; i++) {
		int high = hex_digit(hex.data[2 * i]), low = hex_digit(hex.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool
read_size(struct span text, struct span level, uint64_t *out)
{
	uint64_t least;

	if (!span_is(text, "*"))
		return span_to_u64(text, out) && *out > 0;
	*out = DIGEST_ANY_SIZE;
	return span_to_u64(level, &least) && least >= CLAM_LEVEL_SIZE_ANY;
}

enum clam_line
clam_hash_line(struct clam_loader *l, struct clam_hashes *set, struct span line, bool section)
{
	struct span fields[CLAM_FIELDS_MAX] = { SPAN_NONE };
	size_t count = clam_fields(line, ':', fields);
	struct span least = count > 3 ? fields[3] : SPAN_NONE;
	unsigned char digest[DIGEST_MAX];
	enum digest_kind kind;
	uint64_t size;
	bool fits;

	if (count < 3 || count > 5 || fields[2].len == 0 || !read_digest(fields[section ? 1 : 0], &kind, digest) ||
	    !read_size(fields[section ? 0 : 1], least, &size) ||
	    !clam_levels_fit(least, count > 4 ? fields[4] : SPAN_NONE, &fits))
		return CLAM_LINE_MALFORMED;
	if (!fits || clam_name_is_ignored(l, fields[2]))
		return CLAM_LINE_SKIPPED;
	set->names = arena_grow(l->arena, set->names, sizeof(*set->names), &set->cap, set->count + 1);
	set->names[set->count] = clam_name(l, fields[2]);
	digest_set_add(l->arena, &set->sets[kind], kind, digest, size, (uint32_t)set->count++);
	return CLAM_LINE_TAKEN;
}

void
clam_hashes_finish(struct arena *a, struct clam_hashes *h)
{
	for (int k = 0; k < DIGEST_KINDS; k++)
		digest_set_sort(a, &h->sets[k], (enum digest_kind)k);
}

struct finding {
	const struct clam_hashes *hashes;
	void (*found)(void *context, const char *name);
	void *context;
};

static void
digest_found(void *context, uint32_t number)
{
	const struct finding *f = context;

	f->found(f->context, f->hashes->names[number]);
}

bool
clam_hashes_find(const struct clam_hashes *h, struct span data, void (*found)(void *context, const char *name),
    void *context)
{
	struct finding f = { h, found, context };
	unsigned char digest[DIGEST_MAX];

	for (int k = 0; k < DIGEST_KINDS; k++) {
		if (!digest_set_has_size(&h->sets[k], data.len))
			continue;
		if (!digest_of((enum digest_kind)k, data, digest))
			return false;
		digest_set_find(&h->sets[k], (enum digest_kind)k, digest, data.len, digest_found, &f);
	}
	return true;
}
