/* SPDX-License-Identifier: Apache-2.0 */
/* tuff.manifest makes UTF-8 the code page of the program, so that arguments and the C library's paths are. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <sys/stat.h>
#include <windows.h>

void system_start(void) {
    /* Lines end as they do everywhere else, and arrays are written as they are. */
    for (int place = STANDARD_INPUT; place <= STANDARD_ERROR; place++)
        _setmode(place, _O_BINARY);
    SetConsoleOutputCP(CP_UTF8);
    DWORD mode = 0; /* the progress bar moves the cursor */
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    if (GetConsoleMode(console, &mode))
        SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

static void (*on_interrupt)(int number);

static BOOL WINAPI on_console(DWORD event) {
    (void)event;
    on_interrupt(SIGINT);
    return TRUE;
}

void system_on_interrupt(void (*handler)(int number)) {
    if (!on_interrupt)
        SetConsoleCtrlHandler(on_console, TRUE);
    on_interrupt = handler;
}

int system_open(const char *path) {
    return _open(path, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}

void system_close(int descriptor) {
    _close(descriptor);
}

ptrdiff_t system_read(int descriptor, void *data, size_t size) {
    return _read(descriptor, data, (unsigned)size);
}

/* Windows opens none. */
bool system_is_folder_open(int descriptor) {
    (void)descriptor;
    return false;
}

bool system_is_terminal(int descriptor) {
    return _isatty(descriptor) != 0;
}

FILE *system_create(const char *path) {
    int descriptor =
        _open(path, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
    return descriptor < 0 ? NULL : _fdopen(descriptor, "wb");
}

int system_descriptor(FILE *stream) {
    return _fileno(stream);
}

bool system_is_folder(const char *path) {
    DWORD attributes = GetFileAttributesA(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

bool system_is_replaceable(const char *path) {
    DWORD attributes = GetFileAttributesA(path);
    return attributes == INVALID_FILE_ATTRIBUTES ||
           !(attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE));
}

char *system_real_path(const char *path) {
    return _fullpath(NULL, path, 0);
}

bool system_rename(const char *from, const char *to) {
    if (MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING))
        return true;
    errno = EACCES;
    return false;
}

void system_remove(const char *path) {
    DeleteFileA(path);
}

unsigned system_process(void) {
    return GetCurrentProcessId();
}

double system_seconds(void) {
    return (double)GetTickCount64() * 1e-3;
}
