/* Figures as daemon/metrics.h prints them, read again for people. */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "base/arena.h"
#include "base/span.h"

struct figure {
	struct span name, labels; /* labels: what is between the braces */
	double value;
};

struct figures {
	struct arena *arena;
	struct figure *items; /* in the order of the text */
	size_t count;
};

/* The text is copied. Lines that are none are left out. */
void figures_parse(struct arena *a, struct span text, struct figures *out);
/* How much each has grown since `before`, which has the same or fewer. */
void figures_since(struct arena *a, const struct figures *now, const struct figures *before, struct figures *out);

/* The label's value as it is written, empty when it has no such label. */
struct span figure_label(const struct figure *f, const char *label);
/* The sum of all of that name, or of those whose label has that value; label2
 * NULL = whatever the others are. */
double figures_sum(const struct figures *f, const char *name);
double figures_sum_of(const struct figures *f, const char *name, const char *label, struct span value,
    const char *label2, struct span value2);

/* The values that a label has under that name, in their order, each once with
 * its sum. */
struct figures_group {
	struct span value;
	double sum;
};
struct figures_group *figures_groups(const struct figures *f, const char *name, const char *label, size_t *count);

/* Under which latency (seconds) the fraction q of a histogram lies, estimated
 * within its bucket; of what is above all bounds, the last. Negative when it
 * has none. */
double figures_quantile(const struct figures *f, const char *name, double q);

#endif
