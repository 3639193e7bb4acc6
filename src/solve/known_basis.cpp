#include "solve/known_basis.hpp"

#include <algorithm>
#include <tuple>

namespace windrow::solve {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

void KnownBasis::sort_by_name(const RowNames& names, std::vector<Row>& rows) {
  rows.clear();
  for (std::size_t i = 0; i < names.kind.size(); ++i) rows.push_back({names.kind[i], names.job[i], i});
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return std::tie(a.kind, a.job) < std::tie(b.kind, b.job); });
}

void KnownBasis::keep(const RowNames& names, const std::vector<Way>& ways, const Basis& basis) {
  sort_by_name(names, rows_);
  there_ = true;
  theta_ = basis.theta;
  type_ = basis.type;
  time_ = basis.time;
  demand_ = basis.demand;
  ways_.clear();
  for (const std::size_t j : basis.ways) {
    const Way& way = ways[j];
    ways_.push_back(
        {at(way.first), way.second == kNobody ? at(way.first) : at(way.second), way.type, way.pair == kNobody});
  }
}

bool KnownBasis::recall(const RowNames& names, const std::vector<Way>& ways, std::size_t types, Basis& basis) {
  if (!there_ || type_.size() != types) return false;
  sort_by_name(names, asked_);
  basis.theta = theta_;
  basis.type = type_;
  basis.time.assign(names.kind.size(), 1);
  basis.demand.assign(names.kind.size(), 1);
  row_now_.assign(rows_.size(), kNobody);
  const auto take = [&](const Row& now, const Row& before) {
    row_now_[before.row] = static_cast<int>(now.row);
    basis.time[now.row] = time_[before.row];
    basis.demand[now.row] = demand_[before.row];
  };
  std::vector<Row> come, gone;
  for (std::size_t a = 0, b = 0; a < asked_.size() || b < rows_.size();) {
    const std::size_t kind =
        std::min(a < asked_.size() ? asked_[a].kind : Labels::kNone, b < rows_.size() ? rows_[b].kind : Labels::kNone);
    const auto here = [&](const std::vector<Row>& rows, std::size_t i) {
      return i < rows.size() && rows[i].kind == kind;
    };
    come.clear();
    gone.clear();
    while (here(asked_, a) || here(rows_, b)) {
      if (!here(rows_, b) || (here(asked_, a) && asked_[a].job < rows_[b].job))
        come.push_back(asked_[a++]);
      else if (!here(asked_, a) || rows_[b].job < asked_[a].job)
        gone.push_back(rows_[b++]);
      else
        take(asked_[a++], rows_[b++]);
    }
    for (std::size_t i = 0; i < std::min(come.size(), gone.size()); ++i) take(come[i], gone[i]);
  }
  basis.ways.clear();
  const auto place = [](const Way& way) {
    return std::tuple(way.pair != kNobody, way.first, way.second == kNobody ? way.first : way.second, way.type);
  };
  for (const BasicWay& way : ways_) {
    auto [first, second] = std::minmax(row_now_[way.first], row_now_[way.second]);
    if (first == kNobody) continue;
    const std::tuple wanted(!way.alone, first, second, way.type);
    const auto found =
        std::lower_bound(ways.begin(), ways.end(), wanted, [&](const Way& a, const auto& b) { return place(a) < b; });
    if (found != ways.end() && place(*found) == wanted)
      basis.ways.push_back(static_cast<std::size_t>(found - ways.begin()));
  }
  std::sort(basis.ways.begin(), basis.ways.end());
  return true;
}

}  // namespace windrow::solve
