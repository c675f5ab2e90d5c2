/* YARA's rules, by libyara where it is built in. */
#ifndef ENGINE_YARA_H
#define ENGINE_YARA_H

#include "base/arena.h"

struct yara_set;
/* Compiles the files; NULL, or what is wrong ("file:line: message", in the
 * arena). Rules cannot include other files. Shared by forked processes, freed
 * with the arena. */
const char *yara_compile(struct arena *a, const char *const *files, size_t count, struct yara_set **out);
size_t yara_count(const struct yara_set *set);

/* Of one process, made before the cage; NULL when memory is out. */
struct yara_scratch;
struct yara_scratch *yara_scratch_new(const struct yara_set *set);
void yara_scratch_free(struct yara_scratch **s);

/* Calls found for each rule that the data answers to. False when something
 * could not be decided: it took too long, a string matched too often, memory
 * ran out, or there is no scratch. */
bool yara_scan(struct yara_scratch *s, struct span data, void (*found)(void *context, const char *rule), void *context);

#endif
