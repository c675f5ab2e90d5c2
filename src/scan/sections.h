/* The sections of a message that is shown otherwise than it is. */
#ifndef SCAN_SECTIONS_H
#define SCAN_SECTIONS_H

#include "mime/decode.h"
#include "scan/request.h"

/* Fills sections and sections_doubtful of the answer from the message in its
 * strict reading; decodes each leaf. No sections where there are more than
 * SCAN_SECTIONS_MAX. In m's arena. */
void scan_sections(struct scan_answer *r, struct mime_message *m, struct scratch *scratch);

#endif
