/* aliases.c - the name lies in the very buffer that the answer goes to, as in getpwnam(pw->pw_name) where no other
 * service has written there before; what is too small or not found leaves the name as it was. */
#include "host.h"

static char buffer[256];

static enum nss_status ask(const char *name, size_t at, size_t length, struct passwd *user, int *error) {
    memset(buffer, 'x', sizeof buffer);
    strcpy(buffer + at, name);
    return door_by_name(buffer + at, user, buffer, length, error);
}

int main(void) {
    struct passwd user;
    int error;
    open_doors();
    for (size_t at = 0; at < 64; at++) {
        CHECK(ask("ada", at, sizeof buffer, &user, &error) == NSS_STATUS_SUCCESS);
        CHECK(user.pw_uid == 70001 && !strcmp(user.pw_name, "ada") && !strcmp(user.pw_shell, "/bin/sh"));
        CHECK(ask("ada", at, 20, &user, &error) == NSS_STATUS_TRYAGAIN && error == ERANGE);
        CHECK(!strcmp(buffer + at, "ada"));
        CHECK(ask("nemo", at, sizeof buffer, &user, &error) == NSS_STATUS_UNAVAIL);
        CHECK(!strcmp(buffer + at, "nemo"));
    }
    return 0;
}
