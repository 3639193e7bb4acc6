#include "windrow/sweep/record.hpp"

#include <stdexcept>

#include "windrow/kernel/bytes.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::sweep {

std::string_view to_string(PointStatus status) {
  switch (status) {
    case PointStatus::pending:
      return "pending";
    case PointStatus::running:
      return "running";
    case PointStatus::ok:
      return "ok";
    case PointStatus::saturated:
      return "saturated";
    case PointStatus::failed:
      return "failed";
    case PointStatus::skipped:
      return "skipped";
  }
  WINDROW_CHECK(false, "there is no point status {}", static_cast<int>(status));
}

void append_encoded(std::string& out, const PointRecord& record) {
  ByteWriter writer(out);
  writer.put(record.index);
  writer.put(record.status);
  writer.put(std::string_view(record.message));
  writer.put(std::string_view(record.output));
  const Provenance& provenance = record.provenance;
  writer.put(provenance.wall_s);
  writer.put(provenance.cpu_s);
  writer.put(provenance.finished_unix_s);
  writer.put(provenance.rank);
  writer.put(provenance.attempt);
  writer.put(std::string_view(provenance.host));
}

PointRecord take_record(std::string_view& bytes) {
  ByteReader reader(bytes);
  PointRecord record;
  record.index = reader.get<std::uint64_t>();
  record.status = reader.get<PointStatus>();
  if (record.status > kLastStatus) throw std::out_of_range("the byte string is no record of a point");
  record.message = reader.get_text();
  record.output = reader.get_text();
  Provenance& provenance = record.provenance;
  provenance.wall_s = reader.get<double>();
  provenance.cpu_s = reader.get<double>();
  provenance.finished_unix_s = reader.get<double>();
  provenance.rank = reader.get<std::uint32_t>();
  provenance.attempt = reader.get<std::uint32_t>();
  provenance.host = reader.get_text();
  bytes.remove_prefix(bytes.size() - reader.remaining());
  return record;
}

}  // namespace windrow::sweep
