// Traces of spot instances: who was there when, and what that says about the process behind it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::workload {

/// An instance that comes, or is taken away.
struct SpotTraceEvent {
  std::int64_t time_ms = 0;
  bool added = true;
  int instance = 0;  ///< in order of the additions in the file, from 0
};

struct SpotTrace {
  std::vector<SpotTraceEvent> events;  ///< in order of the file
  std::vector<std::string> names;      ///< of the instances
};

/// A number of instances at a moment, or of those that were lost then.
struct TimedCount {
  std::int64_t time_s = 0;  ///< since 1970-01-01 UTC
  std::int64_t count = 0;
};

/// Who goes when a trace of counts says that there are fewer.
enum class Victim : std::uint8_t { oldest, youngest, random };

/// Rows `time_ms,add|remove,name` without header (a name is added before it is removed; it may come again). Throws
/// InputError with all problems, one `path:line: what` each.
SpotTrace parse_spot_trace(std::string_view text, const std::string& source);

/// Rows `timestamp,count` under a header, times in ISO 8601, UTC; or the lines `date, time, count` of Google Cloud
/// logs, where each count is logged several times and times step back: the first line of each new count is taken, in
/// order of the file. Throws InputError likewise.
std::vector<TimedCount> parse_counts(std::string_view text, const std::string& source);

/// The same of a list of terminations, `timestamp,number`, in whichever order.
std::vector<TimedCount> parse_terminations(std::string_view text, const std::string& source);

/// Instances that come and go as the counts say, from time 0 on. `seed`: of Victim::random.
SpotTrace events_of_counts(std::span<const TimedCount> counts, Victim victim, std::uint64_t seed = 0);

/// A trace of either kind; of counts the oldest go.
SpotTrace read_spot_trace(const std::string& path);

/// One row per event, as parse_spot_trace takes it.
std::string to_text(const SpotTrace& trace);

struct PricePoint {
  double time_s = 0, usd_per_h = 0;
};
/// Rows `seconds,usd_per_h`, times ascending, prices above 0; a header is passed over. Throws InputError likewise.
std::vector<PricePoint> parse_prices(std::string_view text, const std::string& source);
std::vector<PricePoint> read_prices(const std::string& path);

/// What the Bamboo project's notebook takes from a trace of counts and a list of terminations, to the digit.
struct SpotStatistics {
  double minutes = 0;  ///< from the first count to the last
  std::int64_t changes = 0, termination_rows = 0, terminations = 0, addition_rows = 0, additions = 0;
  std::int64_t drop_rows = 0, drops = 0;           ///< of the count: need not agree with the terminations
  double interval_mean_s = 0, interval_std_s = 0;  ///< between any two changes: what the notebook calls MTTP (N11)
  double time_to_preemption_s = 0;                 ///< minutes over termination rows
  double preemptions_per_min = 0, additions_per_min = 0;
  double preemption_chance_per_min = 0, addition_chance_per_min = 0;
  double big_probability = 0, regular_probability = 0;  ///< of an addition of more than 10 instances, or not
  double regular_mean = 0, regular_std = 0;
  double preemption_mean = 0, preemption_std = 0;
};
/// Without a list of terminations the drops of the count are taken.
SpotStatistics statistics_of(std::span<const TimedCount> counts, std::span<const TimedCount> terminations);

}  // namespace windrow::workload
