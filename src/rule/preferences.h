/* What a user has in place of the policy's, as a scan is told of it. */
#ifndef RULE_PREFERENCES_H
#define RULE_PREFERENCES_H

#include "conf/settings.h"

/* Zero = nothing. The lists hold patterns (base/pattern.h). */
struct scan_preferences {
	bool has_thresholds;
	struct threshold *thresholds; /* ascending by score */
	size_t threshold_count;
	bool has_prefix;
	struct span subject_prefix;   /* empty = none */
	struct span *allow, *deny, *rules_off; /* authors; names of rules */
	size_t allow_count, deny_count, rules_off_count;
};

#endif
