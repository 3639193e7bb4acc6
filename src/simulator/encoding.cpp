#include <stdexcept>

#include "windrow/kernel/bytes.hpp"
#include "windrow/simulator/output.hpp"

namespace windrow {
namespace {

/// A flag for "kept", then each column: number of rows, values. Types and widths are the declaration's.
void put(ByteWriter& writer, const std::vector<TableData>& tables) {
  for (const TableData& table : tables) {
    writer.put(static_cast<std::uint8_t>(!table.columns.empty()));
    for (const ColumnData& column : table.columns) {
      if (const auto* reals = std::get_if<std::vector<double>>(&column)) {
        writer.put(std::span<const double>(*reals));
      } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column)) {
        writer.put(std::span<const std::int64_t>(*integers));
      } else {
        const auto& texts = std::get<std::vector<std::string>>(column);
        writer.put(static_cast<std::uint32_t>(texts.size()));
        for (const std::string& text : texts) writer.put(std::string_view(text));
      }
    }
  }
}

ColumnData get_column(ByteReader& reader, ColumnType type) {
  switch (type) {
    case ColumnType::real: {
      std::vector<double> reals;
      reader.get_into<double>(reals);
      return reals;
    }
    case ColumnType::integer: {
      std::vector<std::int64_t> integers;
      reader.get_into<std::int64_t>(integers);
      return integers;
    }
    case ColumnType::text:
      break;
  }
  std::vector<std::string> texts;
  // No reserve: the number is not to be trusted until the texts are there.
  for (auto count = reader.get<std::uint32_t>(); count > 0; --count) texts.emplace_back(reader.get_text());
  return texts;
}

template <class T>
std::vector<TableData> get_tables(ByteReader& reader, const std::vector<const T*>& declared) {
  std::vector<TableData> tables(declared.size());
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const auto kept = reader.get<std::uint8_t>();
    if (kept > 1) throw std::invalid_argument("a result's table is neither kept nor left out");
    if (kept == 0) continue;
    for (const Column& column : declared[i]->columns) {
      tables[i].columns.push_back(get_column(reader, column.type));
      const std::size_t rows = std::visit([](const auto& values) { return values.size(); }, tables[i].columns.back());
      if (rows != tables[i].rows()) throw std::invalid_argument("a result's table has columns of unequal length");
    }
  }
  return tables;
}

/// All that stands before the tables.
void get_scalars(ByteReader& reader, PointOutput& output, const Description& description) {
  const auto outcome = reader.get<std::uint8_t>();
  if (outcome > static_cast<std::uint8_t>(Outcome::stopped)) throw std::invalid_argument("a result of unknown outcome");
  output.outcome = static_cast<Outcome>(outcome);
  output.message = reader.get_text();
  reader.get_into<double>(output.metrics);
  if (output.metrics.size() != description.metrics.size())
    throw std::invalid_argument("a result with another number of metrics than declared");
}

}  // namespace

std::string encode(const PointOutput& output) {
  std::string bytes;
  bytes.reserve(16 + output.message.size() + 8 * output.metrics.size());
  ByteWriter writer(bytes);
  writer.put(output.outcome);
  writer.put(std::string_view(output.message));
  writer.put(std::span<const double>(output.metrics));
  put(writer, output.tables);
  put(writer, output.series);
  return bytes;
}

PointOutput decode_output(std::string_view bytes, const Description& description) {
  ByteReader reader(bytes);
  PointOutput output;
  get_scalars(reader, output, description);
  output.tables = get_tables(reader, description.tables);
  output.series = get_tables(reader, description.series);
  if (reader.remaining() != 0) throw std::invalid_argument("a result with bytes to spare");
  return output;
}

std::vector<double> decode_metrics(std::string_view bytes, const Description& description) {
  ByteReader reader(bytes);
  PointOutput output;
  get_scalars(reader, output, description);
  return std::move(output.metrics);
}

}  // namespace windrow
