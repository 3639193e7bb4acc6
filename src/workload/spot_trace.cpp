#include "windrow/workload/spot_trace.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/exact.hpp"
#include "windrow/kernel/streams.hpp"
#include "windrow/kernel/text.hpp"
#include "workload/lines.hpp"

namespace windrow::workload {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Days from 1970-01-01 in the Gregorian calendar.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t shifted = year - (month <= 2 ? 1 : 0);  // years begin in March: the leap day is the last
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719468;
}

/// `2021-07-26T18:42:00Z` or with a space instead of the T; UTC.
std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() != 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t length) {
    const std::string_view digits = text.substr(at, length);
    const bool whole = digits.find_first_not_of("0123456789") == std::string_view::npos;
    return whole ? parse_int64(digits).value_or(-1) : -1;
  };
  const std::int64_t year = part(0, 4), month = part(5, 2), day = part(8, 2);
  const std::int64_t hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 59)
    return std::nullopt;
  return ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

class TraceParser {
 public:
  explicit TraceParser(const std::string& source) : problems_(source) {}

  SpotTrace parse(std::string_view text) {
    for_each_line(text, problems_, [this](int number, std::string_view line) { read(number, line); });
    if (problems_.empty()) check_order();
    if (trace_.events.empty() && problems_.empty())
      problems_.add(1, "expected rows time_ms,add|remove,name, found none");
    problems_.throw_if_any();
    return std::move(trace_);
  }

 private:
  void read(int number, std::string_view line) {
    if (trimmed(line).empty()) return;
    split(line, ',', fields_);
    if (fields_.size() != 3)
      return problems_.add(number, "expected 3 fields time_ms,add|remove,name, found {}", fields_.size());
    constexpr std::int64_t kMost = 1'000'000'000'000;
    const auto time = parse_int64(trimmed(fields_[0]));
    if (!time || *time < 0 || *time > kMost)
      return problems_.add(number, "time_ms: expected an integer within 0 .. 1e+12, found '{}'", fields_[0]);
    const std::string_view what = trimmed(fields_[1]);
    if (what != "add" && what != "remove") {
      const std::vector<std::string> known = {"add", "remove"};
      return problems_.add(number, "unknown event '{}'{} (add or remove)", what, did_you_mean(what, known));
    }
    const std::string name(trimmed(fields_[2]));
    if (name.empty()) return problems_.add(number, "name: expected the name of an instance, found nothing");
    rows_.push_back({*time, what == "add", name, number});
  }

  /// In order of time, additions first, the names say who is meant.
  void check_order() {
    std::vector<std::size_t> order(rows_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return rows_[a].time != rows_[b].time ? rows_[a].time < rows_[b].time : rows_[a].added && !rows_[b].added;
    });
    for (const Row& row : rows_) {
      trace_.events.push_back({row.time, row.added, -1});
      if (!row.added) continue;
      trace_.events.back().instance = static_cast<int>(trace_.names.size());
      trace_.names.push_back(row.name);
    }
    std::map<std::string, int> alive;
    for (const std::size_t i : order) {
      const Row& row = rows_[i];
      const auto found = alive.find(row.name);
      if (row.added) {
        if (found != alive.end()) problems_.add(row.number, "'{}' is added, but it is there already", row.name);
        alive[row.name] = trace_.events[i].instance;
      } else if (found == alive.end()) {
        problems_.add(row.number, "'{}' is removed, but it is not there", row.name);
      } else {
        trace_.events[i].instance = found->second;
        alive.erase(found);
      }
    }
  }

  struct Row {
    std::int64_t time;
    bool added;
    std::string name;
    int number;
  };
  LineProblems problems_;
  std::vector<std::string_view> fields_;
  std::vector<Row> rows_;
  SpotTrace trace_;
};

class CountParser {
 public:
  enum class Order { ascending, any };
  CountParser(const std::string& source, Order order) : problems_(source), order_(order) {}

  std::vector<TimedCount> parse(std::string_view text) {
    for_each_line(text, problems_, [this](int number, std::string_view line) { read(number, line); });
    if (counts_.empty() && problems_.empty()) problems_.add(1, "expected rows timestamp,count, found none");
    problems_.throw_if_any();
    return std::move(counts_);
  }

 private:
  void read(int number, std::string_view line) {
    if (trimmed(line).empty()) return;
    split(line, ',', fields_);
    for (std::string_view& field : fields_) field = trimmed(field);
    if (number == 1 && fields_.size() == 2 && fields_[0] == "timestamp") return;
    const bool log = fields_.size() == 3;
    if (!log && fields_.size() != 2)
      return problems_.add(number, "expected timestamp,count or date, time, count, found {} fields", fields_.size());
    const std::string stamp = log ? fmt::format("{} {}", fields_[0], fields_[1]) : std::string(fields_[0]);
    const auto time = parse_time(stamp);
    if (!time) return problems_.add(number, "expected a time as 2021-07-26T18:42:00Z, found '{}'", stamp);
    constexpr std::int64_t kMost = 1'000'000;
    const auto count = parse_int64(fields_.back());
    if (!count || *count < 0 || *count > kMost)
      return problems_.add(number, "expected a number of instances within 0 .. 1e+06, found '{}'", fields_.back());
    if (log && !counts_.empty() && counts_.back().count == *count) return;
    if (order_ == Order::ascending && !counts_.empty() && *time < counts_.back().time_s)
      return problems_.add(number, "times go back, from the row before to '{}'", stamp);
    counts_.push_back({*time, *count});
  }

  LineProblems problems_;
  Order order_;
  std::vector<std::string_view> fields_;
  std::vector<TimedCount> counts_;
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double mean_of(const std::vector<std::int64_t>& values) {
  return values.empty() ? kNan : exact_mean(values);
}
double deviation_of(const std::vector<std::int64_t>& values) {
  return values.size() < 2 ? kNan : exact_deviation(values);
}

}  // namespace

SpotTrace parse_spot_trace(std::string_view text, const std::string& source) {
  return TraceParser(source).parse(text);
}

std::vector<TimedCount> parse_counts(std::string_view text, const std::string& source) {
  return CountParser(source, CountParser::Order::ascending).parse(text);
}

std::vector<TimedCount> parse_terminations(std::string_view text, const std::string& source) {
  return CountParser(source, CountParser::Order::any).parse(text);
}

SpotTrace events_of_counts(std::span<const TimedCount> counts, Victim victim, std::uint64_t seed) {
  Stream random = Streams(seed).stream("victim");
  SpotTrace trace;
  std::vector<int> alive;  // the oldest first
  for (const TimedCount& row : counts) {
    const std::int64_t time_ms = (row.time_s - counts.front().time_s) * 1000;
    while (static_cast<std::int64_t>(alive.size()) < row.count) {
      alive.push_back(static_cast<int>(trace.names.size()));
      trace.names.push_back(fmt::format("node{}", trace.names.size() + 1));
      trace.events.push_back({time_ms, true, alive.back()});
    }
    while (static_cast<std::int64_t>(alive.size()) > row.count) {
      const std::size_t at = victim == Victim::oldest     ? 0
                             : victim == Victim::youngest ? alive.size() - 1
                                                          : static_cast<std::size_t>(random.below(alive.size()));
      trace.events.push_back({time_ms, false, alive[at]});
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return trace;
}

SpotTrace read_spot_trace(const std::string& path) {
  const std::string text = read_text_file(path);
  // A time in ms has no separators within: by that the two kinds are told apart.
  const std::string_view first = std::string_view(text).substr(0, text.find(','));
  const bool counts = first == "timestamp" || first.find('-') != std::string_view::npos;
  return counts ? events_of_counts(parse_counts(text, path), Victim::oldest) : parse_spot_trace(text, path);
}

std::vector<PricePoint> parse_prices(std::string_view text, const std::string& source) {
  LineProblems problems(source);
  std::vector<PricePoint> prices;
  std::vector<std::string_view> fields;
  for_each_line(text, problems, [&](int number, std::string_view line) {
    if (trimmed(line).empty()) return;
    split(line, ',', fields);
    if (fields.size() != 2) return problems.add(number, "expected seconds,usd_per_h, found {} fields", fields.size());
    const auto time = parse_double(trimmed(fields[0])), price = parse_double(trimmed(fields[1]));
    if (number == 1 && !time && !price) return;
    constexpr double kMost = 1e9;
    if (!time || !(*time >= 0 && *time <= kMost))
      return problems.add(number, "seconds: expected a number within 0 .. 1e+09, found '{}'", fields[0]);
    if (!price || !(*price > 0 && *price <= kMost))
      return problems.add(number, "usd_per_h: expected a number above 0, found '{}'", fields[1]);
    if (!prices.empty() && *time <= prices.back().time_s)
      return problems.add(number, "seconds: expected more than in the row before, found {}", fields[0]);
    prices.push_back({*time, *price});
  });
  if (prices.empty() && problems.empty()) problems.add(1, "expected rows seconds,usd_per_h, found none");
  problems.throw_if_any();
  return prices;
}

std::vector<PricePoint> read_prices(const std::string& path) {
  return parse_prices(read_text_file(path), path);
}

std::string to_text(const SpotTrace& trace) {
  std::string text;
  for (const SpotTraceEvent& event : trace.events)
    text += fmt::format("{},{},{}\n", event.time_ms, event.added ? "add" : "remove",
                        trace.names[static_cast<std::size_t>(event.instance)]);
  return text;
}

SpotStatistics statistics_of(std::span<const TimedCount> counts, std::span<const TimedCount> terminations) {
  constexpr std::int64_t kBig = 10;
  SpotStatistics s;
  std::vector<std::int64_t> intervals, regular, lost;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    intervals.push_back(counts[i].time_s - counts[i - 1].time_s);
    const std::int64_t difference = counts[i].count - counts[i - 1].count;
    if (difference > 0) {
      ++s.addition_rows;
      s.additions += difference;
      if (difference <= kBig) regular.push_back(difference);
    } else if (difference < 0) {
      ++s.drop_rows;
      s.drops -= difference;
      if (terminations.empty()) lost.push_back(-difference);
    }
  }
  for (const TimedCount& row : terminations) lost.push_back(row.count);
  for (const std::int64_t number : lost) s.terminations += number;
  s.termination_rows = static_cast<std::int64_t>(lost.size());
  s.changes = static_cast<std::int64_t>(intervals.size());
  s.minutes = counts.empty() ? 0 : static_cast<double>(counts.back().time_s - counts.front().time_s) / 60;
  s.interval_mean_s = mean_of(intervals);
  s.interval_std_s = deviation_of(intervals);
  const auto per = [](std::int64_t number, double whole) { return static_cast<double>(number) / whole; };
  s.time_to_preemption_s = s.minutes * 60 / static_cast<double>(s.termination_rows);
  s.preemptions_per_min = per(s.terminations, s.minutes);
  s.additions_per_min = per(s.additions, s.minutes);
  s.preemption_chance_per_min = per(s.termination_rows, s.minutes);
  s.addition_chance_per_min = per(s.addition_rows, s.minutes);
  const auto rows = static_cast<double>(s.addition_rows);
  s.regular_probability = static_cast<double>(regular.size()) / rows;
  s.big_probability = (rows - static_cast<double>(regular.size())) / rows;
  s.regular_mean = mean_of(regular);
  s.regular_std = deviation_of(regular);
  s.preemption_mean = mean_of(lost);
  s.preemption_std = deviation_of(lost);
  return s;
}

}  // namespace windrow::workload
