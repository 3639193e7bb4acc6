// A terminal that is drawn anew in place, and left as it was.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace windrow::cli {

/// While it lives: stdout shows the alternate screen if it is a terminal, and SIGINT, SIGTERM and SIGHUP end a wait
/// instead of the process, so that the destructor can put everything back.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  static bool on_terminal();
  std::size_t width() const;
  std::size_t height() const;
  void draw(const std::vector<std::string>& lines) const;
  /// Until `seconds` have passed, the window has another size, or a signal asks for the end: then false.
  bool wait(double seconds) const;
};

}  // namespace windrow::cli
