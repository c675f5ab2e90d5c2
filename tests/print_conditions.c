/* Prints what the rule language knows, a line each: the place, a tab, the
 * word. For tests/documented-conditions.sh. */
#include "config.h"

#include "engine/magic.h"
#include "mime/message.h"
#include "rule/compile.h"

#include <stdio.h>

static void
print_keys(const char *place, const char *const *keys)
{
	for (; keys != NULL && *keys != NULL; keys++)
		printf("%s\t%s\n", place, *keys);
}

int
main(void)
{
	print_keys("FILE", rule_file_keys);
	print_keys("RULE", rule_keys);
	for (const struct condition *c = conditions; c->key != NULL; c++) {
		printf("CONDITION\t%s\n", c->key);
		print_keys(c->key, c->keys);
	}
	print_keys("KINDS", magic_names);
	for (const struct mime_defect_kind *k = mime_defect_kinds; k->name != NULL; k++)
		printf("DEFECTS\t%s%s\n", k->name, k->hides ? " Pq hides" : "");
	return 0;
}
