/* What was probably meant by a word that nobody knows: the candidate at the
 * least edit distance, where an inserted, lost or wrong letter and two swapped
 * neighbours each count one (the "optimal string alignment" distance). Case is
 * ignored, so a word that is wrong only in its case is always found. */
#include "config.h"

#include "conf/report.h"

#include <string.h>

/* Longer words than any key of ours are not slips of the finger, and the work
 * grows with the square of the length. */
enum { WORD_MAX = 40 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		before[j] = above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			char x = ascii_lower(a[i - 1]), y = ascii_lower(b[j - 1]);

			row[j] = least(above[j] + 1, least(row[j - 1] + 1, above[j - 1] + (x != y)));
			if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) && ascii_lower(a[i - 2]) == y)
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *
nearest_word(const char *word, const char *const *candidates)
{
	size_t len = strlen(word);
	/* A third of the letters may be wrong. */
	size_t best = len < 3 ? 1 : (len + 2) / 3;
	const char *found = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (; *candidates != NULL; candidates++) {
		size_t other = strlen(*candidates), distance;

		if (other > WORD_MAX)
			continue;
		distance = edit_distance(word, len, *candidates, other);
		if (distance < best || (distance == best && found == NULL)) {
			best = distance;
			found = *candidates;
		}
	}
	return found;
}
