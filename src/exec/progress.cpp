#include "exec/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "exec/clock.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {
constexpr double kRateWindow_s = 10;

std::string rate_text(double per_s) {
  if (per_s >= 1000) return fmt::format("{:.0f}", per_s);
  return fmt::format("{:.{}f}", per_s, per_s >= 1 ? 1 : 3);
}
}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::fmin(std::fmax(seconds, 0), 1e15)));
  const std::uint64_t days = whole / 86400, hours = whole / 3600 % 24, minutes = whole / 60 % 60;
  if (days > 0) return fmt::format("{} d {:02}:{:02}", days, hours, minutes);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

Progress::Progress(const Options& options, std::uint64_t total, std::uint64_t done_before)
    : name_(options.name.empty() ? "" : options.name + "  "),
      total_(total),
      done_before_(done_before),
      quiet_(options.quiet),
      terminal_(::isatty(STDERR_FILENO) != 0),
      interval_s_(options.progress_interval_s > 0 ? options.progress_interval_s
                  : terminal_                     ? 0.5
                                                  : 10.0),
      next_s_(monotonic_s() + interval_s_) {
  history_.emplace_back(monotonic_s(), 0);
}

double Progress::rate(double now_s, std::uint64_t done) {
  history_.emplace_back(now_s, done);
  while (history_.size() > 2 && now_s - history_[1].first > kRateWindow_s) history_.pop_front();
  const auto [then_s, before] = history_.front();
  return now_s > then_s ? static_cast<double>(done - before) / (now_s - then_s) : 0;
}

void Progress::update(std::uint64_t done, std::uint64_t failed, std::optional<double> eta_s) {
  const double now_s = monotonic_s();
  if (quiet_ || now_s < next_s_) return;
  next_s_ = now_s + interval_s_;
  std::string line = fmt::format("{}{}/{} done", name_, done_before_ + done - failed, total_);
  if (failed > 0) line += fmt::format("  {} failed", failed);
  line += fmt::format("  {} points/s", rate_text(rate(now_s, done)));
  if (eta_s) line += "  ETA " + clock_text(*eta_s);
  print(line);
}

void Progress::note(const std::string& text) {
  if (quiet_) return;
  finish();
  tell(text);
}

void Progress::print(const std::string& line) {
  if (terminal_) {
    std::fputs(fmt::format("\r{}\x1b[K", line).c_str(), stderr);
    line_open_ = true;
  } else {
    tell(line);
  }
}

void Progress::finish() {
  if (line_open_) std::fputs("\r\x1b[K", stderr);
  line_open_ = false;
}

}  // namespace windrow::exec
