#include "exec/protocol.hpp"

#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "windrow/kernel/bytes.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {

constexpr std::size_t kAssignHeaderBytes = sizeof(Kind) + sizeof(std::uint32_t);
constexpr std::size_t kResultsHeaderBytes = kAssignHeaderBytes + sizeof(double);

template <class T>
void overwrite(std::string& message, std::size_t at, T value) {
  std::memcpy(message.data() + at, &value, sizeof value);
}

ByteReader body_of(std::string_view message, Kind kind) {
  ByteReader reader(message);
  WINDROW_CHECK(reader.get<Kind>() == kind, "message of kind {} where {} was expected", int(message.front()),
                int(kind));
  return reader;
}

}  // namespace

Kind kind_of(std::string_view message) {
  return ByteReader(message).get<Kind>();
}

std::string message_of(Kind kind) {
  return std::string(1, static_cast<char>(kind));
}

std::string Setup::message() const {
  std::string message;
  ByteWriter writer(message);
  writer.put(Kind::setup);
  writer.put(simulator);
  writer.put(keep.tables);
  writer.put(keep.series);
  writer.put(limits.wall_s.value_or(-1.0));
  writer.put(limits.memory_bytes.value_or(0));
  writer.put(sandbox);
  writer.put(rank);
  return message;
}

Setup Setup::from(std::string_view message) {
  ByteReader reader = body_of(message, Kind::setup);
  Setup setup;
  setup.simulator = reader.get_text();
  setup.keep.tables = reader.get<std::uint64_t>();
  setup.keep.series = reader.get<std::uint64_t>();
  if (const auto wall_s = reader.get<double>(); wall_s > 0) setup.limits.wall_s = wall_s;
  if (const auto bytes = reader.get<std::uint64_t>(); bytes > 0) setup.limits.memory_bytes = bytes;
  setup.sandbox = reader.get<bool>();
  setup.rank = reader.get<std::uint32_t>();
  return setup;
}

AssignMessage::AssignMessage() : message_(kAssignHeaderBytes, '\0') {
  overwrite(message_, 0, Kind::assign);
}

void AssignMessage::add(std::uint64_t index, std::uint32_t attempt, std::string_view text) {
  ByteWriter writer(message_);
  writer.put(index);
  writer.put(attempt);
  writer.put(text);
  ++count_;
}

std::string AssignMessage::take() {
  overwrite(message_, sizeof(Kind), count_);
  return std::exchange(*this, {}).message_;
}

std::vector<Task> AssignMessage::tasks(std::string_view message) {
  ByteReader reader = body_of(message, Kind::assign);
  std::vector<Task> tasks(reader.get<std::uint32_t>());
  for (Task& task : tasks) {
    task.index = reader.get<std::uint64_t>();
    task.attempt = reader.get<std::uint32_t>();
    task.text = reader.get_text();
  }
  return tasks;
}

ResultsMessage::ResultsMessage() : message_(kResultsHeaderBytes, '\0') {
  overwrite(message_, 0, Kind::results);
}

void ResultsMessage::add(const sweep::PointRecord& record, double busy_s) {
  sweep::append_encoded(message_, record);
  ++count_;
  busy_s_ += busy_s;
}

std::string ResultsMessage::take() {
  overwrite(message_, sizeof(Kind), count_);
  overwrite(message_, kAssignHeaderBytes, busy_s_);
  return std::exchange(*this, {}).message_;
}

ResultsMessage::Header ResultsMessage::header(std::string_view message) {
  ByteReader reader = body_of(message, Kind::results);
  Header header{};
  header.count = reader.get<std::uint32_t>();
  header.busy_s = reader.get<double>();
  return header;
}

void ResultsMessage::read(std::string_view message, std::vector<sweep::PointRecord>& records) {
  const std::uint32_t count = header(message).count;
  message.remove_prefix(kResultsHeaderBytes);
  for (std::uint32_t i = 0; i < count; ++i) records.push_back(sweep::take_record(message));
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace windrow::exec
