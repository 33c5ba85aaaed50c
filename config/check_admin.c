#include <string.h>

#include "config/say.h"

void check_admin(struct loader *loader)
{
    const struct settings *settings = loader->settings;
    const char *actions = settings->admin.actions_listen, *token = settings->admin.token;

    if (token[0] != '\0' && strlen(token) < ADMIN_TOKEN_MIN) {
        loader_say(
            loader, false, "admin.token",
            "is shorter than %d characters, so it could be guessed; make one with openssl rand "
            "-hex 32",
            ADMIN_TOKEN_MIN);
    }
    if (actions[0] == '\0') {
        return;
    }
    if (token[0] == '\0' && settings->admin.token_file[0] == '\0') {
        loader_say(
            loader, false, "admin.actions_listen",
            "needs admin.token_file, or whoever reaches it could replay and pause; make one with "
            "openssl rand -hex 32");
    }
    if (strcmp(actions, settings->admin.listen) == 0) {
        loader_say(loader, false, "admin.actions_listen",
                   "is the same address as admin.listen; actions need a port of their own");
    }
}
