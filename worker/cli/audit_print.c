#include "worker/cli/audit_print.h"

#include "worker/core/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIST_MAX = AUDIT_NAMED_MAX * 512 }; /* one has 250 bytes of topic at most, and 100 more */

/* What is wrong, and what to do. */
static const struct sentence {
    const char *what, *advice;
    bool is_repeat; /* what a crash leaves with delivery: at-least-once */
} sentences[AUDIT_PROBLEMS] = {
    [AUDIT_MISSING] = {"it has no reply, though its offset is committed",
                       "send the same event again: its source and id keep it from being done twice",
                       false},
    [AUDIT_DOUBLE] = {"it has more than one reply",
                      "they have the same id: readers must act on one of them only", true},
    [AUDIT_EARLY] = {"it has a reply, though its offset is not committed, so that a worker will "
                     "answer it again",
                     "if somebody has reset the group's offsets, set them back", true},
    [AUDIT_LETTER_MISSING] = {"a dead letter is due, and is not there",
                              "read its reply, and send the event again from its own record",
                              false},
    [AUDIT_LETTER_DOUBLE] = {"it has more dead letters than are due", "replay one of them only",
                             true},
    [AUDIT_LETTER_UNDUE] = {"it has a dead letter, and its reply says that none is due",
                            "read its reply before you replay it", false},
    [AUDIT_LETTER_ALONE] = {"it has a dead letter, but no reply", "replay the dead letter", false},
};

static const char *delivery_name(const struct settings *settings)
{
    return settings->kafka.delivery == DELIVERY_EXACTLY_ONCE ? "exactly-once" : "at-least-once";
}

void audit_print_init(struct audit_print *print, const struct settings *settings, bool json)
{
    *print = (struct audit_print){.settings = settings, .json = json};
    buffer_init(&print->list, LIST_MAX);
    json_begin_array(&print->list, NULL);
}

static void print_line(const struct audit_print *print, const struct audit_finding *finding)
{
    const struct sentence *sentence = &sentences[finding->problem];
    bool may_be = sentence->is_repeat && print->settings->kafka.delivery == DELIVERY_AT_LEAST_ONCE;
    (void)printf("%s/%" PRId32 "/%" PRId64 ": %s; %s%s\n", print->settings->kafka.requests_topic,
                 finding->origin.partition, finding->origin.offset, sentence->what,
                 sentence->advice,
                 may_be ? " (kafka.delivery is at-least-once, where this can happen)" : "");
}

static void list_finding(struct audit_print *print, const struct audit_finding *finding)
{
    struct buffer *json = &print->list;
    json_begin_object(json, NULL);
    json_put_text(json, "topic", str_of(print->settings->kafka.requests_topic));
    json_put_integer(json, "partition", finding->origin.partition);
    json_put_integer(json, "offset", finding->origin.offset);
    json_put_text(json, "problem", str_of(audit_problem_name(finding->problem)));
    json_put_integer(json, "found", finding->found);
    json_put_integer(json, "due", finding->due);
    json_end_object(json);
}

void audit_print_finding(void *context, const struct audit_finding *finding)
{
    struct audit_print *print = context;
    if (print->findings++ >= AUDIT_NAMED_MAX)
        return;
    if (print->json)
        list_finding(print, finding);
    else
        print_line(print, finding);
}

/* ---- the sums -------------------------------------------------------------------------------- */

static void put(struct buffer *json, const char *name, uint64_t count)
{
    json_put_integer(json, name, (int64_t)count);
}

static void print_json(struct audit_print *print, const struct audit_counts *counts)
{
    struct buffer all;
    uint64_t named = print->findings < AUDIT_NAMED_MAX ? print->findings : AUDIT_NAMED_MAX;
    json_end_array(&print->list);
    size_t size = 0;
    char *list = buffer_take(&print->list, &size);
    buffer_init(&all, 2 * LIST_MAX);
    json_begin_object(&all, NULL);
    json_put_text(&all, "group", str_of(print->settings->kafka.group));
    json_put_text(&all, "requestsTopic", str_of(print->settings->kafka.requests_topic));
    json_put_text(&all, "delivery", str_of(delivery_name(print->settings)));
    put(&all, "records", counts->records);
    put(&all, "finished", counts->finished);
    put(&all, "answeredOnce", counts->answered);
    put(&all, "deadLetters", counts->dead);
    json_begin_object(&all, "findings");
    for (enum audit_problem problem = 0; problem < AUDIT_PROBLEMS; problem++)
        put(&all, audit_problem_name(problem), counts->findings[problem]);
    json_end_object(&all);
    put(&all, "repliesNotJudged", counts->replies_unjudged);
    put(&all, "deadLettersNotJudged", counts->letters_unjudged);
    put(&all, "ofRecordsGone", counts->replies_gone);
    put(&all, "ofOthers", counts->replies_foreign);
    json_put_raw(&all, "named", (struct str){list, size});
    put(&all, "notNamed", print->findings - named);
    json_end_object(&all);
    char *text = buffer_take(&all, NULL);
    (void)puts(text != NULL ? text : "");
    free(text);
    free(list);
}

static void print_text(const struct audit_print *print, const struct audit_counts *counts)
{
    const uint64_t *found = counts->findings;
    if (print->findings > AUDIT_NAMED_MAX)
        (void)printf("… and %" PRIu64 " more\n", print->findings - AUDIT_NAMED_MAX);
    (void)printf("group %s, %s: %" PRIu64 " records of %s, %" PRIu64 " of them committed\n",
                 print->settings->kafka.group, delivery_name(print->settings), counts->records,
                 print->settings->kafka.requests_topic, counts->finished);
    (void)printf("replies: answered once %" PRIu64 ", missing %" PRIu64 ", double %" PRIu64
                 ", early %" PRIu64 ", not judged %" PRIu64 "\n",
                 counts->answered, found[AUDIT_MISSING], found[AUDIT_DOUBLE], found[AUDIT_EARLY],
                 counts->replies_unjudged);
    (void)printf("dead letters: as due %" PRIu64 ", missing %" PRIu64 ", double %" PRIu64
                 ", not due %" PRIu64 ", without reply %" PRIu64 ", not judged %" PRIu64 "\n",
                 counts->dead, found[AUDIT_LETTER_MISSING], found[AUDIT_LETTER_DOUBLE],
                 found[AUDIT_LETTER_UNDUE], found[AUDIT_LETTER_ALONE], counts->letters_unjudged);
    if (counts->replies_unjudged + counts->letters_unjudged > 0)
        (void)puts("not judged: what could answer for it may have been deleted by retention, or is "
                   "of another group or topic");
    if (counts->replies_gone + counts->replies_foreign > 0)
        (void)printf("passed over: %" PRIu64 " replies and dead letters of records that are gone, "
                     "%" PRIu64 " records that are not this group's\n",
                     counts->replies_gone, counts->replies_foreign);
    (void)printf("%" PRIu64 " findings\n", print->findings);
}

void audit_print_end(struct audit_print *print, const struct audit_counts *counts)
{
    if (print->json)
        print_json(print, counts);
    else
        print_text(print, counts);
    buffer_finish(&print->list);
}
