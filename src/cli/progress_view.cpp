#include "cli/progress_view.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <tuple>

#include "cli/command.hpp"
#include "cli/summary.hpp"
#include "cli/table.hpp"

namespace windrow::cli {

using enum sweep::PointStatus;

namespace {

constexpr double kMinute_s = 60;
constexpr std::size_t kFewResults = 100, kManyResults = 2000;
constexpr std::size_t kBriefSlowest = 3, kBriefWorkers = 8, kMostValues = 12, kMostCounted = 1000;
constexpr std::size_t kReportWidth = 110;

bool has_ended(sweep::PointStatus status) {
  return status == ok || status == saturated || status == failed;
}

std::string time_text(double unix_s) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

std::string share_text(std::uint64_t done, std::uint64_t all) {
  // Rounded down: 100 % is when all is done.
  return all == 0
             ? "100 %"
             : fmt::format("{:.1f} %", std::floor(1000.0 * static_cast<double>(done) / static_cast<double>(all)) / 10);
}

}  // namespace

std::optional<double> recent_rate(std::vector<Completion> results, double now_unix_s) {
  const auto later = [](const Completion& a, const Completion& b) { return a.finished_unix_s > b.finished_unix_s; };
  if (results.size() > kManyResults) {
    std::nth_element(results.begin(), results.begin() + kManyResults, results.end(), later);
    results.resize(kManyResults);
  }
  std::sort(results.begin(), results.end(), later);
  double begin_s = now_unix_s, previous_s = now_unix_s, longest_s = 0;
  std::size_t count = 0;
  for (const Completion& result : results) {
    if (count >= kFewResults && result.finished_unix_s < now_unix_s - kMinute_s) break;
    longest_s = std::max(longest_s, result.wall_s);
    if (count > 0 && previous_s - result.finished_unix_s > std::max(kMinute_s, 3 * longest_s)) break;
    previous_s = result.finished_unix_s;
    begin_s = std::min(begin_s, result.finished_unix_s - result.wall_s);
    ++count;
  }
  if (count == 0 || begin_s >= now_unix_s) return std::nullopt;
  return static_cast<double>(count) / (now_unix_s - begin_s);
}

std::string bar_text(std::uint64_t done, std::uint64_t all, std::size_t width) {
  const std::size_t full =
      all == 0
          ? width
          : static_cast<std::size_t>(static_cast<double>(width) * static_cast<double>(done) / static_cast<double>(all));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < full ? "━" : "╌";
  return bar;
}

std::string cut(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::string out;
  std::size_t used = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins && ++used >= width) break;
    out += c;
  }
  return width == 0 ? "" : out + "…";
}

const std::vector<AxisNumbers::Axis>& AxisNumbers::of(const store::Reader& file) {
  if (counted_ == &file) return axes_;
  counted_ = &file;
  axes_.clear();
  for (const auto& axis : file.axes()) {
    std::map<sweep::AxisValue, std::uint32_t> index;
    for (const sweep::AxisValue& value : axis.values) {
      index.try_emplace(value, 0);
      if (index.size() > kMostCounted) break;
    }
    if (index.size() < 2 || index.size() > kMostCounted) continue;
    Axis numbered{axis.name, {}, {}};
    for (auto& [value, number] : index) {
      number = static_cast<std::uint32_t>(numbered.values.size());
      numbered.values.push_back(value);
    }
    numbered.of_row.reserve(axis.values.size());
    for (const sweep::AxisValue& value : axis.values) numbered.of_row.push_back(index.at(value));
    axes_.push_back(std::move(numbered));
  }
  return axes_;
}

ProgressView::ProgressView(const store::Progress& progress, AxisNumbers& numbers, const std::string& path,
                           double now_unix_s)
    : progress_(progress),
      axes_(numbers.of(progress.file())),
      path_(path),
      now_unix_s_(now_unix_s),
      being_written_(progress.being_written()) {
  std::vector<Completion> results;
  for (const store::Progress::Row& row : progress.rows()) {
    ++by_status_[static_cast<std::size_t>(row.status)];
    if (!has_ended(row.status)) continue;
    wall_s_ += row.wall_s;
    latest_unix_s_ = std::max(latest_unix_s_, row.finished_unix_s);
    if (being_written_) results.push_back({row.finished_unix_s, row.wall_s});
  }
  if (being_written_) rate_ = recent_rate(std::move(results), now_unix_s);
}

int ProgressView::exit_status() const {
  if (left() > 0) return kStoppedEarly;
  return count(failed) > 0 ? kSomeFailed : kAllDone;
}

ProgressView::Block ProgressView::heading() const {
  const auto& attributes = progress_.file().attributes();
  const std::uint64_t all = asked_for();
  Block block{fmt::format("{}: sweep {} of simulator {} (version {}), by windrow {} ({})", path_, attributes.sweep_name,
                          attributes.simulator, attributes.simulator_version, attributes.program_version,
                          attributes.git_commit),
              fmt::format("{} of {} points done: {} ok, {} saturated, {} failed, {} pending; {}", done(), all,
                          count(ok), count(saturated), count(failed), left(),
                          being_written_  ? "a run is writing it now"
                          : done() == all ? "complete"
                                          : "no run is writing it: `windrow run` goes on where it stopped")};
  if (count(skipped) > 0)
    block.push_back(
        fmt::format("{} more that the rules of the sweep have not asked for", counted(count(skipped), "point")));
  if (latest_unix_s_ > 0)
    block.push_back(
        fmt::format("{} of simulation so far; latest result at {}", duration_text(wall_s_), time_text(latest_unix_s_)));
  return block;
}

ProgressView::Block ProgressView::progress_bar(std::size_t width) const {
  const std::uint64_t all = asked_for(), ended = all - left();
  std::string after = share_text(ended, all);
  if (rate_ && *rate_ > 0) {
    const double to_go_s = std::ceil(static_cast<double>(left()) / *rate_);
    after += fmt::format("  {} points/s", short_number(*rate_));
    if (left() > 0)
      after += fmt::format("  about {} to go, until {}", duration_text(to_go_s), time_text(now_unix_s_ + to_go_s));
  }
  const std::size_t used = width_of(after) + 2;
  return {fmt::format("{}  {}", bar_text(ended, all, width > used + 10 ? width - used : 10), after)};
}

std::vector<ProgressView::Block> ProgressView::axes(bool all) const {
  struct Tally {
    std::uint64_t done = 0, failed = 0, all = 0;
  };
  std::vector<Block> blocks;
  std::size_t fewest = SIZE_MAX;
  for (const AxisNumbers::Axis& axis : axes_) fewest = std::min(fewest, axis.values.size());
  for (const AxisNumbers::Axis& axis : axes_) {
    if (!all && (axis.values.size() > fewest || !blocks.empty())) continue;
    std::vector<Tally> tallies(axis.values.size());
    for (std::size_t row = 0; row < axis.of_row.size(); ++row) {
      Tally& tally = tallies[axis.of_row[row]];
      const sweep::PointStatus status = progress_.rows()[row].status;
      if (status == skipped) continue;
      ++tally.all;
      if (status == ok || status == saturated) ++tally.done;
      if (status == failed) ++tally.failed;
    }
    TextTable table({axis.name, "done", "of", "", "failed"});
    for (std::size_t number = 0; number < std::min(kMostValues, tallies.size()); ++number) {
      const Tally& tally = tallies[number];
      table.add({sweep::to_text(axis.values[number]), std::to_string(tally.done), std::to_string(tally.all),
                 bar_text(tally.done + tally.failed, tally.all, 20),
                 tally.failed > 0 ? std::to_string(tally.failed) : ""});
    }
    Block block = table.lines(2);
    if (tallies.size() > kMostValues) block.push_back(fmt::format("  … and {} more", tallies.size() - kMostValues));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

ProgressView::Block ProgressView::slowest(std::size_t most) const {
  const auto& rows = progress_.rows();
  std::vector<std::uint64_t> ended;
  for (std::uint64_t row = 0; row < rows.size(); ++row)
    if (has_ended(rows[row].status)) ended.push_back(row);
  const std::size_t count = std::min(most, ended.size());
  std::partial_sort(ended.begin(), ended.begin() + static_cast<std::ptrdiff_t>(count), ended.end(),
                    [&](std::uint64_t a, std::uint64_t b) {
                      return rows[a].wall_s != rows[b].wall_s ? rows[a].wall_s > rows[b].wall_s : a < b;
                    });
  if (count == 0) return {};
  TextTable table({"slowest", "took", "on"});
  for (std::size_t i = 0; i < count; ++i) {
    const auto& row = rows[ended[i]];
    const auto& worker = progress_.workers()[row.worker];
    table.add({label_of(progress_.file(), ended[i]), duration_text(row.wall_s),
               fmt::format("{} rank {}", worker.host, worker.rank)});
  }
  return table.lines(2);
}

ProgressView::Block ProgressView::load(std::size_t most) const {
  struct Load {
    std::uint64_t points = 0;
    double busy_s = 0;
  };
  const auto& workers = progress_.workers();
  std::vector<Load> loads(workers.size());
  for (const auto& row : progress_.rows()) {
    if (!has_ended(row.status)) continue;
    ++loads[row.worker].points;
    loads[row.worker].busy_s += row.wall_s;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < loads.size(); ++i)
    if (loads[i].points > 0) order.push_back(i);
  if (order.empty()) return {};
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(workers[a].host, workers[a].rank) < std::tie(workers[b].host, workers[b].rank);
  });
  TextTable table({"host", "rank", "points", "busy"});
  for (std::size_t i = 0; i < std::min(most, order.size()); ++i)
    table.add({workers[order[i]].host, std::to_string(workers[order[i]].rank), std::to_string(loads[order[i]].points),
               duration_text(loads[order[i]].busy_s)});
  Block block = table.lines(2);
  if (order.size() > most) block.push_back(fmt::format("  … and {} more", counted(order.size() - most, "rank")));
  return block;
}

ProgressView::Block ProgressView::failures(std::size_t most) const {
  Block block;
  for (std::uint64_t row = 0; row < progress_.rows().size() && block.size() < most; ++row)
    if (progress_.rows()[row].status == failed)
      block.push_back(fmt::format("failed: {}: {}", label_of(progress_.file(), row), progress_.failure(row)));
  if (count(failed) > block.size() && !block.empty())
    block.push_back(fmt::format("… and {} more", counted(count(failed) - block.size(), "failed point")));
  return block;
}

std::vector<ProgressView::Block> ProgressView::report() const {
  std::vector<Block> blocks{heading()};
  if (left() > 0) blocks.push_back(progress_bar(kReportWidth));
  for (Block& block : axes(false)) blocks.push_back(std::move(block));
  blocks.push_back(slowest(kBriefSlowest));
  blocks.push_back(load(kBriefWorkers));
  blocks.push_back(failures(SIZE_MAX));
  std::erase_if(blocks, [](const Block& block) { return block.empty(); });
  return blocks;
}

std::vector<std::string> ProgressView::screen(std::size_t width, std::size_t height) const {
  std::vector<Block> blocks{heading(), progress_bar(width)};
  // Most of a window is for the axes; failures, which are to be acted on, come first.
  blocks.push_back(failures(std::max<std::size_t>(2, height / 6)));
  for (Block& block : axes(true)) blocks.push_back(std::move(block));
  blocks.push_back(load(std::max<std::size_t>(4, height / 4)));
  blocks.push_back(slowest(5));
  std::vector<std::string> lines;
  for (const Block& block : blocks) {
    if (block.empty()) continue;
    if (!lines.empty()) lines.emplace_back();
    for (std::string line : block) {
      std::replace(line.begin(), line.end(), '\n', ' ');  // a message may have several lines
      lines.push_back(cut(line, width));
    }
  }
  if (lines.size() > height) {
    lines.resize(height);
    if (height > 0) lines.back() = "…";
  }
  return lines;
}

}  // namespace windrow::cli
