/* Quoted-printable as programs read it that take another way where it is
 * malformed. What flaws allow is not combined: each way departs from the lenient
 * decoder in one thing, but two do what libraries do that many programs decode
 * mail with: binascii of CPython, and GMime. */
#include "config.h"

#include "base/codec.h"
#include "mime/quoted_printable.h"

/* The length of the line end at `at`, 0 where there is none: CRs and a LF, or
 * of a text with bare CRs one of them. */
static size_t
line_end_at(struct span in, size_t at, const struct quoted_way *way)
{
	size_t i = at;

	if (way->soft == SOFT_CRLF)
		return in.len - at >= 2 && memcmp(in.data + at, "\r\n", 2) == 0 ? 2 : 0;
	while (way->cr_ends && i < in.len && in.data[i] == '\r')
		i++;
	if (i == at && i < in.len && in.data[i] == '\r')
		i++;
	if (i < in.len && in.data[i] == '\n') {
		i++;
		while (way->cr_ends && i < in.len && in.data[i] == '\r' && (i + 1 == in.len || in.data[i + 1] != '\n'))
			i++;
		return i - at;
	}
	return way->cr_ends ? i - at : 0;
}

static size_t
blanks_at(struct span in, size_t at)
{
	size_t i = at;

	while (i < in.len && (in.data[i] == ' ' || in.data[i] == '\t'))
		i++;
	return i - at;
}

/* The length of what follows a "=" when that is a soft line break, or 0; the
 * last line may end the body. */
static size_t
soft_break_at(struct span in, size_t at, const struct quoted_way *way)
{
	size_t blanks = way->soft != SOFT_LOOSE && way->soft != SOFT_NUL ? 0 : blanks_at(in, at);
	size_t end = line_end_at(in, at + blanks, way), lf;

	if (at < in.len && ((way->soft == SOFT_TO_LF && in.data[at] == '\r') ||
	    (way->soft == SOFT_NUL && in.data[at] == '\0'))) {
		lf = span_find_byte(span_from(in, at), '\n');
		return lf == SIZE_MAX ? in.len - at : lf + 1;
	}
	return end > 0 ? blanks + end : at + blanks == in.len ? blanks : 0;
}

/* A digit at *at, or -1; *at moves past it and, where such are allowed, the
 * line end or soft line break before it. */
static int
digit_at(struct span in, size_t *at, const struct quoted_way *way)
{
	size_t i = *at;

	if (way->cr_ends && i < in.len && in.data[i] == '=')
		i++;
	if (way->cr_ends && line_end_at(in, i + blanks_at(in, i), way) > 0) {
		i += blanks_at(in, i);
		i += line_end_at(in, i, way);
	}
	if (i >= in.len || hex_digit(in.data[i]) < 0 || (way->lower_kept && in.data[i] >= 'a'))
		return -1;
	*at = i + 1;
	return hex_digit(in.data[i]);
}

/* What stands at the "=" at *at, to `out`; *at moves past it. */
static size_t
take_equals(struct span in, size_t *at, const struct quoted_way *way, char *out)
{
	size_t i = *at + 1, soft = soft_break_at(in, i, way);
	int high, low;

	if (soft > 0 || i == in.len) {
		*at = i + soft;
		return 0;
	}
	if ((high = digit_at(in, &i, way)) >= 0 && (low = digit_at(in, &i, way)) >= 0) {
		*at = i;
		*out = (char)(high << 4 | low);
		return 1;
	}
	*out = '=';
	i = *at + 1;
	if (way->bad == ESCAPE_KEPT_WHOLE) {
		size_t len = in.len - *at < 3 ? in.len - *at : 3;

		memcpy(out, in.data + *at, len);
		*at += len;
		return len;
	}
	if (way->bad == ESCAPE_DOUBLED && in.data[i] == '=')
		i++;
	if (way->bad == ESCAPE_DROPPED)
		for (unsigned n = 0; n < 2 && i < in.len && in.data[i] != '\r' && in.data[i] != '\n'; n++)
			i++;
	*at = way->bad == ESCAPE_ENDS ? in.len : i;
	return way->bad == ESCAPE_KEPT || way->bad == ESCAPE_DOUBLED;
}

/* Blanks at *at, unless a line ends after them. */
static size_t
take_blanks(struct span in, size_t *at, const struct quoted_way *way, char *out)
{
	size_t begin = *at, len = blanks_at(in, begin);

	*at += len;
	if (!way->blanks_kept && (*at == in.len || line_end_at(in, *at, &(struct quoted_way){ 0 }) > 0))
		return 0;
	memcpy(out, in.data + begin, len);
	return len;
}

size_t
quoted_printable_decode_way(struct span in, const struct quoted_way *way, char *out)
{
	size_t at = 0, len = 0;

	while (at < in.len) {
		if (in.data[at] == '=')
			len += take_equals(in, &at, way, out + len);
		else if (in.data[at] == ' ' || in.data[at] == '\t')
			len += take_blanks(in, &at, way, out + len);
		else
			out[len++] = in.data[at++];
	}
	return len;
}

size_t
quoted_printable_ways(unsigned flaws, struct quoted_way *ways)
{
	size_t count = 0;

	if ((flaws & QUOTED_ESCAPE_BAD) != 0) {
		ways[count++] = (struct quoted_way){ .bad = ESCAPE_EQUALS_DROPPED };
		ways[count++] = (struct quoted_way){ .bad = ESCAPE_DROPPED };
		ways[count++] = (struct quoted_way){ .bad = ESCAPE_ENDS };
	}
	if ((flaws & (QUOTED_ESCAPE_BAD | QUOTED_SOFT_LF)) != 0)
		ways[count++] = (struct quoted_way){ .cr_ends = true };
	if ((flaws & (QUOTED_ESCAPE_BAD | QUOTED_SOFT_BLANKS)) != 0) {
		ways[count++] = (struct quoted_way){ .bad = ESCAPE_DOUBLED, .soft = SOFT_TO_LF, .blanks_kept = true };
		ways[count++] = (struct quoted_way){ .bad = ESCAPE_KEPT_WHOLE, .soft = SOFT_NEXT, .blanks_kept = true };
	}
	if ((flaws & QUOTED_NUL) != 0)
		ways[count++] = (struct quoted_way){ .soft = SOFT_NUL };
	if ((flaws & QUOTED_LOWER) != 0)
		ways[count++] = (struct quoted_way){ .lower_kept = true };
	if ((flaws & QUOTED_BLANKS) != 0)
		ways[count++] = (struct quoted_way){ .blanks_kept = true };
	if ((flaws & (QUOTED_SOFT_BLANKS | QUOTED_SOFT_LF)) != 0)
		ways[count++] = (struct quoted_way){ .soft = SOFT_CRLF, .blanks_kept = true };
	return count;
}
