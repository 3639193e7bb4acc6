// What master, workers and sandboxes tell one another. A message is a byte string that begins with its kind; the same
// bytes go over sockets and over MPI, and a sandbox's results pass through its worker as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/exec/run.hpp"
#include "windrow/sweep/record.hpp"

namespace windrow::exec {

enum class Kind : std::uint8_t {
  setup,    ///< master → worker → sandbox: what all points of this run have in common
  assign,   ///< master → worker → sandbox: points to run, after those assigned before
  drop,     ///< master → worker: forget what was assigned; finished results still come, then `dropped`
  end,      ///< master → worker: nothing more will come
  results,  ///< sandbox → worker → master: records of points
  dropped,  ///< worker → master: nothing is running
  bye,      ///< worker → master: its last message, after `end`
};

/// Throws std::out_of_range if there is none.
Kind kind_of(std::string_view message);
std::string message_of(Kind kind);

struct Setup {
  std::string simulator;
  Keep keep;
  Limits limits;
  bool sandbox = true;
  std::uint32_t rank = 0;  ///< of the worker, for provenance

  std::string message() const;
  static Setup from(std::string_view message);
};

struct Task {
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  std::string text;  ///< canonical configuration
};

/// Collects tasks into one message.
class AssignMessage {
 public:
  AssignMessage();
  void add(std::uint64_t index, std::uint32_t attempt, std::string_view text);
  std::uint32_t count() const { return count_; }
  std::size_t bytes() const { return message_.size(); }
  std::string take();
  static std::vector<Task> tasks(std::string_view message);

 private:
  std::string message_;
  std::uint32_t count_ = 0;
};

/// Collects records into one message.
class ResultsMessage {
 public:
  ResultsMessage();
  /// `busy_s`: time spent in the simulator, whatever became of it.
  void add(const sweep::PointRecord& record, double busy_s);
  std::uint32_t count() const { return count_; }
  std::size_t bytes() const { return message_.size(); }
  /// The message; the object is as new.
  std::string take();

  struct Header {
    std::uint32_t count;
    double busy_s;
  };
  static Header header(std::string_view message);
  /// Appends the records.
  static void read(std::string_view message, std::vector<sweep::PointRecord>& records);

 private:
  std::string message_;
  std::uint32_t count_ = 0;
  double busy_s_ = 0;
};

/// The name of this machine.
std::string host_name();

}  // namespace windrow::exec
