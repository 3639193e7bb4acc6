// Problems of the user's input, collected so that all of them are reported at once.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace windrow::config {

/// Where a value was written. `source` is the file as the user named it, or the flag as typed (`--set jobs.count=x`),
/// which has no line. Lines and columns count from 1; 0 means "no such thing".
struct Position {
  std::shared_ptr<const std::string> source;
  int line = 0, column = 0;

  /// `file:line:column`, or the source alone where there is no line.
  std::string text() const;
};

struct Problem {
  Position position;
  std::string key;   ///< dotted path of the key, empty if it is about the file as a whole
  std::string text;  ///< what was expected, what was found, the nearest valid name
  /// It is about several keys together, each of which is sound for itself: another value of any of them may mend it.
  bool relation = false;

  std::string line() const;  ///< `file:line:column: key: text`
};

class Problems {
 public:
  void add(Position position, std::string key, std::string text);
  void add(Problem problem) { problems_.push_back(std::move(problem)); }
  bool empty() const { return problems_.empty(); }
  const std::vector<Problem>& list() const { return problems_; }
  /// One `file:line:column: key: text` a line, without doubles, sorted by source in order of first appearance, line,
  /// column.
  std::string text() const;
  /// Throws InputError(text()) unless empty.
  void throw_if_any() const;

 private:
  std::vector<Problem> problems_;
};

}  // namespace windrow::config
