/* The engine of the key tables, and the kinds of value that hold others. */
#include "config.h"

#include "conf/keys.h"

enum {
	/* Far above any real file; names are looked up one by one. */
	NAMED_MAX = 1000,
	NAME_MAX_LEN = 64,
};

void
keys_preset(const struct key *keys, void *object)
{
	for (const struct key *k = keys; k->name != NULL; k++)
		if (k->kind->preset != NULL)
			k->kind->preset(k, object);
}

static const char *const *
key_names(struct conf *c, const struct key *keys)
{
	const char **names;
	size_t count = 0;

	while (keys[count].name != NULL)
		count++;
	names = ARENA_ARRAY(c->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	return names;
}

void
keys_read(struct conf *c, const struct key *keys, const struct yaml *mapping, void *object)
{
	keys_preset(keys, object);
	yaml_check_keys(mapping, key_names(c, keys), c->report);
	if (mapping->kind != YAML_MAPPING)
		return;
	for (const struct key *k = keys; k->name != NULL; k++) {
		const struct yaml *value = yaml_get(mapping, k->name);

		if (value != NULL)
			k->kind->read(c, k, value, object);
		else if (k->required)
			report_add(c->report, mapping->mark, "\"%s\" is missing", k->name);
	}
}

bool
node_is_empty(const struct yaml *n)
{
	return n->kind == YAML_SCALAR && n->text.len == 0 && !n->quoted;
}

struct mark
mark_of_key(const struct yaml *mapping, const char *key)
{
	const struct yaml *value = yaml_get(mapping, key);

	return value != NULL ? value->mark : mapping->mark;
}

static void
read_item(struct conf *c, const struct key *key, const struct yaml *value, void *item)
{
	keys_read(c, key->keys, value, item);
	if (key->check != NULL && value->kind == YAML_MAPPING)
		key->check(c, value, item);
}

static bool
has_required(const struct key *keys)
{
	for (; keys->name != NULL; keys++)
		if (keys->required)
			return true;
	return false;
}

/* A section whose keys are all commented out is an empty one. */
static void
read_mapping(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	if (!node_is_empty(value) || has_required(key->keys))
		read_item(c, key, value, key_field(key, object));
}

static void
preset_mapping(const struct key *key, void *object)
{
	keys_preset(key->keys, key_field(key, object));
}

static void *
new_items(struct conf *c, const struct key *key, size_t count, void *object)
{
	void *items = arena_alloc_array(c->arena, key->item_size, count);

	*(void **)key_field(key, object) = items;
	*(size_t *)((char *)object + key->count) = count;
	return items;
}

static void
read_list(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	char *items;

	if (node_is_empty(value))
		return;
	if (value->kind != YAML_SEQUENCE) {
		report_add(c->report, value->mark, "expected a list (\"- …\")");
		return;
	}
	items = new_items(c, key, value->count, object);
	for (size_t i = 0; i < value->count; i++)
		read_item(c, key, value->items[i], items + i * key->item_size);
}

static bool
is_good_name(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.data[i]) && (name.data[i] == '\0' || strchr("._-", name.data[i]) == NULL))
			return false;
	return true;
}

static bool
check_name(struct conf *c, const struct yaml *n)
{
	if (n->kind == YAML_SCALAR && is_good_name(n->text))
		return true;
	report_add(c->report, n->mark, "a name is made of letters, digits, \".\", \"_\" and \"-\", at most %d",
	    NAME_MAX_LEN);
	return false;
}

static void
read_named(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	char *items;

	if (node_is_empty(value))
		return;
	if (value->kind != YAML_MAPPING || value->count > NAMED_MAX) {
		report_add(c->report, value->mark, "expected a mapping of at most %d names", NAMED_MAX);
		return;
	}
	items = new_items(c, key, value->count, object);
	for (size_t i = 0; i < value->count; i++) {
		char *item = items + i * key->item_size;

		check_name(c, value->pairs[i].key);
		*(const char **)item = value->pairs[i].key->text.data;
		read_item(c, key, value->pairs[i].value, item);
	}
}

static void
read_word(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	if (check_name(c, value))
		*(const char **)key_field(key, object) = value->text.data;
}

/* The index of the item that is called as the value; the names stand at the
 * beginning of each. */
static void
read_reference(struct conf *c, const struct yaml *value, const char *what, const void *items, size_t item_size,
    size_t count, size_t *out)
{
	const char **names = ARENA_ARRAY(c->arena, const char *, count + 1);
	const char *name, *nearest;

	if (!yaml_string(value, &name, c->report))
		return;
	for (size_t i = 0; i < count; i++) {
		names[i] = *(const char *const *)((const char *)items + i * item_size);
		if (strcmp(names[i], name) == 0) {
			*out = i;
			return;
		}
	}
	nearest = nearest_word(name, names);
	if (nearest != NULL)
		report_add(c->report, value->mark, "no %s is named \"" YAML_SHOWN "\", did you mean \"%s\"?", what,
		    name, nearest);
	else
		report_add(c->report, value->mark, "no %s is named \"" YAML_SHOWN "\"", what, name);
}

static void
read_upstream(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	const struct settings *s = c->settings;

	_Static_assert(offsetof(struct upstream, name) == 0, "named items begin with their name");
	read_reference(c, value, "upstream", s->upstreams, sizeof(*s->upstreams), s->upstream_count,
	    key_field(key, object));
}

static void
read_policy(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	const struct settings *s = c->settings;

	_Static_assert(offsetof(struct policy_settings, name) == 0, "named items begin with their name");
	read_reference(c, value, "policy", s->policies, sizeof(*s->policies), s->policy_count,
	    key_field(key, object));
}

static void
preset_reference(const struct key *key, void *object)
{
	*(size_t *)key_field(key, object) = SIZE_MAX;
}

const struct kind kind_mapping = { "mapping", read_mapping, preset_mapping };
const struct kind kind_list = { "list of mappings", read_list, NULL };
const struct kind kind_named = { "mapping of names", read_named, NULL };
const struct kind kind_word = { "name", read_word, NULL };
const struct kind kind_upstream = { "name", read_upstream, preset_reference };
const struct kind kind_policy = { "name", read_policy, preset_reference };
