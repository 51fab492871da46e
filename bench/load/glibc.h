/* What glibc's own build defines and nss_db and makedb need: included before each of their files, so that they
 * can be compiled on their own (nss_db.sh). */
#pragma once
#define _GNU_SOURCE 1
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define attribute_hidden __attribute__((visibility("hidden")))
#define libc_hidden_def(name)
#define libc_hidden_proto(name)
#define IS_IN(library) 0
#define NSS_DECLARE_MODULE_FUNCTIONS(service)
#define __glibc_likely(x) __builtin_expect(!!(x), 1)
#define __glibc_unlikely(x) __builtin_expect(!!(x), 0)
#define __set_errno(number) (errno = (number))
#define __open_nocancel open
#define __close_nocancel_nostatus close
#define __libc_lock_define(class, name) class pthread_mutex_t name;
#define __libc_lock_define_initialized(class, name) class pthread_mutex_t name = PTHREAD_MUTEX_INITIALIZER;
#define __libc_lock_lock(name) pthread_mutex_lock(&(name))
#define __libc_lock_unlock(name) pthread_mutex_unlock(&(name))
/* Declared by glibc for its own parsers only. */
struct parser_data;
