// windrow: reads the command's name, makes what it needs, and turns exceptions into exit statuses.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "cli/catalog.hpp"
#include "cli/command.hpp"
#include "cli/help.hpp"
#include "windrow/exec/run.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow_version.hpp"

namespace windrow::cli {
namespace {

/// Whoever starts a program without some of these would have the next file that it opens written to as its output.
void open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
}

int main_of(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--version" || name == "version") {
    fmt::print("windrow {} ({})\n", WINDROW_VERSION, WINDROW_COMMIT);
    return kAllDone;
  }
  if (name.empty() || name == "--help" || name == "-h") {
    print_usage(name.empty() ? stderr : stdout);
    return name.empty() ? kBadInput : kAllDone;
  }
  const Command& command = command_named(name);
  if (command.launches) ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is no reason to end a sweep
  const Catalog catalog = make_catalog();
  std::optional<exec::Launch> launch;
  if (command.launches) {
    launch.emplace(argc, argv, catalog);
    if (!launch->is_master()) {
      launch->serve();
      return kAllDone;
    }
  }
  return command.run(Context{catalog, {argv + 2, argv + argc}, launch ? &*launch : nullptr});
}

}  // namespace
}  // namespace windrow::cli

int main(int argc, char** argv) {
  using windrow::tell;
  windrow::cli::open_standard_descriptors();
#ifdef __GLIBC__
  // Linear programs are made and thrown away thousands of times a second: giving their memory back to the system each
  // time costs a fifth of the time of a policy that packs.
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
  try {
    const int status = windrow::cli::main_of(argc, argv);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    if (errno == EPIPE) return status;  // nobody wanted the rest
    tell(fmt::format("windrow: the output could not be written: {}", std::strerror(errno)));
    return std::max<int>(status, windrow::cli::kSomeFailed);  // a script must not take a part for the whole
  } catch (const windrow::InputError& error) {
    tell(error.what());
    return windrow::cli::kBadInput;
  } catch (const std::exception& error) {
    tell(fmt::format("windrow: {}", error.what()));
    return windrow::cli::kSomeFailed;
  }
}
