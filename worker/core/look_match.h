#pragma once

#include "worker/core/request.h"

#include <cjson/cJSON.h>

/* Finding the request's own rows in the lists that Graph answers a look-up with (look.h). Names of
 * states and types are compared without case: Graph's own pages differ, and v1.0 has them in camel
 * case. Rows may be in beta's shape or in v1.0's (facts: graph 1.3, 1.5, 2.2). */

/* What a request asks to be changed. An update asks for values that a look-up does not compare. */
enum change { CHANGE_ADD, CHANGE_UPDATE, CHANGE_REMOVAL };

enum change look_change_of(const struct request *rq);

/* The package of an assignment, as Graph gave it in JSON; "" if it does not say. */
void look_package_of(const char *assignment, char ret[GUID_SIZE]);

/* The first assignment of the list that is the request's and stands (is neither expired nor
 * failed), or NULL. */
const cJSON *look_standing(const struct request *rq, const cJSON *list);

/* The first that is the request's and has ended, or NULL. */
const cJSON *look_ended(const struct request *rq, const cJSON *list);

/* The best match among requests, and which it was; *ret_item stays as it was where there is none.
 */
enum match look_best_match(const struct request *rq, const cJSON *list, const cJSON **ret_item);

/* The request's resource in the list, or NULL. */
const cJSON *look_resource(const struct request *rq, const cJSON *list);

/* Does Graph say that it was added since our intent? */
bool look_added_since_intent(const struct request *rq, const cJSON *resource);
