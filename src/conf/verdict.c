/* The names of the verdicts, in configuration, rules, logs and answers. */
#include "config.h"

#include "conf/settings.h"

static const char *const names[] = {
	[VERDICT_ACCEPT] = "accept",
	[VERDICT_TAG] = "tag",
	[VERDICT_STRIP] = "strip",
	[VERDICT_QUARANTINE] = "quarantine",
	[VERDICT_DISCARD] = "discard",
	[VERDICT_DEFER] = "defer",
	[VERDICT_REJECT] = "reject",
};

const char *
verdict_name(enum verdict v)
{
	return names[v];
}

bool
verdict_parse(struct span name, enum verdict *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (span_is(name, names[i])) {
			*out = (enum verdict)i;
			return true;
		}
	}
	return false;
}
