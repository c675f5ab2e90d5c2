/* Hostile messages changed in place: what tests/unit/preserve_check.h says holds
 * of any bytes. The first octets say which leaves are removed, and by which
 * policy the message is scanned. */
#include "config.h"

#include "../unit/preserve_check.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(const char *violation)
{
	if (violation == NULL)
		return;
	fprintf(stderr, "broken: %s\n", violation);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct preserve_checker *c;
	struct span in = span_of((const char *)data, size);
	uint32_t chosen;
	bool edited;

	if (c == NULL)
		c = preserve_checker_new();
	if (!take_u32(&in, &chosen))
		return 0;
	require(preserve_leaves_violation(c, in, chosen));
	require(preserve_scan_violation(c, chosen % PRESERVE_POLICIES, in, &edited));
	return 0;
}
