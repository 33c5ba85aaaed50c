#include "worker/core/graph_post.h"

#include "worker/core/graph_body.h"
#include "worker/core/graph_shape.h"

#include <assert.h>
#include <stdlib.h>

enum graph_version graph_post_version(bool for_real, enum graph_version submit)
{
    return for_real ? submit : GRAPH_BETA;
}

/* The members are ours and have been read once, so they can be read again. */
bool graph_post_prepare(struct event *event, enum graph_version submit)
{
    if (event->worth != EVENT_GOOD || submit == GRAPH_BETA)
        return event->worth == EVENT_GOOD;
    size_t size = graph_body_size(&event->body);
    char *body = malloc(size);
    if (body == NULL)
        abort(); /* no fault of the record: it is redelivered */
    size = graph_body_write(&event->body, true, body, size);
    cJSON *tree = cJSON_ParseWithLength(body, size);
    if (tree == NULL)
        abort(); /* the same: it has passed the gate */
    if (!graph_shape_keep(event, (struct str){body, size}, tree, submit))
        event->worth = EVENT_REFUSED;
    cJSON_Delete(tree);
    free(body);
    return event->worth == EVENT_GOOD;
}

static size_t write_v1(const struct body *body, char *ret)
{
    assert(body->members != NULL); /* graph_post_prepare() */
    ret[0] = '{';
    memcpy(ret + 1, body->members, body->size);
    ret[1 + body->size] = '}';
    return body->size + 2;
}

size_t graph_post_size(const struct event *event)
{
    size_t beta = graph_body_size(&event->body), v1 = event->v1_body.size + 2;
    return beta > v1 ? beta : v1;
}

size_t graph_post_write(const struct event *event, struct graph_post post, char *ret, size_t size)
{
    assert(post.for_real || post.version == GRAPH_BETA);
    assert(size >= graph_post_size(event));
    return post.version == GRAPH_V1 ? write_v1(&event->v1_body, ret)
                                    : graph_body_write(&event->body, !post.for_real, ret, size);
}
