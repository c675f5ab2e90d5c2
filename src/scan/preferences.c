/* A user's own settings in the form in which a request carries them. */
#include "config.h"

#include "scan/request.h"

static struct span *
spans_of(struct arena *a, const struct strings *list, size_t *count)
{
	struct span *spans = ARENA_ARRAY(a, struct span, list->count);

	for (size_t i = 0; i < list->count; i++)
		spans[i] = span_str(list->items[i]);
	*count = list->count;
	return spans;
}

void
scan_preferences_from(struct arena *a, const struct user_settings *u, struct scan_preferences *out)
{
	*out = (struct scan_preferences){ 0 };
	if (u == NULL)
		return;
	out->has_thresholds = u->has_thresholds;
	out->thresholds = u->thresholds;
	out->threshold_count = u->has_thresholds ? u->threshold_count : 0;
	out->has_prefix = u->subject_prefix != NULL;
	out->subject_prefix = span_str(u->subject_prefix);
	out->allow = spans_of(a, &u->allow, &out->allow_count);
	out->deny = spans_of(a, &u->deny, &out->deny_count);
	out->rules_off = spans_of(a, &u->rules_off, &out->rules_off_count);
}

bool
scan_preferences_any(const struct scan_preferences *p)
{
	return p->has_thresholds || p->has_prefix || p->allow_count > 0 || p->deny_count > 0 || p->rules_off_count > 0;
}
