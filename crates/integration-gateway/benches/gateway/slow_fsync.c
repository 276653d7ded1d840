/* Preloaded into a gateway: every fsync costs SLOW_FSYNC_US more, as on a disk that is not next door. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec delay;

__attribute__((constructor)) static void read_delay(void)
{
    const char *text = getenv("SLOW_FSYNC_US");
    long us = text ? atol(text) : 0;
    delay.tv_sec = us / 1000000;
    delay.tv_nsec = us % 1000000 * 1000;
}

int fsync(int fd)
{
    nanosleep(&delay, NULL);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    nanosleep(&delay, NULL);
    return (int)syscall(SYS_fdatasync, fd);
}
