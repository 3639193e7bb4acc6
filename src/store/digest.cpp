#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "windrow/kernel/bytes.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {
namespace {

constexpr std::uint64_t kBlockRows = 8192;

// There is one "undefined": the sign of a NaN says which instruction made it, nothing else.
void put_real(ByteWriter& out, double value) {
  out.put(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

void put_table(ByteWriter& out, const TableData& table) {
  out.put(static_cast<std::uint8_t>(!table.columns.empty()));
  for (const ColumnData& column : table.columns) {
    out.put(static_cast<std::uint8_t>(column.index()));
    std::visit(
        [&](const auto& values) {
          out.put(static_cast<std::uint64_t>(values.size()));
          for (const auto& value : values) {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, double>)
              put_real(out, value);
            else if constexpr (std::is_same_v<Value, std::string>)
              out.put(std::string_view(value));
            else
              out.put(value);
          }
        },
        column);
  }
}

std::string heading(const Reader& reader) {
  std::string text = "windrow digest 1\n" + reader.attributes().simulator + "\n";
  for (const Reader::MetricInfo& metric : reader.metrics()) text += "metric " + metric.name + "\n";
  for (const auto* kind : {&reader.tables(), &reader.series()}) {
    for (const Reader::TableInfo& table : *kind) {
      text += "table " + table.name + "\n";
      for (const std::string& column : table.columns) text += "column " + column + "\n";
    }
  }
  return text;
}

}  // namespace

Digest128 digest(const Reader& reader) {
  struct Entry {
    Digest128 id, result;
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> entries;
  std::vector<std::vector<double>> metrics(reader.metrics().size());
  std::string bytes;
  for (std::uint64_t first = 0; first < reader.rows(); first += kBlockRows) {
    const std::uint64_t count = std::min(kBlockRows, reader.rows() - first);
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      metrics[m].resize(count);
      reader.metric(m, first, metrics[m]);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      const sweep::PointStatus status = reader.statuses()[first + i];
      if (!has_result(status) && status != sweep::PointStatus::failed) continue;
      bytes.clear();
      ByteWriter out(bytes);
      out.put(status);
      if (status != sweep::PointStatus::failed) {
        for (const std::vector<double>& metric : metrics) put_real(out, metric[i]);
        for (std::size_t t = 0; t < reader.tables().size(); ++t) put_table(out, reader.table(t, first + i));
        for (std::size_t t = 0; t < reader.series().size(); ++t) put_table(out, reader.series_of(t, first + i));
      }
      entries.push_back({reader.point_id(first + i), digest128(bytes)});
    }
  }
  std::sort(entries.begin(), entries.end());
  Sha512 hash;
  hash.update(heading(reader));
  for (const Entry& entry : entries) {
    bytes.clear();
    ByteWriter out(bytes);
    for (const std::uint64_t word : {entry.id.high, entry.id.low, entry.result.high, entry.result.low}) out.put(word);
    hash.update(bytes);
  }
  return hash.finish128();
}

}  // namespace windrow::store
