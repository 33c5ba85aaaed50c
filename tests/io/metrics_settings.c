#include "tests/io/metrics_settings.h"

#define ENTITLEMENT "/identityGovernance/entitlementManagement/"

const struct settings metrics_settings = {
    .kafka = {.group = "us\"her",
              .requests_topic = "access-requests",
              .replies_topic = "access-replies",
              .dead_letters_topic = "access-requests-dlt",
              .status_topic = "access-status"},
    .graph = {.base_url = "https://graph.example/beta",
              .beta_assignment_path = ENTITLEMENT "accessPackageAssignmentRequests",
              .beta_resource_path = ENTITLEMENT "accessPackageResourceRequests",
              .v1_assignment_path = ENTITLEMENT "assignmentRequests",
              .v1_resource_path = ENTITLEMENT "resourceRequests",
              .authority_host = "http://[::1]:8443",
              .identity_endpoint = "http://169.254.169.254/metadata/identity/oauth2/token",
              .submit_version = GRAPH_V1,
              .auth = AUTH_CLIENT_SECRET},
};
