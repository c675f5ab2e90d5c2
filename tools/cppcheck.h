/* Macros of libraries, for cppcheck, which reads none of their headers. */
#define LIST_HEAD(name, type) struct name { struct type *lh_first; }
#define LIST_ENTRY(type) struct { struct type *le_next, **le_prev; }
#define LIST_FOREACH(item, head, field) for ((item) = (head)->lh_first; (item) != NULL; (item) = (item)->field.le_next)
#define SLIST_HEAD(name, type) struct name { struct type *slh_first; }
#define SLIST_ENTRY(type) struct { struct type *sle_next; }
#define TAILQ_HEAD(name, type) struct name { struct type *tqh_first, **tqh_last; }
#define TAILQ_ENTRY(type) struct { struct type *tqe_next, **tqe_prev; }
#define TAILQ_FOREACH(item, head, field) for ((item) = (head)->tqh_first; (item) != NULL; (item) = (item)->field.tqe_next)
#define yr_rules_foreach(rules, rule) for ((rule) = yr_first(rules); (rule) != NULL; (rule)++)
