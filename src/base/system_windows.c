/* SPDX-License-Identifier: Apache-2.0 */
/* Files, memory and the environment of Windows. Its functions with wide characters are called, so that paths are
 * UTF-8 whatever the code page of the host program. */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>

#include "base/memory.h"

const char tuff_system_home[] = "USERPROFILE";
const char tuff_system_cache_home[] = "LOCALAPPDATA";

/* Windows moves at most this many bytes at once. */
enum { LARGEST_TRANSFER = 1 << 30 };

/* The C library's number for the last failure of Windows, in errno. */
static bool fail(void) {
    static const struct {
        DWORD code;
        int number;
    } rows[] = {
        { ERROR_FILE_NOT_FOUND, ENOENT },    { ERROR_PATH_NOT_FOUND, ENOENT },
        { ERROR_ACCESS_DENIED, EACCES },     { ERROR_SHARING_VIOLATION, EACCES },
        { ERROR_USER_MAPPED_FILE, EACCES },  { ERROR_DISK_FULL, ENOSPC },
        { ERROR_NOT_ENOUGH_MEMORY, ENOMEM }, { ERROR_COMMITMENT_LIMIT, ENOMEM },
        { ERROR_ALREADY_EXISTS, EEXIST },    { ERROR_INVALID_NAME, ENOENT },
    };
    DWORD code = GetLastError();
    errno = EIO;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            errno = rows[i].number;
    return false;
}

/* In a block of tuff_alloc; NULL on failure. */
static wchar_t *widen(const char *text) {
    wchar_t *wide = NULL;
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    if (count <= 0) {
        errno = EILSEQ;
        return NULL;
    }
    if (tuff_alloc((size_t)count, sizeof *wide, &wide) == TUFF_OK)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, count);
    else
        errno = ENOMEM;
    return wide;
}

int tuff_system_open(const char *path, enum tuff_system_access access) {
    static const int flags[] = {
        [TUFF_SYSTEM_READ] = _O_RDONLY,
        [TUFF_SYSTEM_WRITE] = _O_WRONLY,
        [TUFF_SYSTEM_REPLACE] = _O_WRONLY | _O_CREAT | _O_TRUNC,
        [TUFF_SYSTEM_APPEND] = _O_WRONLY | _O_CREAT | _O_APPEND,
    };
    wchar_t *wide = widen(path);
    int descriptor = wide ? _wopen(wide, flags[access] | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE) : -1;
    tuff_free(wide);
    return descriptor;
}

int tuff_system_copy(int descriptor) {
    return _dup(descriptor);
}

bool tuff_system_close(int descriptor) {
    return _close(descriptor) == 0;
}

bool tuff_system_regular_size(int descriptor, size_t *out_size) {
    struct _stat64 info;
    if (_fstat64(descriptor, &info) != 0 || (info.st_mode & _S_IFMT) != _S_IFREG)
        return false;
    *out_size = (size_t)info.st_size;
    return true;
}

ptrdiff_t tuff_system_read(int descriptor, void *data, size_t size) {
    return _read(descriptor, data, (unsigned)(size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER));
}

ptrdiff_t tuff_system_write(int descriptor, const void *data, size_t size) {
    return _write(descriptor, data, (unsigned)(size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER));
}

bool tuff_system_flush(int descriptor) {
    HANDLE file = (HANDLE)_get_osfhandle(descriptor);
    return GetFileType(file) != FILE_TYPE_DISK || FlushFileBuffers(file) || fail();
}

const void *tuff_system_map(int descriptor, size_t size) {
    HANDLE mapping = CreateFileMappingW((HANDLE)_get_osfhandle(descriptor), NULL, PAGE_READONLY, 0, 0, NULL);
    const void *data = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, size) : NULL;
    if (!data)
        fail();
    if (mapping)
        CloseHandle(mapping); /* the view holds it */
    return data;
}

void tuff_system_unmap(const void *data, size_t size) {
    (void)size;
    UnmapViewOfFile(data);
}

/* Of pages that are not locked, VirtualUnlock says so and takes them out of the working set. */
void tuff_system_release(const void *data, size_t size) {
    VirtualUnlock((void *)(uintptr_t)data, size);
}

size_t tuff_system_page_size(void) {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

enum tuff_system_kind tuff_system_kind(const char *path) {
    wchar_t *wide = widen(path);
    DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    tuff_free(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return TUFF_SYSTEM_NOTHING;
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? TUFF_SYSTEM_FOLDER
           : attributes & FILE_ATTRIBUTE_DEVICE  ? TUFF_SYSTEM_OTHER
                                                 : TUFF_SYSTEM_REGULAR;
}

bool tuff_system_make_folder(const char *path) {
    wchar_t *wide = widen(path);
    bool is_made = wide && (CreateDirectoryW(wide, NULL) || fail());
    tuff_free(wide);
    return is_made;
}

bool tuff_system_rename(const char *from, const char *to) {
    wchar_t *wide_from = widen(from);
    wchar_t *wide_to = widen(to);
    bool is_done =
        wide_from && wide_to &&
        (MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) || fail());
    tuff_free(wide_from);
    tuff_free(wide_to);
    return is_done;
}

void tuff_system_remove(const char *path) {
    wchar_t *wide = widen(path);
    if (wide)
        DeleteFileW(wide);
    tuff_free(wide);
}

static void take_wide_name(const wchar_t *wide, void (*take)(void *user, const char *name), void *user) {
    char name[3 * MAX_PATH];
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, name, sizeof name, NULL, NULL) > 0)
        take(user, name);
}

void tuff_system_list(const char *folder, void (*take)(void *user, const char *name), void *user) {
    char *pattern = NULL;
    WIN32_FIND_DATAW found;
    if (tuff_format(&pattern, "%s\\*", folder) != TUFF_OK)
        return;
    wchar_t *wide = widen(pattern);
    HANDLE search = wide ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;
    tuff_free(wide);
    tuff_free(pattern);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do
        take_wide_name(found.cFileName, take, user);
    while (FindNextFileW(search, &found));
    FindClose(search);
}

/* Links to files are rare here, and need a right of their own. */
char *tuff_system_real_path(const char *path) {
    (void)path;
    return NULL;
}

tuff_status tuff_system_variable(const char *name, char **out_value) {
    *out_value = NULL;
    wchar_t *wide = widen(name);
    const wchar_t *value = wide ? _wgetenv(wide) : NULL;
    tuff_free(wide);
    int size = value && value[0] ? WideCharToMultiByte(CP_UTF8, 0, value, -1, NULL, 0, NULL, NULL) : 0;
    if (size <= 0)
        return TUFF_OK;
    TUFF_TRY(tuff_alloc((size_t)size, 1, out_value));
    WideCharToMultiByte(CP_UTF8, 0, value, -1, *out_value, size, NULL, NULL);
    return TUFF_OK;
}

/* "C:\folder", "C:/folder" or "\\server\folder". */
bool tuff_system_is_absolute(const char *path) {
    bool has_drive = path[0] != '\0' && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
    return has_drive || (path[0] == '\\' && path[1] == '\\');
}

uint32_t tuff_system_process(void) {
    return GetCurrentProcessId();
}

bool tuff_system_process_runs(uint32_t process) {
    HANDLE handle = OpenProcess(SYNCHRONIZE, FALSE, process);
    if (!handle)
        return GetLastError() != ERROR_INVALID_PARAMETER;
    bool is_over = WaitForSingleObject(handle, 0) == WAIT_OBJECT_0; /* kept by somebody's handle alone */
    CloseHandle(handle);
    return !is_over;
}

uint64_t tuff_system_memory_size(void) {
    MEMORYSTATUSEX memory = { .dwLength = sizeof memory };
    return GlobalMemoryStatusEx(&memory) ? memory.ullTotalPhys : 0;
}
