/* genmail: writes made messages into a folder, one a file.
 *
 * "mix" has the sizes that a mail server sees: of each hundred messages seventy
 * letters, twenty with a picture, nine with a document and one that somebody
 * should have uploaded. Each hundred is shuffled, so any whole hundred of the
 * files holds the same proportions. */
#include "config.h"

#include "mail_maker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { HUNDRED = 100 };

static const struct share {
	unsigned percent;
	uint32_t least, most; /* octets */
} mix[] = {
	{ 70, 4 * 1024, 12 * 1024 },
	{ 20, 90 * 1024, 110 * 1024 },
	{ 9, 950 * 1024, 1050 * 1024 },
	{ 1, 10 * 1024 * 1024, 10 * 1024 * 1024 },
};

static void
draw_hundred(struct mail_maker *m, size_t sizes[HUNDRED])
{
	unsigned n = 0;

	for (size_t s = 0; s < sizeof(mix) / sizeof(mix[0]); s++)
		for (unsigned i = 0; i < mix[s].percent; i++)
			sizes[n++] = mix[s].least + mail_pick(m, mix[s].most - mix[s].least + 1);
	for (unsigned i = HUNDRED - 1; i > 0; i--) {
		unsigned j = mail_pick(m, i + 1);
		size_t size = sizes[i];

		sizes[i] = sizes[j];
		sizes[j] = size;
	}
}

static bool
write_message(const char *folder, unsigned number, struct span message)
{
	char path[4096];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%06u.eml", folder, number);
	f = fopen(path, "w");
	if (f == NULL) {
		fprintf(stderr, "genmail: %s: %s\n", path, strerror(errno));
		return false;
	}
	ok = message.data != NULL && fwrite(message.data, 1, message.len, f) == message.len;
	ok = fclose(f) == 0 && ok;
	if (!ok)
		fprintf(stderr, "genmail: %s could not be written\n", path);
	return ok;
}

/* size 0: the mix. */
static bool
make_all(struct mail_maker *m, const char *folder, size_t size, unsigned count)
{
	size_t sizes[HUNDRED];
	uint64_t total = 0;

	for (unsigned i = 0; i < count; i++) {
		struct span message;

		if (i % HUNDRED == 0)
			draw_hundred(m, sizes);
		message = mail_make(m, size > 0 ? size : sizes[i % HUNDRED]);
		if (!write_message(folder, i, message))
			return false;
		total += message.len;
	}
	printf("messages=%u octets=%llu\n", count, (unsigned long long)total);
	return true;
}

int
main(int argc, char **argv)
{
	struct mail_maker *m = malloc(sizeof(*m));
	bool is_mix = argc > 2 && strcmp(argv[2], "mix") == 0;
	size_t size = argc > 2 && !is_mix ? strtoul(argv[2], NULL, 10) : 0;
	unsigned count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	bool ok;

	if (m == NULL || argc < 4 || argc > 5 || (size == 0 && !is_mix) || count == 0) {
		fputs("Usage: genmail FOLDER OCTETS|mix COUNT [SEED]\n", stderr);
		free(m);
		return 2;
	}
	if (mkdir(argv[1], 0755) != 0 && errno != EEXIST)
		perror(argv[1]);
	mail_maker_init(m, argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
	ok = make_all(m, argv[1], size, count);
	mail_maker_free(m);
	free(m);
	return ok ? 0 : 1;
}
