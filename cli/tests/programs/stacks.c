/* Asks the real libpam what stacks give: argv[1] is a folder of services, each line of standard input the name of
   one. Prints for each the number that pam_authenticate gives, or that pam_start gives where nothing starts.
   Nothing leaves the program: whom libpam would tell of it stands here with empty hands. */
#include <errno.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void syslog(int priority, const char *format, ...) { (void)priority, (void)format; }
void __syslog_chk(int priority, int flag, const char *format, ...) { (void)priority, (void)flag, (void)format; }
void vsyslog(int priority, const char *format, va_list list) { (void)priority, (void)format, (void)list; }
void __vsyslog_chk(int priority, int flag, const char *format, va_list list) {
    (void)priority, (void)flag, (void)format, (void)list;
}

/* As where the kernel has no audit. */
int audit_open(void) {
    errno = EINVAL;
    return -1;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    (void)messages, (void)data;
    *responses = calloc((size_t)count, sizeof **responses);
    return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int asked(const char *folder, const char *service) {
    struct pam_conv conversation = {converse, NULL};
    pam_handle_t *handle = NULL;
    int status = pam_start_confdir(service, "nobody", &conversation, folder, &handle);
    if (status != PAM_SUCCESS)
        return status;
    status = pam_authenticate(handle, PAM_SILENT);
    pam_end(handle, status);
    return status;
}

int main(int count, char **words) {
    char service[256];
    if (count != 2)
        return 2;
    while (fgets(service, sizeof service, stdin)) {
        service[strcspn(service, "\n")] = 0;
        printf("%d\n", asked(words[1], service));
    }
    return 0;
}
