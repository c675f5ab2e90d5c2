/* Prints every key that gatepost.yaml may have, as the line that describes it
 * in the manual: section, TAB, the arguments of .It. For documented-keys.sh. */
#include "config.h"

#include "conf/keys.h"

#include <openssl/ssl.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = { { "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "", 1 } };
static const struct unit times[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

static void
print_quantity(uint64_t value, const struct unit *unit)
{
	while (value % unit->factor != 0)
		unit++;
	printf("%ju%s", (uintmax_t)(value / unit->factor), unit->name);
}

static void
print_type(const struct key *key)
{
	if (key->choices == NULL) {
		printf(" Ar %s", key->kind->name);
		return;
	}
	for (size_t i = 0; key->choices[i] != NULL; i++)
		printf("%s%s", i == 0 ? " Cm " : " | ", key->choices[i]);
}

static bool
has_default(const struct key *key)
{
	const struct kind *k = key->kind;

	if (k == &kind_tls_version)
		return key->preset != 0;
	return k == &kind_number || k == &kind_count || k == &kind_size || k == &kind_duration || k == &kind_boolean ||
	    k == &kind_choice;
}

static void
print_default(const struct key *key)
{
	const struct kind *k = key->kind;

	if (k == &kind_size)
		print_quantity(key->preset, sizes);
	else if (k == &kind_duration)
		print_quantity(key->preset, times);
	else if (k == &kind_boolean)
		fputs(key->preset != 0 ? "true" : "false", stdout);
	else if (k == &kind_choice)
		fputs(key->choices[key->preset], stdout);
	else if (k == &kind_tls_version)
		fputs(key->preset == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2", stdout);
	else
		printf("%ju", (uintmax_t)key->preset);
}

static void
print_keys(const char *section, const struct key *keys)
{
	for (const struct key *k = keys; k->name != NULL; k++) {
		printf("%s\tCm %s :", section, k->name);
		print_type(k);
		if (k->required) {
			fputs(" Pq required", stdout);
		} else if (has_default(k)) {
			fputs(" Pq default ", stdout);
			print_default(k);
		}
		putchar('\n');
		if (k->keys != NULL) {
			char inner[256];

			snprintf(inner, sizeof(inner), "%s%s%s", section, section[0] != '\0' ? "." : "", k->name);
			print_keys(inner, k->keys);
		}
	}
}

int
main(void)
{
	print_keys("", settings_keys);
	return 0;
}
