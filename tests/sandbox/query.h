#pragma once
// The query options of a read: $filter and $expand as documented for these lists, $select, $top,
// $orderby.

#include "tests/sandbox/item.h"

#define TERMS_MAX 8
#define PAGE_SIZE \
    100 // the service's own is not documented; small, so that a caller that ignores the next link
        // is found

enum compare { COMPARE_EQ, COMPARE_GE, COMPARE_GT, COMPARE_LE, COMPARE_LT, COMPARE_STARTS };

struct term {
    enum field field;
    enum compare compare;
    char value[MEMBER_SIZE];
    int64_t time_ms; // FIELD_CREATED
};

struct query {
    struct item_view view;
    struct term terms[TERMS_MAX];
    int count;
    size_t top;
    size_t skip;
    bool descending;
    int64_t view_ms;
};

// Reads the options of a list; false with ret_problem where one is unknown, wrong or not allowed
// here.
bool query_read(const struct call *call, struct query *ret_query, struct problem *ret_problem);
