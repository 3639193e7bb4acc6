// windrow status: its blocks, its rate, and --watch on a terminal (a pseudoterminal of the test's own) and in a pipe.
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "cli/progress_view.hpp"
#include "support/process.hpp"

namespace windrow {
namespace {

using test::Finished;
using test::Process;
using test::TemporaryFolder;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// `count` results of a second each, one a second, up to `last`.
std::vector<cli::Completion> steady(double last, int count) {
  std::vector<cli::Completion> results;
  for (int i = 0; i < count; ++i) results.push_back({last - i, 1});
  return results;
}

TEST(Rate, IsThatOfTheLastMinuteOrHundredAndForgetsWhatWasBeforeAPause) {
  EXPECT_FALSE(cli::recent_rate({}, 1000));
  EXPECT_DOUBLE_EQ(*cli::recent_rate(steady(1000, 10), 1000), 1);
  EXPECT_DOUBLE_EQ(*cli::recent_rate(steady(1000, 5000), 1000), 1);
  EXPECT_DOUBLE_EQ(*cli::recent_rate({{1000, 500}, {1000, 500}}, 1000), 2.0 / 500) << "long points, two at a time";
  EXPECT_DOUBLE_EQ(*cli::recent_rate(steady(990, 10), 1000), 0.5) << "ten in twenty seconds: it has come to a halt";
  std::vector<cli::Completion> resumed = steady(1000, 10);
  for (const cli::Completion& before : steady(100, 50)) resumed.push_back(before);
  EXPECT_DOUBLE_EQ(*cli::recent_rate(resumed, 1000), 1);
  std::reverse(resumed.begin(), resumed.end());
  EXPECT_DOUBLE_EQ(*cli::recent_rate(resumed, 1000), 1);
}

TEST(ProgressView, BarsAreFullOnlyAtTheEndAndTextsAreCutBetweenCharacters) {
  EXPECT_EQ(cli::bar_text(1, 2, 4), "━━╌╌");
  EXPECT_EQ(cli::bar_text(999, 1000, 4), "━━━╌");
  EXPECT_EQ(cli::bar_text(2, 2, 4), "━━━━");
  EXPECT_EQ(cli::cut("häuser", 6), "häuser");
  EXPECT_EQ(cli::cut("häuser", 3), "hä…");
  EXPECT_EQ(cli::cut("häuser", 1), "…");
}

/// Sixteen points of a tenth of a second, two of which fail.
constexpr const char* kSlow =
    "name: slow\nsimulator: empty\nset: {fail: throw, fail_seed: 3}\naxes:\n  work_s: [0.1, 0.11]\n"
    "  seed: {from: 0, count: 8}\n";

class Status : public testing::Test {
 protected:
  Finished windrow(std::vector<std::string> arguments) { return test::windrow(std::move(arguments), folder_.path()); }
  void SetUp() override { folder_.write("s.yaml", kSlow); }
  TemporaryFolder folder_;
};

TEST_F(Status, HasABlockForEachQuestion) {
  EXPECT_EQ(windrow({"run", "s.yaml", "--quiet"}).status, 1);
  const std::string text = windrow({"status", "results/slow.h5"}).out;
  EXPECT_TRUE(has(text,
                  "\n  work_s  done  of                        failed\n"
                  "     0.1     7   8  ━━━━━━━━━━━━━━━━━━━━       1\n"
                  "    0.11     7   8  ━━━━━━━━━━━━━━━━━━━━       1\n"))
      << text;
  EXPECT_TRUE(has(text, "\n  slowest ")) << text;
  EXPECT_TRUE(has(text, "\n  work_s=0.11 seed=")) << text;
  EXPECT_TRUE(has(text, "\n  host ")) << text;
  EXPECT_TRUE(has(text, "\nfailed: work_s=0.1 seed=3: failed as asked: fail is throw\nfailed: work_s=0.11 ")) << text;
  EXPECT_EQ(windrow({"status", "results/slow.h5", "--quiet"}).status, 1) << "nothing is left, but two failed";
}

TEST_F(Status, WatchInAPipeReportsUntilTheRunHasEnded) {
  Process run({WINDROW_PROGRAM, "run", "s.yaml", "-j", "1", "--quiet"}, folder_.path());
  while (run.running() && ::access(folder_.file("results/slow.h5").c_str(), R_OK) != 0) ::usleep(1000);
  const Finished watch = windrow({"status", "results/slow.h5", "--watch", "--interval", "0.2"});
  EXPECT_EQ(run.wait().status, 1);
  EXPECT_EQ(watch.status, 1) << "as the run";
  EXPECT_EQ(watch.err, "");
  EXPECT_FALSE(has(watch.out, "\033")) << "nothing for a terminal";
  EXPECT_TRUE(has(watch.out, "a run is writing it now")) << watch.out;
  EXPECT_TRUE(has(watch.out, " points/s  about ")) << watch.out;
  EXPECT_TRUE(has(watch.out, "14 of 16 points done: 14 ok, 0 saturated, 2 failed, 0 pending; no run")) << watch.out;
}

/// `windrow status --watch` on a terminal of 20 lines of 60 characters.
class Terminal {
 public:
  explicit Terminal(const std::string& folder) {
    winsize size{20, 60, 0, 0};
    pid_ = ::forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      if (::chdir(folder.c_str()) == 0)
        ::execl(WINDROW_PROGRAM, WINDROW_PROGRAM, "status", "results/slow.h5", "--watch", "--interval", "0.2", nullptr);
      ::_exit(99);
    }
  }
  ~Terminal() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
    ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Reads on until that is there; what was read in all.
  const std::string& read_until(const std::function<bool(const std::string&)>& there) {
    while (!there(text_)) {
      pollfd waiting{master_, POLLIN, 0};
      char bytes[4096];
      if (::poll(&waiting, 1, 30'000) <= 0) break;
      const ssize_t got = ::read(master_, bytes, sizeof bytes);
      if (got <= 0) break;
      text_.append(bytes, static_cast<std::size_t>(got));
    }
    return text_;
  }
  std::string rest() {
    return read_until([](const std::string&) { return false; });
  }
  void resize(unsigned short lines, unsigned short columns) const {
    const winsize size{lines, columns, 0, 0};
    ::ioctl(master_, TIOCSWINSZ, &size);
  }
  void press_control_c() const { EXPECT_EQ(::write(master_, "\x03", 1), 1); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int master_ = -1;
  std::string text_;
};

constexpr const char* kEnter = "\033[?1049h\033[?25l";
constexpr const char* kLeave = "\033[?25h\033[?1049l";

/// The frames that were drawn, as lists of lines.
std::vector<std::vector<std::string>> frames_of(const std::string& text) {
  std::vector<std::vector<std::string>> frames;
  for (std::size_t at = text.find("\033[H"); at != std::string::npos;) {
    const std::size_t end = text.find("\033[J", at);
    if (end == std::string::npos) break;
    std::vector<std::string> lines;
    std::string frame = text.substr(at + 3, end - at - 3);
    for (std::size_t cut = frame.find("\033[K"); cut != std::string::npos; cut = frame.find("\033[K")) {
      lines.push_back(frame.substr(0, cut));
      frame.erase(0, cut + 3);
      frame.erase(0, std::min<std::size_t>(frame.find_first_not_of("\r\n"), frame.size()));
    }
    frames.push_back(lines);
    at = text.find("\033[H", end);
  }
  return frames;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

TEST_F(Status, WatchOnATerminalDrawsInPlaceFollowsTheWindowAndLeavesItAsItWas) {
  Process run({WINDROW_PROGRAM, "run", "s.yaml", "-j", "1", "--quiet"}, folder_.path());
  while (run.running() && ::access(folder_.file("results/slow.h5").c_str(), R_OK) != 0) ::usleep(1000);
  Terminal terminal(folder_.path());
  terminal.read_until([](const std::string& text) { return frames_of(text).size() >= 2; });
  terminal.resize(8, 40);
  const std::string text = terminal.rest();
  EXPECT_EQ(terminal.wait(), 1) << "as the run";
  EXPECT_EQ(run.wait().status, 1);
  EXPECT_EQ(text.find(kEnter), 0U);
  const auto frames = frames_of(text);
  ASSERT_GE(frames.size(), 3U);
  for (const auto& frame : frames) {
    EXPECT_LE(frame.size(), 20U);
    for (const std::string& line : frame) EXPECT_LE(code_points(line), 60U) << line;
  }
  EXPECT_LE(frames.back().size(), 8U);
  for (const std::string& line : frames.back()) EXPECT_LE(code_points(line), 40U) << line;
  const std::size_t left = text.find(kLeave);
  ASSERT_NE(left, std::string::npos);
  EXPECT_TRUE(has(text.substr(left), "14 of 16 points done")) << "the last state stays on the terminal";
}

TEST_F(Status, ControlCEndsAWatchAndNotTheRun) {
  Process run({WINDROW_PROGRAM, "run", "s.yaml", "-j", "1", "--quiet"}, folder_.path());
  while (run.running() && ::access(folder_.file("results/slow.h5").c_str(), R_OK) != 0) ::usleep(1000);
  Terminal terminal(folder_.path());
  terminal.read_until([](const std::string& text) { return !frames_of(text).empty(); });
  terminal.press_control_c();
  const std::string text = terminal.rest();
  EXPECT_EQ(terminal.wait(), 3) << "the sweep is not done";
  EXPECT_TRUE(has(text, kLeave)) << text;
  EXPECT_EQ(run.wait().status, 1);
}

}  // namespace
}  // namespace windrow
