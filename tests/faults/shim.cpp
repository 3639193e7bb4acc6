#include "faults/shim.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

namespace {

constexpr int kMostPath = PATH_MAX;

struct Plan {
  char folder[kMostPath] = "";
  long at = 0;
  bool forever = false;
  int error = 0;
};

Plan plan;
std::atomic<long> calls{0};
char struck_file[kMostPath] = "", echo_file[kMostPath] = "";
int lock_error = 0;
bool clock_jumps = false;

long number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

void copy_text(char* to, const char* from) {
  std::snprintf(to, kMostPath, "%s", from == nullptr ? "" : from);
}

__attribute__((constructor)) void read_environment() {
  copy_text(struck_file, std::getenv("FAULT_STRUCK"));
  copy_text(echo_file, std::getenv("FAULT_ECHO"));
  lock_error = static_cast<int>(number("FAULT_LOCKS"));
  clock_jumps = number("FAULT_CLOCK") != 0;
  if (const char* folder = std::getenv("FAULT_FOLDER"))
    fault_io(folder, number("FAULT_AT"), number("FAULT_FOREVER") != 0, static_cast<int>(number("FAULT_ERROR")));
}

/// The function of the C library that ours stands before.
template <class Function>
Function* real(const char* name, Function* /*ours*/) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(function)                                       \
  [] {                                                       \
    static auto* const found = real(#function, &::function); \
    return found;                                            \
  }()

bool in_folder(std::string_view path) {
  const std::string_view folder = plan.folder;
  return !folder.empty() && path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool in_folder_of_process(const char* path) {
  if (plan.folder[0] == '\0' || path == nullptr) return false;
  if (path[0] == '/') return in_folder(path);
  char absolute[kMostPath];
  if (::getcwd(absolute, sizeof absolute) == nullptr) return false;
  return in_folder(absolute) || std::string_view(absolute) == plan.folder;
}

std::string_view path_of(int descriptor, char (&buffer)[kMostPath]) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, buffer, sizeof buffer);
  return {buffer, length > 0 ? static_cast<std::size_t>(length) : 0};
}

bool in_folder(int descriptor) {
  if (plan.folder[0] == '\0') return false;
  char buffer[kMostPath];
  return in_folder(path_of(descriptor, buffer));
}

enum class Verdict { pass, fail, first_of_many };

/// Counts one call on the folder.
Verdict judge() {
  const long call = ++calls;
  if (plan.at == 0 || call < plan.at || (call > plan.at && !plan.forever)) return Verdict::pass;
  if (call == plan.at && struck_file[0] != '\0') ::close(REAL(open)(struck_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  errno = plan.error;
  return call == plan.at && plan.forever ? Verdict::first_of_many : Verdict::fail;
}

/// For calls of which nothing is left half done.
bool fails() {
  return judge() != Verdict::pass;
}

/// Writes what the verdict lets through.
template <class Write>
ssize_t write_some(int descriptor, std::size_t count, const Write& write) {
  if (!in_folder(descriptor)) return write(count);
  switch (judge()) {
    case Verdict::fail:
      return -1;
    case Verdict::first_of_many:
      if (count > 1) return write(count / 2);
      return -1;
    case Verdict::pass:
      break;
  }
  return write(count);
}

void echo(int descriptor, const void* bytes, ssize_t count) {
  if (echo_file[0] == '\0' || count <= 0) return;
  char buffer[kMostPath];
  if (!path_of(descriptor, buffer).ends_with(".journal")) return;
  static const int to = REAL(open)(echo_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  [[maybe_unused]] const ssize_t ignored = REAL(write)(to, bytes, static_cast<std::size_t>(count));
}

/// Up to three years to either side, another one at each look.
std::int64_t jump_s() {
  static std::atomic<std::uint64_t> looks{0};
  const std::uint64_t mixed = (++looks) * 0x9e3779b97f4a7c15U;
  return static_cast<std::int64_t>((mixed >> 32) % 200'000'000U) - 100'000'000;
}

int open_file(const char* path, int flags, mode_t mode, int (*next)(const char*, int, ...)) {
  if ((flags & O_CREAT) != 0 && in_folder_of_process(path) && fails()) return -1;
  return next(path, flags, mode);
}

bool is_lock(int command) {
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

}  // namespace

extern "C" {

void fault_io(const char* folder, long at, bool forever, int error) {
  copy_text(plan.folder, folder);
  plan.at = at;
  plan.forever = forever;
  plan.error = error;
  calls = 0;
}

long fault_io_calls() {
  return calls;
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_file(path, flags, mode, REAL(open));
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_file(path, flags, mode, REAL(open64));
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  const ssize_t written =
      write_some(descriptor, count, [&](std::size_t some) { return REAL(write)(descriptor, bytes, some); });
  echo(descriptor, bytes, written);
  return written;
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_some(descriptor, count, [&](std::size_t some) { return REAL(pwrite)(descriptor, bytes, some, offset); });
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  return write_some(descriptor, count,
                    [&](std::size_t some) { return REAL(pwrite64)(descriptor, bytes, some, offset); });
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t count, unsigned flags) {
  if (in_folder(to) && fails()) return -1;
  return REAL(copy_file_range)(from, from_offset, to, to_offset, count, flags);
}

int fsync(int descriptor) {
  return in_folder(descriptor) && fails() ? -1 : REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
  return in_folder(descriptor) && fails() ? -1 : REAL(fdatasync)(descriptor);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return in_folder(descriptor) && fails() ? -1 : REAL(ftruncate)(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  return in_folder(descriptor) && fails() ? -1 : REAL(ftruncate64)(descriptor, size);
}

int rename(const char* from, const char* to) noexcept {
  return in_folder_of_process(to) && fails() ? -1 : REAL(rename)(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return in_folder_of_process(path) && fails() ? -1 : REAL(mkdir)(path, mode);
}

int flock(int descriptor, int operation) noexcept {
  if (lock_error == 0) return REAL(flock)(descriptor, operation);
  errno = lock_error;
  return -1;
}

int fcntl(int descriptor, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (lock_error == 0 || !is_lock(command)) return REAL(fcntl)(descriptor, command, argument);
  errno = lock_error;
  return -1;
}

int fcntl64(int descriptor, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (lock_error == 0 || !is_lock(command)) return REAL(fcntl64)(descriptor, command, argument);
  errno = lock_error;
  return -1;
}

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const int status = REAL(clock_gettime)(clock, now);
  if (status == 0 && clock_jumps && clock == CLOCK_REALTIME) now->tv_sec += jump_s();
  return status;
}

int gettimeofday(timeval* now, void* zone) noexcept {
  const int status = REAL(gettimeofday)(now, zone);
  if (status == 0 && clock_jumps) now->tv_sec += jump_s();
  return status;
}

time_t time(time_t* now) noexcept {
  const time_t seconds = REAL(time)(nullptr) + (clock_jumps ? jump_s() : 0);
  if (now != nullptr) *now = seconds;
  return seconds;
}
}
