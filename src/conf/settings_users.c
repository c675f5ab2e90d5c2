/* users: a policy for single users and recipients. */
#include "config.h"

#include "conf/keys.h"

const struct key user_keys[] = {
	{ KEY(struct user_rule, match, text), .required = true },
	{ KEY(struct user_rule, policy, policy), .required = true },
	{ 0 },
};

/* "*" is any run of characters, "?" any one. On a mismatch the last "*" takes
 * one more; earlier ones need no second thought, so the work is at most the
 * product of the lengths. */
static bool
matches(const char *pattern, struct span text)
{
	const char *star = NULL;
	size_t i = 0, star_at = 0;

	while (i < text.len) {
		if (*pattern == '*') {
			star = ++pattern;
			star_at = i;
		} else if (*pattern != '\0' && (*pattern == '?' || ascii_lower(*pattern) == ascii_lower(text.data[i]))) {
			pattern++;
			i++;
		} else if (star != NULL) {
			pattern = star;
			i = ++star_at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

size_t
settings_policy_for(const struct settings *s, struct span user)
{
	for (size_t i = 0; i < s->user_count; i++)
		if (matches(s->users[i].match, user))
			return s->users[i].policy;
	return SIZE_MAX;
}
