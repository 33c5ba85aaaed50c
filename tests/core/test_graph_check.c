#include "tests/core/records.h"
#include "worker/core/graph_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* What the marks are once all members have been checked, or the code of the refusal. */
static const struct {
    enum kind kind;
    const char *data, *code, *beta, *v1;
} cases[] = {
    {KIND_ASSIGNMENT, "{}", "", "", ""},
    {KIND_ASSIGNMENT, "{\"requestType\":\"x\",\"justification\":\"y\",\"id\":1}", "", "", ""},
    {KIND_ASSIGNMENT, "{\"isValidationOnly\":true}", "", "", ""},
    {KIND_ASSIGNMENT, "{\"isValidationOnly\":true,\"assignment\":{}}", "", "", "data.assignment"},
    {KIND_ASSIGNMENT, "{\"requestState\":1,\"completedDate\":2}", "", "data.requestState", ""},
    {KIND_ASSIGNMENT, "{\"unknown\":1}", "", "", ""},
    {KIND_RESOURCE, "{\"catalog\":{\"id\":\"" GUID_A "\"}}", "", "", "data.catalog"},
    {KIND_RESOURCE, "{\"catalogId\":\"" GUID_A "\"}", "", "data.catalogId", ""},
    {KIND_ASSIGNMENT, "{\"accessPackageAssignment\":{\"status\":\"x\"}}", "mixedVersions",
     "data.accessPackageAssignment", "data.accessPackageAssignment.status"},
    {KIND_ASSIGNMENT, "{\"state\":1,\"requestState\":1}", "mixedVersions", "data.requestState",
     "data.state"},
    {KIND_RESOURCE, "{\"resource\":{\"url\":null}}", "mixedVersions", "data.resource.url",
     "data.resource"},
    {KIND_RESOURCE, "{\"resource\":{\"attributes\":[{},7]}}", "wrongType", "", "data.resource"},
};

static void names_say_the_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *data = cases[i].data;
        struct findings findings = {0};
        struct fault fault = {0};
        cJSON *tree = cJSON_ParseWithLength(data, strlen(data));
        assert_non_null(tree);
        bool good = true;
        for (const cJSON *item = tree->child; good && item != NULL; item = item->next) {
            const struct member *known =
                graph_member_find(graph_members(cases[i].kind), item->string);
            good = known == NULL || graph_member_check(known, item, &findings, &fault);
        }
        if (good != (cases[i].code[0] == '\0') || strcmp(fault.code, cases[i].code) != 0 ||
            strcmp(findings.marks[GRAPH_BETA], cases[i].beta) != 0 ||
            strcmp(findings.marks[GRAPH_V1], cases[i].v1) != 0)
            fail_msg("%s: `%s` %s; %s, %s", data, fault.code, fault.message,
                     findings.marks[GRAPH_BETA], findings.marks[GRAPH_V1]);
        if (!good && cases[i].beta[0] != '\0' &&
            (strstr(fault.message, cases[i].beta) == NULL ||
             strstr(fault.message, cases[i].v1) == NULL))
            fail_msg("%s does not name both", fault.message);
        cJSON_Delete(tree);
    }
}

static void a_catalog_is_found_inside(void **state)
{
    (void)state;
    static const char data[] = "{\"catalog\":{\"id\":\"" GUID_A "\",\"more\":1}}";
    struct findings findings = {0};
    struct fault fault = {0};
    cJSON *tree = cJSON_ParseWithLength(data, strlen(data));
    const struct member *known = graph_member_find(graph_members(KIND_RESOURCE), "catalog");
    assert_true(graph_member_check(known, tree->child, &findings, &fault));
    assert_string_equal(findings.items[SLOT_CATALOG_ID]->valuestring, GUID_A);
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_the_version),
        cmocka_unit_test(a_catalog_is_found_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
