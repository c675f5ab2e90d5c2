/* A terminal that is drawn on as a whole, and given back as it was. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "base/span.h"

/* Keys come one by one and unechoed, the text of before is hidden. False: it is
 * no terminal, or not ours. There is one screen. */
bool screen_open(void);
/* Gives the terminal back; harmless when it is not open. */
void screen_close(void);
/* Its size; 80 by 24 where it does not tell. */
void screen_size(size_t *columns, size_t *lines);
/* The text, line by line, cut to the screen. Octets that are no printable
 * ASCII are shown as "?". */
void screen_draw(struct span text);
enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_QUIT };
/* Waits until clock_millis() is `until`: q, ^C, and the signals that end a
 * program are SCREEN_QUIT. Without a screen it only waits. */
enum screen_event screen_wait(uint64_t until);

#endif
