#include "cli/screen.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <ctime>

namespace windrow::cli {

namespace {

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t ending = 0;

void on_end(int) {
  ending = 1;
}
void on_resize(int) {}

void handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);  // and no SA_RESTART: a wait is to end
  ::sigaction(signal_number, &action, nullptr);
}

winsize window() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    size.ws_col = 80;
    size.ws_row = 24;
  }
  return size;
}

}  // namespace

bool Screen::on_terminal() {
  return ::isatty(STDOUT_FILENO) != 0;
}

Screen::Screen() {
  ending = 0;
  for (const int number : kEnding) handle(number, on_end);
  handle(SIGWINCH, on_resize);
  if (on_terminal()) fmt::print("\033[?1049h\033[?25l");  // alternate screen, no cursor
}

Screen::~Screen() {
  if (on_terminal()) fmt::print("\033[?25h\033[?1049l");
  std::fflush(stdout);
  for (const int number : kEnding) handle(number, SIG_DFL);
  handle(SIGWINCH, SIG_DFL);
}

std::size_t Screen::width() const {
  return window().ws_col;
}

std::size_t Screen::height() const {
  return window().ws_row;
}

void Screen::draw(const std::vector<std::string>& lines) const {
  std::string frame = "\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) frame += fmt::format("{}{}\033[K", i > 0 ? "\r\n" : "", lines[i]);
  fmt::print("{}\033[J", frame);  // in one write: no flicker
  std::fflush(stdout);
}

bool Screen::wait(double seconds) const {
  // The signals come only in here, so that none falls between the question and the wait.
  sigset_t held, before;
  sigemptyset(&held);
  for (const int number : kEnding) sigaddset(&held, number);
  ::sigprocmask(SIG_BLOCK, &held, &before);
  if (ending == 0) {
    const double whole = std::floor(seconds);
    const timespec time{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
    ::pselect(0, nullptr, nullptr, nullptr, &time, &before);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return ending == 0;
}

}  // namespace windrow::cli
