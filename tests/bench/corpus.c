/* A folder of messages in memory. They are made ready for DATA once, so that
 * sending costs the load tool no more than a write. */
#include "config.h"

#include "corpus.h"

#include "wire/mail_data.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool
add_to_message(void *context, struct span bytes)
{
	struct buf *message = context;

	buf_add_span(message, bytes);
	return !message->failed;
}

static bool
load_message(const char *path, struct buf *message)
{
	struct mail_stuffer stuffer;
	char chunk[64 * 1024];
	size_t n;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return false;
	mail_stuff_init(&stuffer);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		mail_stuff(&stuffer, span_of(chunk, n), add_to_message, message);
	mail_stuff_end(&stuffer, add_to_message, message);
	if (fclose(f) != 0 || message->failed)
		return false;
	return true;
}

static int
is_message(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
load_all(struct corpus *c, const char *folder, struct dirent **entries, int count)
{
	char path[4096];

	c->messages = calloc((size_t)count, sizeof(*c->messages));
	if (c->messages == NULL)
		return false;
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		c->count++;
		if (!load_message(path, &c->messages[i])) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return false;
		}
	}
	return true;
}

bool
corpus_load(struct corpus *c, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_message, alphasort);
	bool ok = count > 0;

	*c = (struct corpus){ 0 };
	if (ok)
		ok = load_all(c, folder, entries, count);
	else
		fprintf(stderr, "%s: no messages\n", folder);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (!ok)
		corpus_free(c);
	return ok;
}

void
corpus_free(struct corpus *c)
{
	for (size_t i = 0; i < c->count; i++)
		buf_free(&c->messages[i]);
	free(c->messages);
	*c = (struct corpus){ 0 };
}
