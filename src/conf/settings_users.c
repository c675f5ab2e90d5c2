/* users: what single users and recipients have in place of the listener's
 * policy and upstream, and of what the policy says. */
#include "config.h"

#include "conf/keys.h"

#include "base/pattern.h"

static void
read_own_spam(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	int index;

	if (yaml_choice(value, key->choices, &index, c->report))
		*(enum spam_shown *)key_field(key, object) = (enum spam_shown)index;
}

/* Without it the policy's holds, which is no default of its own. */
static const struct kind kind_own_spam = { "choice", read_own_spam, NULL };

const struct key user_keys[] = {
	{ KEY(struct user_rule, match, text), .required = true },
	{ KEY_AS("policy", struct user_rule, own.policy, policy) },
	{ KEY_AS("upstream", struct user_rule, own.upstream, upstream) },
	{ KEY_AS("thresholds", struct user_rule, own.thresholds, list), COUNT(struct user_rule, own.threshold_count),
	    ITEMS(struct threshold, threshold_keys) },
	{ KEY_AS("subject_prefix", struct user_rule, own.subject_prefix, line), .most = SUBJECT_PREFIX_MAX },
	{ KEY_AS("spam", struct user_rule, own.spam, own_spam), .choices = spam_choices },
	{ KEY_AS("allow", struct user_rule, own.allow, patterns), .most = USER_LIST_MAX },
	{ KEY_AS("deny", struct user_rule, own.deny, patterns), .most = USER_LIST_MAX },
	{ KEY_AS("rules_off", struct user_rule, own.rules_off, patterns), .most = USER_LIST_MAX },
	{ 0 },
};

static size_t
octets_of(const struct strings *list)
{
	size_t octets = 0;

	for (size_t i = 0; i < list->count; i++)
		octets += strlen(list->items[i]);
	return octets;
}

static bool
is_set(const struct yaml *mapping, const char *key)
{
	const struct yaml *value = yaml_get(mapping, key);

	return value != NULL && !node_is_empty(value);
}

void
user_check(struct conf *c, const struct yaml *node, void *object)
{
	struct user_settings *own = &((struct user_rule *)object)->own;

	if (own->threshold_count > USER_THRESHOLDS_MAX)
		report_add(c->report, mark_of_key(node, "thresholds"), "more than %d", USER_THRESHOLDS_MAX);
	else
		thresholds_check(c, node, own->thresholds, own->threshold_count);
	if (octets_of(&own->allow) + octets_of(&own->deny) + octets_of(&own->rules_off) > USER_OCTETS_MAX)
		report_add(c->report, node->mark, "\"allow\", \"deny\" and \"rules_off\" have more than %d octets together",
		    USER_OCTETS_MAX);
	readers_upstream_check(c, node, own->upstream);
	own->has_thresholds = is_set(node, "thresholds");
	own->has_spam = is_set(node, "spam");
	if (own->subject_prefix == NULL && is_set(node, "subject_prefix"))
		own->subject_prefix = "";
}

const struct user_settings *
settings_user(const struct settings *s, struct span user)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (pattern_matches(span_str(s->users[i].match), user))
			return &s->users[i].own;
	return NULL;
}

bool
settings_routes_users(const struct settings *s)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (s->users[i].own.upstream != SIZE_MAX)
			return true;
	return false;
}

bool
user_settings_plain(const struct user_settings *u)
{
	return !u->has_thresholds && u->subject_prefix == NULL && u->allow.count == 0 && u->deny.count == 0 &&
	    u->rules_off.count == 0;
}
