/* Lines of a conversation. */
#include "config.h"

#include "wire/line.h"

int
line_take(struct span input, size_t limit, struct span *line, size_t *used, bool *clean)
{
	size_t lf = span_find_byte(span_first(input, limit), '\n');

	*used = 0;
	*clean = true;
	if (lf != SIZE_MAX) {
		bool crlf = lf > 0 && input.data[lf - 1] == '\r';

		*line = span_first(input, crlf ? lf - 1 : lf);
		*used = lf + 1;
		*clean = crlf && span_find_byte(*line, '\r') == SIZE_MAX;
		return 1;
	}
	if (input.len < limit)
		return 0;
	lf = span_find_byte(input, '\n');
	*used = lf != SIZE_MAX ? lf : input.len;
	return -1;
}
