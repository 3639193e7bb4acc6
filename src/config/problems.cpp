#include "windrow/config/problems.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "windrow/kernel/error.hpp"

namespace windrow::config {

std::string Position::text() const {
  if (!source) return "";
  return line > 0 ? fmt::format("{}:{}:{}", *source, line, column) : *source;
}

std::string Problem::line() const {
  std::string line = position.text();
  for (const std::string* part : {&key, &text}) {
    if (part->empty()) continue;
    if (!line.empty()) line += ": ";
    line += *part;
  }
  return line;
}

void Problems::add(Position position, std::string key, std::string text) {
  problems_.push_back({std::move(position), std::move(key), std::move(text)});
}

std::string Problems::text() const {
  std::unordered_map<std::string, std::size_t> order_of_source;
  std::vector<std::tuple<std::size_t, int, int, const Problem*>> order;
  for (const Problem& problem : problems_) {
    const Position& at = problem.position;
    const auto [source, _] = order_of_source.try_emplace(at.source ? *at.source : "", order_of_source.size());
    order.emplace_back(source->second, at.line, at.column, &problem);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
           std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b));
  });

  std::string text;
  std::unordered_set<std::string> written;
  for (const auto& entry : order) {
    const Problem& problem = *std::get<3>(entry);
    const std::string line = problem.line();
    if (!written.insert(line).second) continue;
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

void Problems::throw_if_any() const {
  if (!empty()) throw InputError(text());
}

}  // namespace windrow::config
