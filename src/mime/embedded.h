/* Files that stand in a text as text, each kind in a file of its own: what
 * they have in common. */
#ifndef MIME_EMBEDDED_H
#define MIME_EMBEDDED_H

#include "base/span.h"

struct embedded_file {
	struct span name;  /* as written; may be empty */
	struct span whole; /* from its first line to after its last */
	struct span lines; /* the data between */
	bool finished;     /* its last line was found; else it goes on to what ended it, or to the end of the text */
};

/* Of each kind two functions. X_begins(): `text` begins with the first line of
 * such a file; then its name, and where its lines begin (their end is not yet
 * known). X_ends() finds the end. The first looks at few lines, the second goes
 * over no byte past the end that it finds. */
bool uu_begins(struct span text, struct embedded_file *file);
void uu_ends(struct span text, struct embedded_file *file);
bool begin_base64_begins(struct span text, struct embedded_file *file);
void begin_base64_ends(struct span text, struct embedded_file *file);
bool yenc_begins(struct span text, struct embedded_file *file);
void yenc_ends(struct span text, struct embedded_file *file);
bool binhex_begins(struct span text, struct embedded_file *file);
void binhex_ends(struct span text, struct embedded_file *file);

/* The first file of that kind; false when there is none. */
bool embedded_find_uu(struct span text, struct embedded_file *file);
bool embedded_find_yenc(struct span text, struct embedded_file *file);
bool embedded_find_binhex(struct span text, struct embedded_file *file);

/* The line is the first of some file: no data goes on over it. */
bool embedded_begins_at(struct span line);
/* Some line of the text is. */
bool embedded_stands_in(struct span text);
/* Takes a line off *rest; without its end. */
struct span embedded_line(struct span *rest);

/* Decoders, linear. Into out, which has room for in.len bytes; *dot_stuffed
 * tells of lines that begin with "..", where unstuff takes one away. */
size_t yenc_decode(struct span in, bool unstuff, char *out, bool *strict, bool *dot_stuffed);
/* Lines of uuencode without "begin" and "end". */
size_t uudecode_lines(struct span lines, char *out, size_t room, bool *strict);
/* Of the first file, whose lines they are: those alone that all programs take
 * for data. */
size_t uudecode_plain(struct span in, char *out);
/* Has it others, or do some programs take more for data than uudecode() does? */
bool uu_has_odd_lines(struct span in);
/* All of it is such lines. */
bool uu_is_likely(struct span in);

/* BinHex 4.0: two forks in one stream, compressed in runs. */
struct binhex {
	struct span name, data, resource; /* in `out` */
	struct span stream; /* all after the header */
	bool strict;
	bool cut;           /* there was more than room */
};
/* Room that the stream may take: at most BINHEX_RATIO_MAX for each byte. */
enum { BINHEX_RATIO_MAX = 8 };
void binhex_decode(struct span in, char *out, size_t room, struct binhex *b);
/* How much the stream takes. */
size_t binhex_length(struct span in);

#endif
